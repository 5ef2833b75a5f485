"""Points on a known curved manifold: a product of r spirals, one in each of r orthogonal planes of R^d.

With dimension = 2 and rank = 1 it is one spiral in the plane. The manifold has r dimensions, but no linear subspace of
fewer than 2 r holds it, so a model that finds r has understood the curvature.
"""

import numpy as np

from keras_vae.checks import not_negative, whole

PRESET = "affine"
SPLITS = ("train", "validation", "test")
COUNTS = {"train": 10_000, "validation": 1_000, "test": 1_000}
SEED = 2021

# The spiral turns from the first angle to the last: one turn and a half, away from its sharply bent centre.
ANGLES = (0.5 * np.pi, 3.5 * np.pi)


def embed(positions, dimension=2):
    """Points [N, d] of the positions [N, r] in [0, 1] along the spirals; equal steps are about equal arc lengths."""
    rank = positions.shape[1]
    first, last = ANGLES
    # The arc length of the spiral grows as the square of the angle.
    angles = np.sqrt(first**2 + (last**2 - first**2) * positions)
    # Scaled to a mean square of 1 in each direction, about.
    radii = angles / np.sqrt((first**2 + last**2) / 4)
    spirals = np.concatenate([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    axes, _ = np.linalg.qr(np.random.default_rng([SEED, dimension]).standard_normal((dimension, dimension)))
    return spirals @ axes[:, : 2 * rank].T


def load(split, *, dimension=2, rank=1, count=None, noise=0.0):
    """Points [count, d] float32; `noise` is the standard deviation of Gaussian noise in all d directions."""
    dimension, rank = whole("dimension", dimension), whole("rank", rank)
    if 2 * rank > dimension:
        raise ValueError(f"a curve of rank {rank} needs a dimension of at least {2 * rank}, not {dimension}")
    count = COUNTS[split] if count is None else whole("count", count)
    random = np.random.default_rng([SEED, dimension, rank, SPLITS.index(split)])
    points = embed(random.uniform(size=(count, rank)), dimension)
    points += not_negative("noise", noise) * random.standard_normal(points.shape)
    return points.astype(np.float32)
