"""The Frechet distance between two sets of features."""

import numpy as np

from keras_vae.metrics._arrays import blocks, checked_rows
from keras_vae.metrics.frechet_from_statistics import frechet_from_statistics
from keras_vae.metrics.gaussian_statistics import GaussianStatistics

BLOCK = 4096


def frechet_distance(features_a, features_b):
    """The squared Frechet distance between Gaussians fitted to features (n, d) and (m, d), in float64.

    With as few examples as dimensions, or fewer, the covariance is singular and the value too large: a warning says so.
    Features that are the same for all examples raise ValueError.
    """
    a, b = _statistics(features_a, "features_a"), _statistics(features_b, "features_b")
    return frechet_from_statistics(a, b)


def _statistics(features, argument):
    features, statistics = checked_rows(features, argument), GaussianStatistics()
    for block in blocks(len(features), BLOCK):
        statistics.add(features[block])
    if not np.any(np.diag(statistics.covariance)):
        raise ValueError(f"{argument} is the same for all {len(features)} examples; expected features that vary")
    return statistics
