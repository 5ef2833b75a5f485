"""Thresholds of outlier scores against enumeration and closed forms."""

import math

import numpy as np
import pytest

from keras_vae import metrics


@pytest.mark.parametrize(("count", "rate"), [(20, 0.05), (100, 0.07), (101, 0.29), (37, 0.5)])
def test_the_chance_of_a_false_alarm_is_what_was_asked_for(count, rate):
    """Of n + 1 scores each is as likely the new one: the chance is exactly floor(rate (n + 1)) / (n + 1)."""
    scores = np.random.default_rng(0).normal(size=count)
    alarms = [scores[new] > metrics.false_alarm_threshold(np.delete(scores, new), rate) for new in range(len(scores))]
    assert np.mean(alarms) == math.floor(rate * count + 1e-9) / count


def test_a_rate_that_is_too_fine_for_the_scores_is_refused():
    assert metrics.false_alarm_threshold(np.arange(19), 0.05) == 18
    with pytest.raises(ValueError, match=r"a rate of 0.05 needs 19 inlier scores, at least; there are 18"):
        metrics.false_alarm_threshold(np.arange(18), 0.05)
    with pytest.raises(ValueError, match="rate is 1; expected a number between 0 and 1"):
        metrics.false_alarm_threshold(np.arange(18), 1)


def test_equal_scores_raise_no_more_alarms_than_asked_for():
    assert metrics.false_alarm_threshold(np.ones(50), 0.1) == 1.0, "nothing is above it"
    assert metrics.false_alarm_threshold([0.0] * 10 + [1.0] * 89, 0.5) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_the_best_f1_is_that_of_all_cuts(seed):
    """Whole numbers, so that many are equal."""
    random = np.random.default_rng(seed)
    inliers, outliers = random.integers(0, 8, 30), random.integers(3, 11, 12)
    cuts = [-math.inf, *np.arange(12)]
    best = max(metrics.rates_at(inliers, outliers, cut)["f1"] for cut in cuts)
    threshold = metrics.best_f1_threshold(inliers, outliers)
    assert metrics.rates_at(inliers, outliers, threshold)["f1"] == pytest.approx(best, rel=1e-12)
    assert threshold % 1 == 0.5, "in the middle between two scores"


def test_the_best_f1_of_scores_that_say_nothing_takes_all_for_outliers():
    """F1 of n inliers and m outliers is then 2m / (n + 2m)."""
    assert metrics.best_f1_threshold(np.ones(6), np.ones(3)) == -math.inf
    assert metrics.rates_at(np.ones(6), np.ones(3), -math.inf)["f1"] == pytest.approx(6 / 12)


def test_the_best_f1_of_one_picture_each():
    assert metrics.best_f1_threshold([1.0], [4.0]) == 2.5
    low = 1.0
    high = np.nextafter(low, 2)  # there is no number between them
    assert metrics.rates_at([low], [high], metrics.best_f1_threshold([low], [high]))["f1"] == 1
    assert metrics.rates_at([0.0], [np.inf], metrics.best_f1_threshold([0.0], [np.inf]))["f1"] == 1


def test_rates_by_hand():
    """Above 2: one of four inliers, two of three outliers."""
    found = metrics.rates_at([0, 1, 2, 3], [2, 3, 4], 2)
    assert found == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "f1": 4 / 6, "false_alarms": 1 / 4})
    none = metrics.rates_at([0, 1], [1], 9)
    assert math.isnan(none["precision"]) and none["recall"] == none["f1"] == none["false_alarms"] == 0
