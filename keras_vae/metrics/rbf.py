"""The Gaussian kernel at several scales."""

import tensorflow as tf

from keras_vae.maths.kernels import SCALES, squared_distances


def rbf(a, b):
    """sum_s exp(-||a - b||^2 / (2 d s)), (n, m), of the rows of a (n, d), b (m, d): the scales of imq."""
    distances, dimension = squared_distances(a, b), float(a.shape[1])
    return tf.add_n([tf.exp(-distances / (2.0 * dimension * s)) for s in SCALES])
