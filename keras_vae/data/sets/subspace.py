"""Points on a known linear subspace: x = A s + b + noise with s ~ N(0, I), the data of Theorem 1.

The columns of A [d, r] are orthogonal, with known and distinct lengths, so the covariance is known exactly.
"""

import numpy as np

from keras_vae.checks import not_negative, whole

PRESET = "affine"
SPLITS = ("train", "validation", "test")
COUNTS = {"train": 10_000, "validation": 1_000, "test": 1_000}
SEED = 2018


def scales(rank):
    """The lengths [r] of the columns of A: the standard deviations of the data along its principal axes, falling."""
    return np.linspace(2.0, 1.0, rank)


def embedding(dimension=20, rank=3):
    """A [d, r] and b [d] of x = A s + b."""
    dimension, rank = whole("dimension", dimension), whole("rank", rank)
    if rank > dimension:
        raise ValueError(f"rank must be at most the dimension {dimension}, not {rank}")
    random = np.random.default_rng([SEED, dimension])
    axes, _ = np.linalg.qr(random.standard_normal((dimension, dimension)))
    return axes[:, :rank] * scales(rank), random.standard_normal(dimension)


def covariance(dimension=20, rank=3, noise=0.0):
    """The true covariance A A^T + noise^2 I [d, d]."""
    matrix, _ = embedding(dimension, rank)
    return matrix @ matrix.T + not_negative("noise", noise) ** 2 * np.eye(dimension)


def load(split, *, dimension=20, rank=3, count=None, noise=0.0):
    """Points [count, d] float32; `noise` is the standard deviation of Gaussian noise in all d directions."""
    matrix, offset = embedding(dimension, rank)
    count = COUNTS[split] if count is None else whole("count", count)
    random = np.random.default_rng([SEED, dimension, rank, SPLITS.index(split)])
    points = random.standard_normal((count, rank)) @ matrix.T + offset
    points += not_negative("noise", noise) * random.standard_normal(points.shape)
    return points.astype(np.float32)
