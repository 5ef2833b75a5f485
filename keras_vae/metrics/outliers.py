"""Outlier scores of images, and how well scores tell outliers from inliers: AUROC, AUPR, false alarms, intervals."""

import typing

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from keras_vae.checks import floats, shown
from keras_vae.maths.arrays import blocks
from keras_vae.metrics.likelihood import importance_weighted_nll
from keras_vae.models.codec import codec_of
from keras_vae.status import Progress

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


DRAWS = 1000  # of the bootstrap
INTERVAL = (0.025, 0.975)  # quantiles: 95%
AT_ONCE = 2**22  # counts of one block of draws


def bootstrap_intervals(
    inlier_scores: np.ndarray, outlier_scores: np.ndarray, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """{"auroc", "aupr"}: the 95% interval (low, high) of each, by 1,000 draws of inliers (n,) and of outliers (m,).

    Inliers and outliers are drawn apart, with replacement, so that their numbers stay (a stratified percentile
    bootstrap). NaN where there is but one of a kind: a draw of it shows nothing. Scores that tell all apart have the
    interval (1, 1), which is too narrow for few pictures.
    """
    labels, scores = labelled(inlier_scores, outlier_scores)
    if min(np.bincount(labels)) < 2:
        return {"auroc": (np.nan, np.nan), "aupr": (np.nan, np.nan)}
    order = np.argsort(-scores, kind="stable")
    labels, scores = labels[order], scores[order]
    ends = np.append(np.flatnonzero(scores[1:] != scores[:-1]), len(scores) - 1)  # equal scores are passed together
    random, found = np.random.default_rng(seed), []
    for rows in Progress(blocks(DRAWS, max(1, AT_ONCE // len(scores))), "bootstrap", unit="blocks"):
        counts = np.empty((rows.stop - rows.start, len(scores)))
        for kind in (0, 1):
            total = np.sum(labels == kind)
            counts[:, labels == kind] = random.multinomial(total, np.full(total, 1 / total), size=len(counts))
        found.append(_areas(*(np.cumsum(counts * (labels == kind), axis=1)[:, ends] for kind in (0, 1))))
    areas = np.quantile(np.concatenate(found, axis=1), INTERVAL, axis=1)
    return {name: (float(low), float(high)) for name, (low, high) in zip(("auroc", "aupr"), areas.T)}


def _areas(false_alarms, found):
    """AUROC and AUPR (2, draws) of the numbers of inliers and outliers at or above each score, (draws, scores)."""
    new_alarms, newly_found = (np.diff(numbers, axis=1, prepend=0) for numbers in (false_alarms, found))
    precision = found / np.maximum(found + false_alarms, 1)
    return np.stack(
        [
            np.sum(new_alarms * (found - newly_found / 2), axis=1) / (false_alarms[:, -1] * found[:, -1]),
            np.sum(newly_found * precision, axis=1) / found[:, -1],
        ]
    )


def labelled(inlier_scores, outlier_scores):
    """Labels (n + m,), 1 for an outlier, and the scores beside them."""
    inliers, outliers = checked_scores(inlier_scores, "inlier_scores"), checked_scores(outlier_scores, "outlier_scores")
    return np.repeat([0, 1], [len(inliers), len(outliers)]), np.concatenate([inliers, outliers])


def checked_scores(scores, argument):
    """Scores (n,) as finite float64, at least one; ValueError for NaN, or what is not (n,)."""
    scores = floats(scores, argument)
    if scores.ndim != 1 or not len(scores):
        raise ValueError(f"{argument} has shape {scores.shape}; expected (n,), at least one score")
    if np.any(np.isnan(scores)):
        raise ValueError(f"{argument} has NaN; expected numbers, higher for what is stranger")
    return np.nan_to_num(scores)  # an infinite score is the largest number: it still ranks where it should
