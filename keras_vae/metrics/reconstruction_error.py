"""How far reconstructions are from their images."""

import math

import numpy as np

from keras_vae.metrics._arrays import blocks, checked_examples, unit
from keras_vae.models.checks import checked_data


def reconstruction_error(images, reconstructions):
    """{"squared_error", "l2", "rmse"} of each image, (n,) each: ||x - x_hat||^2, its root, and the root of its mean.

    Both inputs: (n, H, W, C) uint8 or float32 in [0, 1], or points (n, d). Papers call either of the first two
    "Rec. Err.". Regularisation balance does not say which; in Table 1 (MNIST) only the norm agrees with the NLL beside
    it, and Table 2 (CelebA) is the sum of squares.
    """
    images = checked_examples(images, "images")
    reconstructions = checked_data(reconstructions, images.shape[1:], "reconstructions")
    if len(images) != len(reconstructions):
        raise ValueError(f"reconstructions has {len(reconstructions)} rows; expected one per image, {len(images)}")
    parts = [_squared_error(images[block], reconstructions[block]) for block in blocks(len(images), 256)]
    squared_error = np.concatenate(parts)
    rmse = np.sqrt(squared_error / math.prod(images.shape[1:]))
    return {"squared_error": squared_error, "l2": np.sqrt(squared_error), "rmse": rmse}


def _squared_error(images, reconstructions):
    difference = unit(images).astype(np.float64) - unit(reconstructions)
    return np.sum(np.square(difference), axis=tuple(range(1, difference.ndim)))
