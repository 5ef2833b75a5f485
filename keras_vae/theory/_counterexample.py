"""The example behind Theorems 3 and 4 (supplement eqs. (34) to (38)): one large code, or two small ones.

Data lie on a curve inside an epsilon-square near zero; the decoder is theta pi(t(z_1)) + (1 - theta) z. One dimension
suffices (theta = 1), with codes in [C, 1]; two do as well (theta = 0), with codes below epsilon. bounded_gradients.py
is about which of the two a penalty prefers.
"""

import functools

import numpy as np
import tensorflow as tf
from scipy import optimize

from keras_vae.theory.generic_objective import generic_objective

C = 0.25
COUNT = 8


def curve(t, epsilon):
    """pi(t), (n, 2): for t in [C, 1] an arc inside the epsilon-square; below C the way there from (1, 1)."""
    angle = 1.5 * np.pi * (tf.maximum(t, C) - C) / (1 - C)
    arc = epsilon * (0.5 + 0.45 * tf.stack([tf.cos(angle), tf.sin(angle)], axis=1))
    way = tf.minimum(t, C)[:, None] / C
    return (1 - way) + way * arc


def decode(z, theta, epsilon):
    """Eq. (34): theta pi(t(z_1)) + (1 - theta) z, with t the truncation to [0, 1]. z: (n, 2)."""
    return theta * curve(tf.clip_by_value(z[:, 0], 0.0, 1.0), epsilon) + (1 - theta) * z


def codes():
    """Ground-truth codes (n,) in [C, 1], eq. (35)."""
    return tf.linspace(tf.constant(C, tf.float64), 1.0, COUNT)


def one_dimension(epsilon):
    """x, z and theta of the balanced solution: perfect, with z_2 = 0."""
    return curve(codes(), epsilon), tf.stack([codes(), tf.zeros(COUNT, tf.float64)], axis=1), 1.0


def two_dimensions(epsilon):
    """x, z and theta of the other perfect solution: z = x."""
    return curve(codes(), epsilon), curve(codes(), epsilon), 0.0


def cost(solution, epsilon, h):
    """Eq. (36) at a solution: eqs. (37) and (38)."""
    x, x_hat, z = _perfect(solution)(tf.constant(epsilon, tf.float64))
    return float(generic_objective(x, x_hat, z, h, h))


@functools.cache
def _perfect(solution):
    """A solution as one graph, epsilon -> (x, its reconstruction, z): roots and curves ask for it hundreds of times."""

    @tf.function(input_signature=[tf.TensorSpec((), tf.float64)], autograph=False)
    def at(epsilon):
        x, z, theta = solution(epsilon)
        return x, decode(z, theta, epsilon), z

    return at


def advantage(epsilon, h):
    """The cost of one dimension less that of two: above zero where two are preferred. g plays no part: both are
    perfect.
    """
    return cost(one_dimension, epsilon, h) - cost(two_dimensions, epsilon, h)


def flip(h, smallest=1e-7, largest=1.5):
    """The epsilon at which one and two dimensions cost the same."""
    return np.exp(optimize.brentq(lambda log: advantage(np.exp(log), h), np.log(smallest), np.log(largest), xtol=1e-12))


def slope_at_zero(h):
    """h'(0), by automatic differentiation."""
    zero = tf.constant(0.0, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(zero)
        value = h(zero)
    return float(tape.gradient(value, zero))


def predicted_flip(h):
    """The epsilon of h'(0) (v_1 + v_2) = h(m) - h(0), with v_j = mean x_j^2 and m = mean z_1^2.

    A concave h lies below its tangent: there two dimensions are preferred at every smaller epsilon. Zero where h'(0) is
    infinite: then nothing is said.
    """
    m = tf.reduce_mean(tf.square(codes()))
    squares = 2 * tf.reduce_mean(tf.square(curve(codes(), 1.0)))  # (v_1 + v_2) / epsilon^2
    return float(tf.sqrt((h(m) - h(tf.zeros_like(m))) / (slope_at_zero(h) * squares)))
