"""Gaussian densities: log-likelihood, KL divergence to the prior, squared error."""

import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd


def squared_error(target, x_hat):
    """||x - x_hat||^2 of each example, (batch,) float32, whatever the rank."""
    difference = tf.cast(target, tf.float32) - tf.cast(x_hat, tf.float32)
    return tf.reduce_sum(tf.square(difference), axis=tuple(range(1, len(difference.shape))))


def dimensions(x):
    """d, the number of dimensions of one example, as a float."""
    return float(tf.TensorShape(x.shape[1:]).num_elements())


def log_likelihood(x, x_hat, gamma):
    """log p(x|z) = log N(x; x_hat, gamma I) of each example, (batch,) nats."""
    # By way of the error, which every loss needs too: one pass over the pixels (tfd.Normal makes three).
    return -0.5 * (squared_error(x, x_hat) / gamma + dimensions(x) * tf.math.log(2.0 * math.pi * gamma))


def kl_terms(mean, stddev):
    """KL(N(mean, stddev^2) || N(0, 1)) of each dimension, in nats, of the shape and dtype of mean: eq. (3) of variable
    collapse. Infinite where stddev is zero."""
    mean, stddev = tf.convert_to_tensor(mean), tf.convert_to_tensor(stddev)
    zero, one = tf.constant(0.0, mean.dtype), tf.constant(1.0, mean.dtype)
    return tfd.kl_divergence(tfd.Normal(mean, stddev), tfd.Normal(zero, one))


def kl_divergence(mean, stddev):
    """KL(N(mean, diag stddev^2) || N(0, I)) of each example, (batch,) nats."""
    return tf.reduce_sum(kl_terms(mean, stddev), axis=-1)
