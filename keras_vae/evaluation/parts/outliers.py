"""How well the scores tell another data set from the one that was trained on."""

from keras_vae.metrics import aupr, auroc, fpr_at_95_tpr, outlier_scores

NAMES = {
    "reconstruction": "reconstruction, -E_q[log p(x|z)]",
    "negative_elbo": "negative ELBO",
    "negative_iwae": "importance-weighted likelihood, 50 draws",
}


def results(subject):
    """AUROC, AUPR and false alarms of each score, the test images against those of another data set; None without
    one."""
    if subject.outliers is None:
        return None
    inliers, outliers = (
        outlier_scores(subject.stack, images, seed=subject.seed) for images in (subject.test, subject.outlier_images)
    )
    rows = [
        [NAMES[name], *(metric(inliers[name], outliers[name]) for metric in (auroc, aupr, fpr_at_95_tpr))]
        for name in inliers
    ]
    counts = f"{len(subject.test):,} test images of {subject.config.dataset}, {len(subject.outlier_images):,} of "
    note = f"{counts}{subject.outliers} as outliers. Every score is higher for what is stranger."
    title = f"Outliers: {subject.outliers}"
    columns = ["score", "AUROC", "AUPR", "false alarms at 95% found"]
    return {"tables": [{"title": title, "columns": columns, "rows": rows, "note": note}]}
