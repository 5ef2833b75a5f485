"""Theorems 3 and 4: with a penalty of bounded gradient, some data are represented by more dimensions than they need.

For every penalty below there is an epsilon under which the global minimum of _counterexample.py is not balanced: among
perfect reconstructions two dimensions are cheaper than one, and often an imperfect one is cheaper still. What is also
true:

* An unbounded gradient is necessary and not enough. sqrt(u) has one at zero, and flips as well; log(u + delta) with
  delta > 0, which is what a computer minimises, flips at epsilon ~ delta^(1/4). The indicator never does, nor the limit
  log u.
* The proof takes h concave with h'(0) > 0; l2 and Huber are convex in the mean square, with h'(0) = 0, and fail all the
  more.
* Theorem 4 says "any functions with bounded gradients": a constant h prefers nothing and must be excepted, as the
  supplement does. g may be anything, for both solutions are perfect.
"""

import numpy as np
import tensorflow as tf

from keras_vae.maths import penalties
from keras_vae.theory._claims import Claim, above, below, equal
from keras_vae.theory._counterexample import (
    COUNT,
    advantage,
    codes,
    cost,
    curve,
    decode,
    flip,
    one_dimension,
    predicted_flip,
    two_dimensions,
)
from keras_vae.theory._minimise import minimise
from keras_vae.theory.generic_objective import generic_objective

BOUNDED = {
    "l1": penalties.l1,
    "l2": penalties.l2,
    "huber": penalties.huber,
    "capped": lambda u: penalties.capped(u, 0.1),
    "arctan": penalties.arctan,
}


def indicator(u):
    """I[u > 0]."""
    return tf.cast(u > 0, tf.float64)


def shifted_log(delta):
    """u -> log(u + delta)."""
    return lambda u: penalties.log(u, delta)


def minimum(epsilon, h, random_starts=2, seed=0):
    """The least value of eq. (36) over theta in [0, 1] and all codes, its error, and how many rows are nonzero."""
    x, random = curve(codes(), epsilon), np.random.default_rng(seed)

    def split(point):
        return tf.reshape(point[1:], (COUNT, 2)), point[0]

    def function(point):
        z, theta = split(point)
        return generic_objective(x, decode(z, theta, epsilon), z, h, h)

    known = [np.append(theta, np.ravel(z)) for _, z, theta in (one_dimension(epsilon), two_dimensions(epsilon))]
    starts = [*known, np.zeros(1 + 2 * COUNT), *random.uniform(0, 1, (random_starts, 1 + 2 * COUNT))]
    points, values = minimise(function, starts, bounds=[(0, 1)] + [(None, None)] * 2 * COUNT)
    z, theta = split(points[np.argmin(values)])
    error = float(tf.reduce_mean(tf.square(x - decode(z, theta, epsilon))))
    return values.min(), error, int(np.sum(np.mean(np.square(z), axis=0) > 1e-8))


def is_balanced(epsilon, h):
    """Return whether the global minimum of eq. (36) is perfect with one nonzero row."""
    value, error, active = minimum(epsilon, h)
    return value > cost(one_dimension, epsilon, h) - 1e-6 and error < 1e-12 and active == 1


def in_dimensions(x, z, d, latent_dim, rank):
    """x (n, d) and z (n, latent_dim) of the example in any d >= kappa > r > 0, for Theorem 4.

    r - 1 coordinates that any decoder copies come before it, and zeros after it.
    """
    shared = np.random.default_rng(0).standard_normal((COUNT, rank - 1))
    zeros = [np.zeros((COUNT, size - 2 - shared.shape[1])) for size in (d, latent_dim)]
    return tuple(np.concatenate([shared, part, rest], axis=1) for part, rest in zip((x, z), zeros))


def cost_in_dimensions(solution, epsilon, h, d, latent_dim, rank):
    """Eq. (7) at a perfect solution of the example in d >= kappa > r > 0."""
    x, z, _ = solution(epsilon)
    x, z = in_dimensions(x, z, d, latent_dim, rank)
    return float(generic_objective(x, x, z, h, h))


def check():
    """Check where each penalty flips, that the global minimum is not balanced there, and what never flips."""
    flips = {name: flip(h) for name, h in BOUNDED.items()}
    claims = [claim for name, h in BOUNDED.items() for claim in _flips(name, h, flips[name])]
    for name, tolerance in (("l1", 1e-9), ("capped", 1e-9), ("arctan", 0.02)):
        predicted = predicted_flip(BOUNDED[name])
        claims.append(equal(f"{name}: h'(0) predicts the epsilon of the flip", predicted, flips[name], tolerance))
    exponent = np.log(flip(shifted_log(1e-12)) / flip(shifted_log(1e-16))) / np.log(1e4)
    wide = [cost_in_dimensions(s, 0.3, penalties.l1, 7, 5, 3) for s in (one_dimension, two_dimensions)]
    return [
        *claims,
        below("indicator: two dimensions cost more, at epsilon = 1e-6", 0, advantage(1e-6, indicator)),
        below("log(u + 1e-26): they cost more, at epsilon = 1e-6", 0, advantage(1e-6, shifted_log(1e-26))),
        _minimum_is("log(u + 1e-12): at epsilon = 0.1 the global minimum is", True, 0.1, shifted_log(1e-12)),
        equal("log(u + delta) flips at epsilon ~ delta^p: p", 0.25, exponent, 1e-3),
        above("sqrt: two cost less at epsilon = 1e-6, for all its infinite gradient; by", 0, advantage(1e-6, tf.sqrt)),
        equal(
            "d, kappa, r = 7, 5, 3: the same comparison, 2/7 of it",
            2 / 7 * advantage(0.3, penalties.l1),
            wide[0] - wide[1],
        ),
    ]


def figure(axes):
    """Draw what two dimensions save, relative to h(m) - h(0), against epsilon."""
    epsilons, m = np.logspace(-2, 0, 60), tf.reduce_mean(tf.square(codes()))
    shown = {**BOUNDED, "sqrt": tf.sqrt, "log(u + 1e-12)": shifted_log(1e-12), "indicator": indicator}
    for name, h in shown.items():
        scale = float(h(m) - h(tf.zeros_like(m)))
        axes.semilogx(epsilons, [advantage(epsilon, h) / scale for epsilon in epsilons], label=name)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set(xlabel="epsilon", ylabel="what two dimensions save", ylim=(-1.0, 0.6))
    axes.legend()


def _flips(name, h, epsilon):
    return [
        above(
            f"{name}: just below epsilon = {epsilon:.4f} two dimensions are cheaper than one",
            0,
            advantage(0.99 * epsilon, h),
        ),
        below(f"{name}: just above, they are not", 0, advantage(1.01 * epsilon, h)),
        _minimum_is(f"{name}: at a third of that epsilon the global minimum is", False, epsilon / 3, h),
    ]


def _minimum_is(statement, expected, epsilon, h):
    words, found = {True: "balanced", False: "not balanced"}, is_balanced(epsilon, h)
    return Claim(statement, words[expected], words[found], found == expected)
