"""Outliers: another data set told from the one that was trained on, by the scores."""

import numpy as np

from keras_vae.metrics import aupr, auroc, fpr_at_95_tpr, outlier_scores
from keras_vae.metrics.strangeness import HeldOut, strangeness

THRESHOLD = 0.95

NAMES = {
    "reconstruction": "reconstruction, -E_q[log p(x|z)]",
    "negative_elbo": "negative ELBO",
    "negative_iwae": "importance-weighted likelihood, 50 draws",
}


def prepare(evaluation):
    """Load the other data set."""
    return evaluation.outlier_images if evaluation.outliers else None


def results(evaluation):
    """AUROC, AUPR and false alarms of each score, the test images against those of another data set; None without
    one."""
    if evaluation.outliers is None:
        return None
    sets = (evaluation.test, evaluation.outlier_images)
    scores = [evaluation.stack.score(images) for images in sets]
    inliers, outliers = (
        outlier_scores(evaluation.stack, images, seed=evaluation.seed, score=score)
        for images, score in zip(sets, scores)
    )
    named = f"{len(sets[0]):,} test images of {evaluation.dataset}, {len(sets[1]):,} of {evaluation.outliers}"
    inliers, outliers = ({NAMES[name]: values for name, values in each.items()} for each in (inliers, outliers))
    table = told_apart(inliers, outliers, f"Outliers: {evaluation.outliers}", named)
    return {"tables": [table, _screening(evaluation, scores)]}


def told_apart(inliers, outliers, title, named):
    """Table of how well scores tell outliers from inliers. inliers, outliers: {name: (n,)}; named: what they are of."""
    rows = [
        [name, *(metric(inliers[name], outliers[name]) for metric in (auroc, aupr, fpr_at_95_tpr))] for name in inliers
    ]
    note = f"{named} as outliers. Every score is higher for what is stranger."
    columns = ["score", "AUROC", "AUPR", "false alarms at 95% found"]
    return {"title": title, "columns": columns, "rows": rows, "note": note}


def _screening(evaluation, scores):
    """Table of what a threshold on the strangeness of the signature `screen` really does on images it never saw."""
    held_out = HeldOut.of(evaluation.stack.score(evaluation.held_out))
    inliers, outliers = (
        {name: values.numpy() for name, values in strangeness(held_out, score).items()} for score in scores
    )
    rows = [
        [
            name,
            auroc(inliers[name], outliers[name]),
            *(float(np.mean(each[name] > THRESHOLD)) for each in (inliers, outliers)),
        ]
        for name in inliers
    ]
    note = f"Against {len(evaluation.held_out):,} validation images. False alarms of {1 - THRESHOLD:.0%} are meant."
    columns = ["", "AUROC", "false alarms: test images", f"found: {evaluation.outliers}"]
    return {"title": f"Screening at a threshold of {THRESHOLD}", "columns": columns, "rows": rows, "note": note}
