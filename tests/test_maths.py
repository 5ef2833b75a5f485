"""Pure functions that everything else stands on."""

import numpy as np
import tensorflow as tf
from scipy import stats

from keras_vae.maths.seeded_normal import seeded_normal, split_mix


def test_split_mix_gives_the_published_numbers():
    """The first outputs for the seed 1234567, as in other languages' tests of this generator."""
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    np.testing.assert_array_equal(split_mix(tf.constant([1234567], tf.uint64), 4)[0], np.array(expected, np.uint64))


def test_seeded_normal_is_normal_across_and_along_rows():
    """Consecutive seeds are the usual ones: neighbouring rows must not resemble each other."""
    x = seeded_normal(np.arange(-2000, 2000, dtype=np.int64), 50).numpy()
    assert stats.kstest(x.ravel(), "norm").pvalue > 0.01
    assert abs(stats.kurtosis(x.ravel())) < 0.05
    assert np.abs(np.corrcoef(x.T) - np.eye(50)).max() < 5 / np.sqrt(4000)
    assert abs(np.corrcoef(x[:-1].ravel(), x[1:].ravel())[0, 1]) < 5 / np.sqrt(x.size)
    other = seeded_normal(np.arange(-2000, 2000, dtype=np.int64), 50, stream=1).numpy()
    assert abs(np.corrcoef(x.ravel(), other.ravel())[0, 1]) < 5 / np.sqrt(x.size)


def test_a_row_depends_on_its_seed_alone():
    seeds = np.array([3, -(2**63), 2**63 - 1, 3], np.int64)
    together = seeded_normal(seeds, 7).numpy()
    # Not in bits: the logarithm at the end of a vector may be another one than inside it.
    np.testing.assert_allclose(together[0], together[3], atol=1e-6)
    np.testing.assert_allclose(together[1:2], seeded_normal(seeds[1:2], 7), atol=1e-6)
    assert np.all(np.isfinite(together))
