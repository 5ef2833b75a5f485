"""MMD against the double loop."""

import itertools
import sys

import numpy as np
import pytest

from keras_vae import metrics
from keras_vae.maths.kernels import rbf

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def imq_of(x, y):
    return sum(2 * len(x) * s / (2 * len(x) * s + np.sum((x - y) ** 2)) for s in SCALES)


def rbf_of(x, y):
    return sum(np.exp(-np.sum((x - y) ** 2) / (2 * len(x) * s)) for s in SCALES)


def double_loop(a, b, kernel):
    within_a = [kernel(x, y) for x, y in itertools.permutations(a, 2)]
    within_b = [kernel(x, y) for x, y in itertools.permutations(b, 2)]
    return np.mean(within_a) + np.mean(within_b) - 2 * np.mean([kernel(x, y) for x in a for y in b])


@pytest.mark.parametrize("name, kernel", [("imq", imq_of), ("rbf", rbf_of)])
@pytest.mark.parametrize("block", [7, 1000])
def test_equals_the_double_loop_in_blocks_and_whole(monkeypatch, name, kernel, block):
    monkeypatch.setattr(sys.modules["keras_vae.metrics.mmd"], "BLOCK", block)
    random = np.random.default_rng(0)
    a, b = random.standard_normal((20, 3)) + 50.0, 1.5 * random.standard_normal((17, 3)) + 50.3
    assert metrics.mmd(a, b, name) == pytest.approx(double_loop(a, b, kernel), abs=1e-10)
    assert metrics.mmd(a.astype(np.float32), b, name) == pytest.approx(double_loop(a, b, kernel), abs=1e-5)


def test_unbiased_and_zero_for_one_law():
    random = np.random.default_rng(0)
    found = [metrics.mmd(*random.standard_normal((2, 60, 4))) for _ in range(60)]
    assert min(found) < 0 < max(found)
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(60)


def test_to_prior_sees_what_is_not_the_prior():
    random = np.random.default_rng(0)
    stddevs = np.full((1500, 4), 0.6)
    law = random.standard_normal((1500, 4)) * 0.8  # var(mu) + sigma^2 = 1
    assert abs(metrics.mmd_to_prior(law, stddevs)) < 0.005
    assert metrics.mmd_to_prior(law, 0 * stddevs) > 0.02
    assert metrics.mmd_to_prior(law, stddevs, seed=4) == metrics.mmd_to_prior(law, stddevs, seed=4)
    assert metrics.mmd_to_prior(law, stddevs, seed=4) != metrics.mmd_to_prior(law, stddevs, seed=5)


def test_rbf_of_one_point_with_itself_is_the_number_of_scales():
    np.testing.assert_allclose(rbf(np.ones((1, 5)), np.ones((1, 5))), [[len(SCALES)]])


@pytest.mark.parametrize(
    "a, b, options, message",
    [
        (np.ones((3, 2)), np.ones((3, 4)), {}, r"codes_b has shape \(3, 4\); expected \(m, 2\)"),
        (np.ones((1, 2)), np.ones((3, 2)), {}, "codes_a has shape .* at least 2 rows"),
        (np.ones((3, 2)), np.full((3, 2), np.nan), {}, "codes_b has 6 values that are NaN"),
        (np.ones((3, 2)), np.ones((3, 2)), {"kernel": "cosine"}, "unknown kernel 'cosine'; known: imq, rbf"),
    ],
)
def test_errors_name_the_argument(a, b, options, message):
    with pytest.raises(ValueError, match=message):
        metrics.mmd(a, b, **options)
    with pytest.raises(ValueError, match="stddevs has shape"):
        metrics.mmd_to_prior(np.ones((3, 2)), -np.ones((3, 2)))
