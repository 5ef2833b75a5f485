"""Outliers: another data set told from the one that was trained on, by the scores."""

from keras_vae.metrics import aupr, auroc, fpr_at_95_tpr, outlier_scores

NAMES = {
    "reconstruction": "reconstruction, -E_q[log p(x|z)]",
    "negative_elbo": "negative ELBO",
    "negative_iwae": "importance-weighted likelihood, 50 draws",
}


def results(evaluation):
    """AUROC, AUPR and false alarms of each score, the test images against those of another data set; None without
    one."""
    if evaluation.outliers is None:
        return None
    sets = (evaluation.test, evaluation.outlier_images)
    inliers, outliers = (outlier_scores(evaluation.stack, images, seed=evaluation.seed) for images in sets)
    rows = [
        [NAMES[name], *(metric(inliers[name], outliers[name]) for metric in (auroc, aupr, fpr_at_95_tpr))]
        for name in inliers
    ]
    counts = [f"{len(images):,}" for images in sets]
    named = f"{counts[0]} test images of {evaluation.config.dataset}, {counts[1]} of {evaluation.outliers}"
    note = f"{named} as outliers. Every score is higher for what is stranger."
    title = f"Outliers: {evaluation.outliers}"
    columns = ["score", "AUROC", "AUPR", "false alarms at 95% found"]
    return {"tables": [{"title": title, "columns": columns, "rows": rows, "note": note}]}
