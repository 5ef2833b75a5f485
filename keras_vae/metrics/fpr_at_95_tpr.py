"""False alarms at a fixed rate of detection."""

import numpy as np
from sklearn.metrics import roc_curve

from keras_vae.metrics._scores import labelled


def fpr_at_95_tpr(inlier_scores, outlier_scores):
    """The share of inliers (n,) taken for outliers at the highest threshold that finds 95% of the outliers (m,)."""
    false_alarms, found, _ = roc_curve(*labelled(inlier_scores, outlier_scores), drop_intermediate=False)
    return float(false_alarms[np.argmax(found >= 0.95)])
