"""Thresholds of outlier scores, chosen by false alarms or by F1, and what each does. An alarm is a score above it."""

import math
import numbers

import numpy as np

from keras_vae.checks import number, shown
from keras_vae.metrics.outliers import checked_scores, labelled

LEAST = 1e-15  # of a rate: one that no count of scores could show is a mistake


def false_alarm_threshold(inlier_scores: np.ndarray, rate: float) -> float:
    """The lowest of the scores (n,) that a further inlier of the same kind exceeds with a chance of `rate`, at most.

    With k scores above it that chance is (k + 1) / (n + 1) over the draws of all n + 1, and less with ties (split
    conformal prediction). So n must be 1 / rate - 1, at least: ValueError where it is less.
    """
    scores = np.sort(checked_scores(inlier_scores, "inlier_scores"))
    if not LEAST <= number("rate", rate) < 1:
        raise ValueError(f"rate is {rate!r}; expected a number between 0 and 1")
    above = math.floor(rate * (len(scores) + 1) + 1e-9) - 1
    if above < 0:
        least = math.ceil(1 / rate - 1 - 1e-9)
        raise ValueError(f"a rate of {rate:g} needs {least:,} inlier scores, at least; there are {len(scores):,}")
    return float(scores[len(scores) - 1 - above])


def best_f1_threshold(inlier_scores: np.ndarray, outlier_scores: np.ndarray) -> float:
    """The threshold of the best F1 = 2 PR / (P + R), in the middle between the scores on its two sides.

    The highest of several; -inf where the best is to take all for outliers. Scores: (n,) and (m,). F1 depends on the
    share of outliers, and on the very scores that the threshold was chosen by it is too good: judge it on others.
    """
    labels, scores = labelled(inlier_scores, outlier_scores)
    values, place = np.unique(-scores, return_inverse=True)
    alarms, found = (np.cumsum(np.bincount(place, weights)) for weights in (np.ones_like(scores), labels))
    best = int(np.argmax(2 * found / (alarms + np.sum(labels))))
    if best == len(values) - 1:
        return -math.inf
    lowest, next_lower = -values[best], -values[best + 1]
    middle = lowest / 2 + next_lower / 2
    return float(middle if next_lower <= middle < lowest else next_lower)


def rates_at(inlier_scores: np.ndarray, outlier_scores: np.ndarray, threshold: float) -> dict[str, float]:
    """{"precision", "recall", "f1", "false_alarms"} of a threshold on scores (n,) and (m,).

    precision: the share of alarms that are outliers, NaN without an alarm; recall: the share of outliers that raise
    one; false_alarms: the share of inliers that do.
    """
    labels, scores = labelled(inlier_scores, outlier_scores)
    if not isinstance(threshold, numbers.Real) or math.isnan(threshold):
        raise ValueError(f"threshold is {shown(threshold)}; expected a number")
    alarms, outliers = scores > threshold, labels == 1
    found = int(np.sum(alarms & outliers))
    return {
        "precision": found / int(np.sum(alarms)) if np.any(alarms) else math.nan,
        "recall": found / int(np.sum(outliers)),
        "f1": 2 * found / int(np.sum(alarms) + np.sum(outliers)),
        "false_alarms": float(np.mean(alarms[~outliers])),
    }
