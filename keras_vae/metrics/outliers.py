"""Outlier scores of images, and how well scores tell outliers from inliers: AUROC, AUPR, false alarms."""

import typing

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from keras_vae.checks import floats, shown
from keras_vae.metrics.likelihood import importance_weighted_nll
from keras_vae.models.codec import codec_of

if typing.TYPE_CHECKING:
    from keras_vae.models.stack import Stack


def outlier_scores(
    stack: "Stack", images: np.ndarray, samples: int = 50, seed: int = 0, score: dict[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """{"reconstruction", "negative_elbo", "negative_iwae"} of each image, (n,) nats each; higher is stranger.

    reconstruction is -E_q[log p(x|z)]; the others add what the code costs. A stack whose inference stage is
    deterministic has neither bound: it gives the reconstruction alone. score: of the images by the stack, if known.
    """
    codec_of(stack)
    score = stack.score(images) if score is None else score
    if not isinstance(score, dict) or not {"reconstruction", "elbo"} <= score.keys():
        raise ValueError(f"score is {shown(score)}; expected what stack.score gives")
    if not stack.stage().stochastic:
        return {"reconstruction": score["reconstruction"]}
    return {
        "reconstruction": score["reconstruction"],
        "negative_elbo": -score["elbo"],
        "negative_iwae": importance_weighted_nll(stack, images, samples, seed),
    }


def auroc(inlier_scores: np.ndarray, outlier_scores: np.ndarray) -> float:
    """The chance that an outlier scores higher than an inlier, ties counting half. Scores: (n,) and (m,)."""
    return float(roc_auc_score(*labelled(inlier_scores, outlier_scores)))


def aupr(inlier_scores: np.ndarray, outlier_scores: np.ndarray) -> float:
    """Average precision at finding outliers by their higher scores. It depends on the share of outliers: (n,), (m,)."""
    return float(average_precision_score(*labelled(inlier_scores, outlier_scores)))


def fpr_at_95_tpr(inlier_scores: np.ndarray, outlier_scores: np.ndarray) -> float:
    """The share of inliers (n,) taken for outliers at the highest threshold that finds 95% of the outliers (m,)."""
    false_alarms, found, _ = roc_curve(*labelled(inlier_scores, outlier_scores), drop_intermediate=False)
    return float(false_alarms[np.argmax(found >= 0.95)])


def labelled(inlier_scores, outlier_scores):
    """Labels (n + m,), 1 for an outlier, and the scores beside them."""
    inliers, outliers = _checked(inlier_scores, "inlier_scores"), _checked(outlier_scores, "outlier_scores")
    return np.repeat([0, 1], [len(inliers), len(outliers)]), np.concatenate([inliers, outliers])


def _checked(scores, argument):
    scores = floats(scores, argument)
    if scores.ndim != 1 or not len(scores):
        raise ValueError(f"{argument} has shape {scores.shape}; expected (n,), at least one score")
    if np.any(np.isnan(scores)):
        raise ValueError(f"{argument} has NaN; expected numbers, higher for what is stranger")
    return np.nan_to_num(scores)  # an infinite score is the largest number: it still ranks where it should
