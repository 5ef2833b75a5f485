"""Faces drawn by the project itself, with known generative factors: RGB images on a manifold of known dimension.

Every image is a continuous function of its factors, and the factors are independent and uniform in [0, 1]. Nothing is
downloaded and nothing is random but the factors.
"""

import os
from concurrent import futures

import numpy as np

from keras_vae.checks import size, whole
from keras_vae.data import portrait
from keras_vae.data.store import Examples, Plan

PRESET = "faces_vae_plus"
SPLITS = ("train", "validation", "test")
COUNTS = {"train": 8_000, "validation": 1_000, "test": 1_000}
FACTORS = portrait.FACTORS
SEED = 1998

# Pixels that a thread draws at once: few enough that the arrays stay in the processor's cache, and so many that threads
# seldom wait for Python's lock.
CHUNK = 262_144
BATCH = 1024  # images that load() hands on at once


def factors(split, count=None):
    """The factors [N, r] float32 in [0, 1] of the faces in `split`, in the order of FACTORS."""
    count = COUNTS[split] if count is None else whole("count", count)
    random = np.random.default_rng([SEED, SPLITS.index(split)])
    return random.random((count, len(FACTORS)), np.float32)


def draw(factors, image_size=(64, 64)):
    """Images [N, *image_size, 3] uint8 of the faces with these factors [N, r] in [0, 1]."""
    factors = np.asarray(factors, np.float32)
    if factors.ndim != 2 or factors.shape[1] != len(FACTORS):
        raise ValueError(f"factors must have the shape [N, {len(FACTORS)}], not {list(factors.shape)}")
    if not np.all((factors >= 0) & (factors <= 1)):
        raise ValueError("factors must lie in [0, 1]")
    height, width = size(image_size)
    images = np.empty((len(factors), height, width, 3), np.uint8)
    step = max(1, CHUNK // (height * width))

    def fill(start):
        images[start : start + step] = portrait.render(factors[start : start + step], height, width)

    with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(0, len(factors), step)))
    return images


def load(split, *, image_size=(64, 64), count=None):
    """Images [N, *image_size, 3] uint8; the first `count` of the split's endless sequence where given."""
    drawn, image_size = factors(split, count), size(image_size)

    def parts(start):
        return ((draw(drawn[first : first + BATCH], image_size), []) for first in range(start, len(drawn), BATCH))

    return Examples(lambda _: Plan(len(drawn), (*image_size, 3), parts, f"drawing faces, {split}"))
