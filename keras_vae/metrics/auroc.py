"""Area under the receiver operating characteristic."""

from sklearn.metrics import roc_auc_score

from keras_vae.metrics._scores import labelled


def auroc(inlier_scores, outlier_scores):
    """The chance that an outlier scores higher than an inlier, ties counting half. Scores: (n,) and (m,)."""
    return float(roc_auc_score(*labelled(inlier_scores, outlier_scores)))
