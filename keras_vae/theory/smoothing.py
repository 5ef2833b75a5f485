"""Infinite gradients, section 4 and Fig. 3: gamma smooths the energy; small gammas make it steep and many-valleyed.

The slices pass, at zero, through the optimal sparse representation (the minimum for gamma -> 0) of the VAE with one
layer for encoder and decoder, all but W_x optimised out. diagnostics/loss_slices.py does the same for any trained
model.
"""

import numpy as np
import tensorflow as tf

from keras_vae.data.sets import subspace
from keras_vae.theory._claims import above, below, equal
from keras_vae.theory.affine import affine_optimum, reduced_energy

GAMMAS = (1.0, 1e-1, 1e-2, 1e-3)  # those of Fig. 3
POSITIONS = np.linspace(-1.5, 2.0, 351)


def slices(W, direction, positions, gammas, covariance):
    """Eq. (3), reduced to eq. (5) of the supplement, at W + position * direction: (len(gammas), len(positions))."""

    @tf.function(autograph=False)
    def energy(position, gamma):
        return reduced_energy(W + position * direction, gamma, covariance)

    points = [[(tf.constant(position), tf.constant(gamma, tf.float64)) for position in positions] for gamma in gammas]
    return np.array([[energy(*point) for point in row] for row in points], np.float64)


def valleys(curve):
    """Return the number of local minima inside a curve."""
    return int(np.sum((curve[1:-1] < curve[:-2]) & (curve[1:-1] < curve[2:])))


def steepest(curve, positions):
    """The largest absolute slope of a curve."""
    return np.abs(np.gradient(curve, positions)).max()


def directions():
    """W of the optimal sparse representation, a random direction, the way towards another such W; the covariance."""
    covariance = subspace.covariance(6, 2)
    W = affine_optimum(covariance, 1e-9, 4).W
    random = np.random.default_rng(3).standard_normal(W.shape)
    moved = np.zeros_like(W)
    # The second axis moves to an unused column; a little shorter there, so that the slice has one lowest point.
    moved[:, 1], moved[:, 2] = -W[:, 1], 0.9 * W[:, 1]
    return W, random * np.linalg.norm(W) / np.linalg.norm(random), moved, covariance


def check():
    """Check what the caption of Fig. 3 says."""
    W, random, moved, covariance = directions()
    first, second = (slices(W, direction, POSITIONS, GAMMAS, covariance) for direction in (random, moved))
    lowest = np.abs([POSITIONS[both.argmin(axis=1)] for both in (first, second)])
    slope = [steepest(curve, POSITIONS) for curve in first]
    return [
        above("two slices: at gamma = 1 the minimum is away from the sparse optimum by", 0.01, lowest[:, 0]),
        below("at gamma = 1e-3 it is there", 0.001, lowest[:, -1]),
        below("the slopes grow as gamma falls: change of 1 / slope", 0, np.diff(1 / np.array(slope))),
        equal(
            "towards another optimum: valleys at gamma = 1, 0.1, 0.01, 0.001",
            [1, 2, 2, 2],
            [valleys(c) for c in second],
        ),
    ]


def figure(axes):
    """The slice towards another optimum, as Fig. 3."""
    W, _, moved, covariance = directions()
    for gamma, curve in zip(GAMMAS, slices(W, moved, POSITIONS, GAMMAS, covariance)):
        line = axes.plot(POSITIONS, curve - curve.min(), label=f"gamma = {gamma:g}")[0]
        axes.axvline(POSITIONS[curve.argmin()], color=line.get_color(), linestyle="--", linewidth=0.8)
    axes.set(xlabel="position along the slice", ylabel="energy above its least")
    axes.legend()
