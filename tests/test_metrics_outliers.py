"""Ranking scores by hand, and the scores of a stack."""

import numpy as np
import pytest

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


@pytest.mark.parametrize("metric", [metrics.auroc, metrics.aupr, metrics.fpr_at_95_tpr])
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
