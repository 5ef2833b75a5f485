"""NDB against histograms by hand, and what identical distributions give."""

import importlib

import numpy as np
import pytest
from scipy import stats

from keras_vae import metrics
from tests import tiny


def test_histograms_by_hand():
    """100 and 50 examples: 40 of 100 against 30 of 50 is z = -2.31; 10 of 100 against 5 of 50 is no difference."""
    train, sample = np.array([40, 50, 10, 0]), np.array([30, 15, 5, 0])
    found = metrics.compare_histograms(train, sample)
    p = 70 / 150
    z = (0.4 - 0.6) / np.sqrt(p * (1 - p) * (1 / 100 + 1 / 50))
    assert 2 * stats.norm.cdf(z) == pytest.approx(0.0207, abs=1e-4)
    assert found.different_bins.tolist() == [True, True, False, False]
    assert (found.different, found.ratio, found.bins) == (2, 0.5, 4)
    p, q = np.array([0.4, 0.5, 0.1]), np.array([0.6, 0.3, 0.1])
    m = (p + q) / 2
    assert found.js == pytest.approx(0.5 * np.sum(p * np.log(p / m)) + 0.5 * np.sum(q * np.log(q / m)))


def test_disjoint_histograms():
    found = metrics.compare_histograms([100, 0], [0, 100])
    assert found.ratio == 1.0 and found.js == pytest.approx(np.log(2))


def test_bins_of_more_images_than_k_means_sees(monkeypatch):
    """All are counted in the cells of a random subset, whatever the order they come in."""
    random = np.random.default_rng(0)
    centres = np.array([[0, 0], [0, 100], [100, 0], [100, 100]])
    train = np.concatenate([random.normal(c, 1.0, (n, 2)) for c, n in zip(centres, (400, 300, 200, 100))])
    module = importlib.import_module("keras_vae.metrics.ndb")  # metrics.ndb is the function of that name
    monkeypatch.setattr(module, "MOST", 200)
    monkeypatch.setattr(module, "BLOCK", 130)
    bins = metrics.ImageBins(train, bins=4)
    assert bins.fitted == 100 and bins.counts.tolist() == [400, 300, 200, 100]
    assert bins.compare(train).js == 0


def test_clusters_that_are_plain_to_see():
    """Four blobs in proportions 4:3:2:1; samples that forget the smallest differ in more than one bin."""
    random = np.random.default_rng(0)
    centres = np.array([[0, 0], [0, 100], [100, 0], [100, 100]])
    train = np.concatenate([random.normal(c, 1.0, (n, 2)) for c, n in zip(centres, (400, 300, 200, 100))])
    bins = metrics.ImageBins(train, bins=4)
    assert bins.counts.tolist() == [400, 300, 200, 100]
    forgetful = np.concatenate([random.normal(c, 1.0, (n, 2)) for c, n in zip(centres[:3], (400, 300, 300))])
    found = bins.compare(forgetful)
    np.testing.assert_allclose(found.sample_proportions, [0.4, 0.3, 0.3, 0.0])
    assert found.different_bins.tolist() == [False, False, True, True]
    assert bins.compare(train).different == 0


def test_identical_distributions_give_the_significance_level():
    random = np.random.default_rng(0)
    bins = metrics.ImageBins(random.random((8000, 6)), bins=100)
    ratios = [bins.compare(random.random((4000, 6))).ratio for _ in range(10)]
    assert np.mean(ratios) == pytest.approx(0.05, abs=0.035)
    assert bins.compare(0.8 * random.random((4000, 6))).ratio > 0.3


def test_images_of_either_type_and_the_seed():
    train, sample = tiny.images(300), tiny.images(200, seed=1)
    found = metrics.ndb(train, sample, bins=10, seed=3)
    again = metrics.ndb(train / np.float32(255), sample / np.float32(255), bins=10, seed=3)
    assert (found.ratio, found.js) == (again.ratio, again.js)
    np.testing.assert_array_equal(found.train_proportions, again.train_proportions)
    other = metrics.ndb(train, sample, bins=10, seed=4)
    assert other.js != found.js
    assert (found.n_train, found.n_sample) == (300, 200)


def test_large_images_are_clustered_by_a_sixth_of_their_pixels():
    random = np.random.default_rng(0)
    bins = metrics.ImageBins(random.random((50, 24, 16, 3), np.float32), bins=3)
    assert bins._seen(random.random((2, 24, 16, 3), np.float32)).shape == (2, 192)
    assert metrics.ImageBins(random.random((50, 20, 16, 3), np.float32), bins=3).pixels.tolist() == list(range(960))


@pytest.mark.parametrize(
    "train, sample, message",
    [
        (tiny.images(9), tiny.images(9), "train_images has 9 images; expected at least one for each of 10 bins"),
        (np.repeat(tiny.images(4), 5, axis=0), tiny.images(9), "only 4 different images; expected at least 10"),
        (tiny.images(20), tiny.images(9)[:, 1:], r"sample_images has shape \(9, 3, 6, 1\)"),
        (np.full((20, 4, 6, 1), np.nan, np.float32), tiny.images(9), "train_images has 480 values that are NaN"),
        (tiny.images(20), tiny.images(9)[:0], "sample_images is empty"),
        (tiny.images(20), tiny.images(9), "sample_images has 9 images; expected at least one for each of 10 bins"),
    ],
)
def test_errors_name_the_argument(train, sample, message):
    with pytest.raises(ValueError, match=message):
        metrics.ndb(train, sample, bins=10)
