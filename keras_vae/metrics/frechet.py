"""Frechet distance between Gaussians fitted to two sets of features."""

import typing
import warnings

import numpy as np

from keras_vae.checks import checked_rows, shown
from keras_vae.maths.arrays import blocks

BLOCK = 4096


def frechet_distance(features_a: np.ndarray, features_b: np.ndarray) -> float:
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


def frechet_from_statistics(a: "GaussianStatistics", b: "GaussianStatistics") -> float:
    """||m_a - m_b||^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) between two GaussianStatistics (Heusel et al. 2017, eq. (6)).

    C_a C_b has the eigenvalues of the symmetric C_a^(1/2) C_b C_a^(1/2), which are real and not negative: no complex
    root, and nothing to add to a singular covariance.
    """
    for argument, part in (("a", a), ("b", b)):
        if not isinstance(part, GaussianStatistics):
            raise ValueError(f"{argument} is {shown(part)}; expected GaussianStatistics")
    if np.shape(a.mean) != np.shape(b.mean):
        raise ValueError(f"features have {np.size(a.mean)} and {np.size(b.mean)} dimensions; expected the same of both")
    for part in (a, b):
        if part.count <= np.size(part.mean):
            warnings.warn(
                f"{part.count} examples for {np.size(part.mean)} feature dimensions: their covariance is singular and "
                "the Frechet distance too large; compare it only with others of the same number of examples",
                stacklevel=2,
            )
    root = _square_root(a.covariance)
    shared = np.sum(np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b.covariance @ root), 0.0)))
    return float(np.sum(np.square(a.mean - b.mean)) + np.trace(a.covariance) + np.trace(b.covariance) - 2.0 * shared)


def _square_root(covariance):
    eigenvalues, axes = np.linalg.eigh(covariance)
    return (axes * np.sqrt(np.maximum(eigenvalues, 0.0))) @ axes.T


class GaussianStatistics:
    """Mean and covariance in float64, in one pass: batches are merged by the formula of Chan et al. (1979).

    Sums of squares would lose the covariance of features whose mean is far from zero; this does not.
    """

    def __init__(self) -> None:
        self.count: int = 0
        self.mean: typing.Any = 0.0  # (d,)
        self._scatter: typing.Any = 0.0  # (d, d)

    def add(self, features: np.ndarray) -> "GaussianStatistics":
        """Count in a batch of features (n, d), n >= 1. Returns self."""
        features = checked_rows(features, "features", least=1).astype(np.float64)
        if self.count and features.shape[1:] != self.mean.shape:
            raise ValueError(f"features has shape {features.shape}; expected (n, {len(self.mean)}) as before")
        mean = np.mean(features, axis=0)
        centred = features - mean
        self._merge(len(features), mean, centred.T @ centred)
        return self

    def merged(self, other: "GaussianStatistics") -> "GaussianStatistics":
        """The statistics of both sets together, as a new object."""
        both = GaussianStatistics()
        for part in (self, other):
            both._merge(part.count, part.mean, part._scatter)
        return both

    @property
    def covariance(self) -> np.ndarray:
        """The unbiased covariance, (d, d)."""
        if self.count < 2:
            raise ValueError(f"features has {self.count} rows; expected at least 2 for a covariance")
        return self._scatter / (self.count - 1)

    def _merge(self, count, mean, scatter):
        if not count:
            return
        together, step = self.count + count, mean - self.mean
        self._scatter = self._scatter + scatter + np.outer(step, step) * (self.count * count / together)
        self.mean = self.mean + step * (count / together)
        self.count = together
