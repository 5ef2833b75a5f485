"""Scores of inliers and outliers as scikit-learn wants them."""

import numpy as np


def labelled(inlier_scores, outlier_scores):
    """Labels (n + m,), 1 for an outlier, and the scores beside them."""
    inliers, outliers = _checked(inlier_scores, "inlier_scores"), _checked(outlier_scores, "outlier_scores")
    return np.repeat([0, 1], [len(inliers), len(outliers)]), np.concatenate([inliers, outliers])


def _checked(scores, argument):
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or not len(scores):
        raise ValueError(f"{argument} has shape {scores.shape}; expected (n,), at least one score")
    if np.any(np.isnan(scores)):
        raise ValueError(f"{argument} has NaN; expected numbers, higher for what is stranger")
    return np.nan_to_num(scores)  # an infinite score is the largest number: it still ranks where it should
