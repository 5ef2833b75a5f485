"""Kernels and the unbiased maximum mean discrepancy."""

import tensorflow as tf

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # Tolstikhin et al. 2018


def squared_distances(a, b):
    """||a_i - b_j||^2, (n, m), of the rows of a (n, d) and b (m, d)."""
    norms = tf.reduce_sum(tf.square(a), axis=1)[:, None] + tf.reduce_sum(tf.square(b), axis=1)[None, :]
    return tf.maximum(norms - 2.0 * tf.matmul(a, b, transpose_b=True), 0.0)


def imq(a, b):
    """Inverse multiquadratics sum_s C_s / (C_s + ||a - b||^2), C_s = 2 d s: the scale of ||a - b||^2 under N(0, I)."""
    distances, dimension = squared_distances(a, b), float(a.shape[1])
    return tf.add_n([2.0 * dimension * s / (2.0 * dimension * s + distances) for s in SCALES])


def unbiased_mmd(a, b, kernel=imq):
    """The unbiased estimate of MMD^2 between the laws of the rows of a (n, d) and of b (m, d); it can be negative."""
    n, m = tf.cast(tf.shape(a)[0], a.dtype), tf.cast(tf.shape(b)[0], b.dtype)
    within_a, within_b, between = kernel(a, a), kernel(b, b), kernel(a, b)

    def off_diagonal(gram):
        return tf.reduce_sum(gram) - tf.linalg.trace(gram)

    return (
        off_diagonal(within_a) / (n * (n - 1.0))
        + off_diagonal(within_b) / (m * (m - 1.0))
        - 2.0 * tf.reduce_mean(between)
    )


def rbf(a, b):
    """sum_s exp(-||a - b||^2 / (2 d s)), (n, m), of the rows of a (n, d), b (m, d): the scales of imq."""
    distances, dimension = squared_distances(a, b), float(a.shape[1])
    return tf.add_n([tf.exp(-distances / (2.0 * dimension * s)) for s in SCALES])
