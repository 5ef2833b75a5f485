"""Posterior of a code given an image, for the likelihood of stages that model codes with noise of their own."""

import tensorflow as tf


class CodePosterior:
    """q(c|x) of the codes c under p(x|c) = N(decode(c), gamma I) and p(c) = N(mean, code_gamma I), for any mean.

    decode is linearised at `codes`, the encoder's: decode(c) = decode(codes) + J (c - codes). Then q is the Gaussian of
    precision P = J^T J / gamma + I / code_gamma: exact for an affine decoder, else a proposal to sample from.

    decode      c (n, k) -> (n, ...).
    codes       (n, k).
    x           (n, ...), the images.
    """

    def __init__(self, decode, codes, x, gamma, code_gamma):
        residual = tf.reshape(x - decode(codes), (tf.shape(x)[0], -1))
        gram, pulled = tf.map_fn(
            lambda row: _normal_equations(decode, *row), (codes, residual), fn_output_signature=(tf.float32, tf.float32)
        )
        self.codes, self.code_gamma = codes, code_gamma
        self._pulled = pulled / gamma
        # float64: J^T J / gamma of a nearly lossless decoder has a condition number beyond float32.
        precision = tf.cast(gram / gamma, tf.float64)
        precision = tf.linalg.set_diag(
            precision, tf.linalg.diag_part(precision) + 1.0 / tf.cast(code_gamma, tf.float64)
        )
        self._root = tf.linalg.cholesky(precision)  # (n, k, k)

    def draw(self, mean, noise):
        """(c, log p(c) - log q(c|x)), (n, k) and (n,), at the draw c ~ q(c|x) made of noise (n, k) standard normal."""
        pull = tf.cast(self._pulled + (mean - self.codes) / self.code_gamma, tf.float64)
        shift = tf.linalg.cholesky_solve(self._root, pull[..., None])
        shift += tf.linalg.triangular_solve(self._root, tf.cast(noise, tf.float64)[..., None], adjoint=True)
        codes = self.codes + tf.cast(shift[..., 0], tf.float32)
        log_prior = -0.5 * tf.reduce_sum(
            tf.square(codes - mean) / self.code_gamma + tf.math.log(self.code_gamma), axis=1
        )
        log_q = tf.cast(tf.reduce_sum(tf.math.log(tf.linalg.diag_part(self._root)), axis=1), tf.float32)
        return codes, log_prior - log_q + 0.5 * tf.reduce_sum(tf.square(noise), axis=1)


def _normal_equations(decode, code, residual):
    """J^T J (k, k) and J^T residual (k,) at one code (k,), J by forward mode: all k directions in one pass."""
    k = code.shape[0]
    rows = tf.repeat(code[None], k, axis=0)
    with tf.autodiff.ForwardAccumulator(rows, tf.eye(k)) as forward:
        x = decode(rows)
    transposed = tf.reshape(forward.jvp(x), (k, -1))
    return tf.matmul(transposed, transposed, transpose_b=True), tf.linalg.matvec(transposed, residual)
