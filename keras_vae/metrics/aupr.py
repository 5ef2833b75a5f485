"""Area under the precision-recall curve."""

from sklearn.metrics import average_precision_score

from keras_vae.metrics._scores import labelled


def aupr(inlier_scores, outlier_scores):
    """Average precision at finding outliers by their higher scores. It depends on the share of outliers: (n,), (m,)."""
    return float(average_precision_score(*labelled(inlier_scores, outlier_scores)))
