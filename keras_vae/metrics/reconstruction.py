"""Reconstruction error, of arrays and of a model given by its functions."""

import math
from collections.abc import Callable

import numpy as np

from keras_vae.checks import checked_data, checked_examples, function
from keras_vae.checks import seed as checked_seed
from keras_vae.maths.arrays import blocks, unit
from keras_vae.status import Progress

BLOCK = 1024


def reconstruction_error(images: np.ndarray, reconstructions: np.ndarray) -> dict[str, np.ndarray]:
    """{"squared_error", "l2", "rmse"} of each image, (n,) each: ||x - x_hat||^2, its root, and the root of its mean.

    Both inputs: (n, H, W, C) uint8 or float32 in [0, 1], or points (n, d). Papers call either of the first two
    "Rec. Err.". Regularisation balance does not say which; in Table 1 (MNIST) the norm is nearer to the NLL beside it,
    though four of its five NLLs are below what that error allows; Table 2 (CelebA) is the sum of squares.
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


def model_reconstruction_error(
    encode: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    decode: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    seed: int = 0,
) -> dict[str, dict[str, np.ndarray]]:
    """{"mean": ..., "sample": ...}: reconstruction_error from the posterior mean and from one draw z ~ q(z|x) each.

    encode    images (n, ...) -> mean, stddev (n, latent_dim); of a live stack or of its SavedModel, on arrays.
    decode    codes (n, latent_dim) -> images.
    The draw of image i depends on `seed` and i alone.
    """
    checked_seed(seed)
    function(encode, "encode", "arrays")
    function(decode, "decode", "arrays")
    images, noise = checked_examples(images, "images"), np.random.default_rng(seed)
    found: dict[str, list[dict[str, np.ndarray]]] = {"mean": [], "sample": []}
    for block in Progress(blocks(len(images), BLOCK), "reconstruction", unit="blocks"):
        mean, stddev = (np.asarray(part) for part in encode(images[block]))
        draw = mean + stddev * noise.standard_normal(mean.shape).astype(np.float32)
        for name, code in (("mean", mean), ("sample", draw)):
            found[name].append(reconstruction_error(images[block], np.asarray(decode(code))))
    return {name: _joined(parts) for name, parts in found.items()}


def _joined(parts):
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
