"""Maximum mean discrepancy between two sets of codes, and of the aggregate posterior to the prior."""

import functools
import itertools

import numpy as np
import tensorflow as tf

from keras_vae import plugins
from keras_vae.checks import checked_rows
from keras_vae.checks import seed as checked_seed
from keras_vae.maths.arrays import blocks
from keras_vae.maths.kernels import imq, rbf
from keras_vae.status import Progress

KERNELS = {kernel.__name__: kernel for kernel in (imq, rbf)}
BLOCK = 2000


def mmd(codes_a: np.ndarray, codes_b: np.ndarray, kernel: str = "imq") -> float:
    """The unbiased estimate of MMD^2 (Gretton et al. 2012, eq. (3)); it can be negative.

    codes_a   (n, d), codes_b (m, d).
    kernel    imq, as in Tolstikhin et al. (2018), or rbf; both sum seven scales, so that it lies below 14. (Table 2 of
              regularisation balance has larger values; its normalisation is not stated.)
    No n x m matrix is held: kernels are summed block by block, in float64.
    """
    plugins.one_of(kernel, KERNELS, "kernel")
    a, b = checked_rows(codes_a, "codes_a"), checked_rows(codes_b, "codes_b")
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"codes_b has shape {b.shape}; expected (m, {a.shape[1]}) as codes_a has")
    # Both are moved by the same vector, which no kernel sees: near the origin ||a||^2 + ||b||^2 - 2ab is most exact.
    centre = np.mean(a, axis=0, dtype=np.float64)
    a, b = ([tf.constant(rows[block] - centre) for block in blocks(len(rows), BLOCK)] for rows in (a, b))
    squares = [list(itertools.combinations_with_replacement(rows, 2)) for rows in (a, b)]
    n, m, between = len(codes_a), len(codes_b), list(itertools.product(a, b))
    work = sum(len(pairs) for pairs in (*squares, between))
    with Progress(desc=f"MMD, {kernel}", total=work, unit="blocks") as bar:
        across_blocks, within_block = _sums(KERNELS[kernel], a[0].shape[1])

        def total(x, y):
            bar.update()
            return float(within_block(x) if x is y else across_blocks(x, y))

        within_a, within_b = (sum(total(x, x) if x is y else 2.0 * total(x, y) for x, y in pairs) for pairs in squares)
        across = sum(total(x, y) for x, y in between)
    return within_a / (n * (n - 1)) + within_b / (m * (m - 1)) - 2.0 * across / (n * m)


@functools.cache
def _sums(kernel, dimension):
    """Functions of two blocks, and of one with itself: the sum of the kernel over pairs of different rows."""
    block = tf.TensorSpec((None, dimension), tf.float64)

    @tf.function(input_signature=[block, block], autograph=False)
    def across(x, y):
        return tf.reduce_sum(kernel(x, y))

    @tf.function(input_signature=[block], autograph=False)
    def within(x):
        gram = kernel(x, x)
        return tf.reduce_sum(tf.linalg.set_diag(gram, tf.zeros_like(gram[0])))

    return across, within


def mmd_to_prior(means: np.ndarray, stddevs: np.ndarray, seed: int = 0, kernel: str = "imq") -> float:
    """The unbiased MMD^2 between q(z), one draw z ~ q(z|x) for each x, and as many draws from N(0, I).

    means, stddevs: (n, latent_dim) of q(z|x). About 0, of either sign, where the aggregate posterior is the prior.
    """
    means, stddevs = checked_rows(means, "means"), checked_rows(stddevs, "stddevs")
    if means.shape != stddevs.shape or np.any(stddevs < 0):
        raise ValueError(f"stddevs has shape {stddevs.shape}; expected {means.shape} as means, and no negative value")
    checked_seed(seed)
    # a stream of its own: codes that were made with default_rng(seed) must not meet the same noise again
    posterior, prior = np.random.default_rng([seed, 1]).standard_normal((2, *means.shape))
    return mmd(means + stddevs * posterior, prior, kernel)
