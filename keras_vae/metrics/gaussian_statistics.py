"""Mean and covariance of features that come in batches."""

import numpy as np

from keras_vae.metrics._arrays import checked_rows


class GaussianStatistics:
    """Mean and covariance in float64, in one pass: batches are merged by the formula of Chan et al. (1979).

    Sums of squares would lose the covariance of features whose mean is far from zero; this does not.
    """

    def __init__(self):
        self.count, self.mean, self._scatter = 0, 0.0, 0.0

    def add(self, features):
        """Count in a batch of features (n, d), n >= 1. Returns self."""
        features = checked_rows(features, "features", least=1).astype(np.float64)
        if self.count and features.shape[1:] != self.mean.shape:
            raise ValueError(f"features has shape {features.shape}; expected (n, {len(self.mean)}) as before")
        mean = np.mean(features, axis=0)
        centred = features - mean
        self._merge(len(features), mean, centred.T @ centred)
        return self

    def merged(self, other):
        """The statistics of both sets together, as a new object."""
        both = GaussianStatistics()
        for part in (self, other):
            both._merge(part.count, part.mean, part._scatter)
        return both

    @property
    def covariance(self):
        """The unbiased covariance, (d, d)."""
        if self.count < 2:
            raise ValueError(f"features has {self.count} rows; expected at least 2 for a covariance")
        return self._scatter / (self.count - 1)

    def _merge(self, count, mean, scatter):
        together, step = self.count + count, mean - self.mean
        self._scatter = self._scatter + scatter + np.outer(step, step) * (self.count * count / together)
        self.mean = self.mean + step * (count / together)
        self.count = together
