"""Checks and small steps on arrays that several metrics share."""

import numpy as np

from keras_vae.data.pixels import to_unit
from keras_vae.models.checks import checked_data


def checked_examples(examples, argument):
    """`examples` as an array of images or points, all of one shape; what makes them wrong raises ValueError."""
    examples = np.asarray(examples)
    if examples.ndim not in (2, 4):
        raise ValueError(f"{argument} has shape {examples.shape}; expected images (n, H, W, C) or points (n, d)")
    return checked_data(examples, examples.shape[1:], argument)


def checked_images(images, argument):
    """`images` as an array (n, H, W, C) of uint8 or of float32 in [0, 1]."""
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(f"{argument} has shape {images.shape}; expected images (n, H, W, C)")
    return checked_examples(images, argument)


def checked_rows(rows, argument, least=2):
    """`rows` as finite numbers (n, d) with n >= least."""
    rows = np.asarray(rows)
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise ValueError(f"{argument} has shape {rows.shape} and dtype {rows.dtype}; expected numbers (n, d)")
    if len(rows) < least or not rows.shape[1]:
        raise ValueError(f"{argument} has shape {rows.shape}; expected at least {least} rows of at least one number")
    if not np.all(np.isfinite(rows)):
        raise ValueError(f"{argument} has values that are NaN or infinite; expected finite numbers")
    return rows


def unit(images):
    """float32 array in [0, 1] from uint8 images; floats pass through."""
    return np.asarray(to_unit(images))


def blocks(count, size):
    """Slices that cut `count` rows into blocks of `size`, the last one shorter."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
