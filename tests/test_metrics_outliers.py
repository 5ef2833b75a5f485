"""Ranking scores by hand, and the scores of a stack."""

import numpy as np
import pytest
from scipy import stats

from keras_vae import metrics
from keras_vae.models import Autoencoder, Stack
from tests import tiny


def test_auroc_by_hand():
    """Pairs (inlier, outlier): 3 of 6 won, one tie."""
    inliers, outliers = [1.0, 2.0, 5.0], [2.0, 4.0]
    wins = [(o > i) + 0.5 * (o == i) for i in inliers for o in outliers]
    assert metrics.auroc(inliers, outliers) == pytest.approx(np.mean(wins)) == pytest.approx(3.5 / 6)
    assert metrics.auroc([0, 1], [2, np.inf]) == 1.0


def test_aupr_by_hand():
    """In falling order: outlier, inlier, outlier, inlier: precision 1 and 2/3 at each outlier found."""
    assert metrics.aupr([1.0, 3.0], [4.0, 2.0]) == pytest.approx((1 + 2 / 3) / 2)


def test_fpr_at_95_tpr_by_hand():
    """Of outliers 1..100, 95 are found at a threshold of 6: two of four inliers lie at or above it."""
    assert metrics.fpr_at_95_tpr([0.0, 5.5, 6.0, 50.0], np.arange(1, 101)) == 0.5


def test_intervals_of_outliers_that_score_the_same():
    """Of 40 inliers 30 are below them: a draw has X ~ binomial(40, 3/4) there, AUROC X / 40 and AUPR 5 / (5 + 40 - X).

    Quantiles of 1,000 draws are within four standard errors (0.005) of the level that was asked for.
    """
    inliers = np.concatenate([np.arange(30), np.arange(100, 110)])
    found = metrics.bootstrap_intervals(inliers, np.full(5, 50))
    for side, low, high in ((0, 0.005, 0.045), (1, 0.955, 0.995)):
        bounds = stats.binom(40, 0.75).ppf([low, high])
        assert bounds[0] <= 40 * found["auroc"][side] <= bounds[1]
        assert bounds[0] <= 45 - 5 / found["aupr"][side] <= bounds[1]
    assert found["auroc"][0] < metrics.auroc(inliers, np.full(5, 50)) < found["auroc"][1]


def test_each_draw_of_the_bootstrap_is_what_scikit_learn_says(monkeypatch):
    """Also where scores are equal, and in blocks; the same seed draws the same."""
    random = np.random.default_rng(0)
    inliers, outliers = (np.sort(random.integers(0, 6, count))[::-1] for count in (15, 9))
    random, drawn = np.random.default_rng(7), []
    counts = [random.multinomial(len(each), np.full(len(each), 1 / len(each)), 1000) for each in (inliers, outliers)]
    for one, other in zip(*counts):
        pair = np.repeat(inliers, one), np.repeat(outliers, other)
        drawn.append([metrics.auroc(*pair), metrics.aupr(*pair)])
    expected = np.quantile(drawn, [0.025, 0.975], axis=0).T
    found = metrics.bootstrap_intervals(inliers, outliers, seed=7)
    np.testing.assert_allclose([found["auroc"], found["aupr"]], expected, rtol=1e-12)
    assert metrics.bootstrap_intervals(inliers, outliers, seed=7) == found
    monkeypatch.setattr("keras_vae.metrics.outliers.AT_ONCE", 50 * (15 + 9))
    blocks = metrics.bootstrap_intervals(inliers, outliers, seed=7)
    np.testing.assert_allclose(blocks["auroc"], found["auroc"], atol=0.05)


def test_intervals_of_few_scores():
    assert np.isnan(metrics.bootstrap_intervals([1.0, 2.0], [3.0])["auroc"]).all()
    assert metrics.bootstrap_intervals([1.0, 2.0], [3.0, 4.0]) == {"auroc": (1.0, 1.0), "aupr": (1.0, 1.0)}
    assert metrics.bootstrap_intervals([1.0, 1.0], [1.0, 1.0]) == {"auroc": (0.5, 0.5), "aupr": (0.5, 0.5)}


@pytest.mark.parametrize("metric", [metrics.auroc, metrics.aupr, metrics.fpr_at_95_tpr, metrics.best_f1_threshold])
def test_errors_name_the_argument(metric):
    with pytest.raises(ValueError, match="outlier_scores has shape"):
        metric([1.0], [])
    with pytest.raises(ValueError, match="inlier_scores has NaN"):
        metric([1.0, np.nan], [1.0])


def test_scores_of_a_stack():
    stack, images = Stack([tiny.vae()]), tiny.images(8)
    scores = metrics.outlier_scores(stack, images, samples=20)
    assert list(scores) == ["reconstruction", "negative_elbo", "negative_iwae"]
    np.testing.assert_allclose(scores["negative_elbo"], -stack.score(images)["elbo"])
    np.testing.assert_allclose(scores["negative_iwae"], metrics.importance_weighted_nll(stack, images, samples=20))
    assert np.mean(scores["negative_iwae"]) < np.mean(scores["negative_elbo"])
    deterministic = Stack([Autoencoder(*tiny.networks(stochastic=False), name="ae")])
    assert list(metrics.outlier_scores(deterministic, images)) == ["reconstruction"]
