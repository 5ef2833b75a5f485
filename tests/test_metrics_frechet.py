"""The Frechet distance against closed forms and scipy's matrix square root."""

import warnings

import numpy as np
import pytest
from scipy import linalg

from keras_vae import metrics


def statistics(mean, covariance):
    """Statistics with exactly this mean and covariance."""
    d = len(mean)
    root = np.linalg.cholesky(covariance)
    corners = np.concatenate([np.eye(d), -np.eye(d)]) * np.sqrt((2 * d - 1) / 2)
    found = metrics.GaussianStatistics().add(corners @ root.T + mean)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-12)
    return found


@pytest.mark.parametrize("d", [1, 5])
def test_two_gaussians_in_closed_form(d):
    """Covariances that commute: ||m_a - m_b||^2 + sum (s_a - s_b)^2."""
    random = np.random.default_rng(d)
    m_a, m_b, (s_a, s_b) = random.standard_normal(d), random.standard_normal(d), random.uniform(0.5, 3, (2, d))
    axes = np.linalg.qr(random.standard_normal((d, d)))[0]
    a, b = (statistics(m, axes * s**2 @ axes.T) for m, s in ((m_a, s_a), (m_b, s_b)))
    expected = np.sum((m_a - m_b) ** 2) + np.sum((s_a - s_b) ** 2)
    assert metrics.frechet_from_statistics(a, b) == pytest.approx(expected, rel=1e-10)


def test_features_against_scipy():
    random = np.random.default_rng(0)
    a = random.standard_normal((5000, 12)) @ random.standard_normal((12, 12)) + 3.0
    b = random.standard_normal((4500, 12)) @ random.standard_normal((12, 12))
    c_a, c_b = np.cov(a.T), np.cov(b.T)
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(c_a + c_b - 2 * linalg.sqrtm(c_a @ c_b).real)
    assert metrics.frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert metrics.frechet_distance(a, b) == pytest.approx(metrics.frechet_distance(b, a), rel=1e-12)
    assert metrics.frechet_distance(a, a) == pytest.approx(0.0, abs=1e-6)


def test_streaming_equals_whole_far_from_zero():
    """Sums of float32 squares would have no digit left here."""
    random = np.random.default_rng(0)
    x = (random.standard_normal((3001, 7)) * 1e-2 + 1e4).astype(np.float64)
    streamed = metrics.GaussianStatistics()
    for start in range(0, 3001, 100):
        streamed.add(x[start : start + 100])
    np.testing.assert_allclose(streamed.mean, x.mean(0), rtol=3e-14)  # each of 31 merges rounds a few times
    np.testing.assert_allclose(streamed.covariance, np.cov(x.T), rtol=1e-8, atol=1e-12)
    first, second = metrics.GaussianStatistics().add(x[:1000]), metrics.GaussianStatistics().add(x[1000:])
    np.testing.assert_allclose(first.merged(second).covariance, streamed.covariance, rtol=1e-8, atol=1e-12)
    assert first.merged(second).count == 3001 and first.count == 1000


def test_few_examples_warn_and_stay_real():
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, 10, 30))
    with pytest.warns(UserWarning, match="10 examples for 30 feature dimensions"):
        few = metrics.frechet_distance(a, b)
    assert np.isfinite(few) and few > 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.frechet_distance(*random.standard_normal((2, 1000, 30))) < few


@pytest.mark.parametrize(
    "a, b, message",
    [
        (np.ones((5, 2)), np.random.rand(5, 2), "features_a is the same for all 5 examples"),
        (np.random.rand(5, 2), np.random.rand(1, 2), "features_b has shape .* at least 2 rows"),
        (np.random.rand(5, 2), np.full((5, 2), np.inf), "features_b has 10 values that are NaN or infinite"),
        (np.random.rand(5, 2), np.random.rand(5, 3), "2 and 3 dimensions"),
        (np.random.rand(5), np.random.rand(5, 3), r"features_a has shape \(5,\)"),
    ],
)
def test_errors_name_the_argument(a, b, message):
    with pytest.raises(ValueError, match=message):
        metrics.frechet_distance(a, b)
