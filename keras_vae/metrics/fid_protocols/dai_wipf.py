"""The protocol of Dai and Wipf (2019), from their published code, fid_score.py.

10,000 generated images against 10,000 shuffled test images. Each generated image is stretched so that its darkest
value is 0 and its brightest 1; the real ones are not.
"""

import numpy as np

from keras_vae.maths.arrays import unit

LIMIT = 10_000


def prepare(fakes):
    """float32 images, each stretched from its own minimum and maximum to [0, 1]; an image of one value becomes 0."""
    fakes = unit(fakes)
    axes = tuple(range(1, fakes.ndim))
    low, high = fakes.min(axis=axes, keepdims=True), fakes.max(axis=axes, keepdims=True)
    return (fakes - low) / np.where(high > low, high - low, 1.0)
