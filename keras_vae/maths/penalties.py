"""Penalties g, h on a mean square u >= 0, the building blocks of eq. (7) of infinite gradients.

Those with a bounded gradient at zero cannot guarantee an optimal sparse representation (Theorem 4); `log` and, in part,
`sqrt` have an unbounded one. Each takes and returns a tensor.
"""

import tensorflow as tf


def log(u, epsilon=1e-8):
    """log(u + epsilon): the VAE's own penalty (Lemmas 2 and 3); epsilon keeps the gradient finite in floating point."""
    return tf.math.log(u + epsilon)


def sqrt(u, epsilon=1e-8):
    """sqrt(u + epsilon): the square-root lasso's penalty, as l1 on the root mean square."""
    return tf.sqrt(u + epsilon)


def l1(u):
    """|u| = u: linear in the mean square, that is ordinary squared-error regularisation."""
    return u


def l2(u):
    """u^2 / 2: flat at zero."""
    return tf.square(u) / 2.0


def huber(u, delta=1.0):
    """Quadratic up to delta, linear beyond."""
    return tf.where(u <= delta, tf.square(u) / 2.0, delta * (u - delta / 2.0))


def capped(u, cap=1.0):
    """min(u, cap): the capped l1 penalty."""
    return tf.minimum(u, cap)


def arctan(u):
    """arctan(u): concave and bounded, with gradient 1 at zero."""
    return tf.atan(u)


PENALTIES = {"arctan": arctan, "capped": capped, "huber": huber, "l1": l1, "l2": l2, "log": log, "sqrt": sqrt}
