"""Grids: pictures of many images at once."""

import math

import numpy as np
from PIL import Image

from keras_vae.files import write_atomically
from keras_vae.maths.arrays import to_uint8

MARGIN = 2  # white pixels between images


def grid(images, columns=None, margin=MARGIN):
    """One uint8 picture (H, W, 3) of images (n, h, w, c) in rows, uint8 or float in [0, 1]."""
    images = images if images.dtype == np.uint8 else to_uint8(images)
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    picture = np.full((rows * (height + margin) + margin, columns * (width + margin) + margin, 3), 255, np.uint8)
    for index, image in enumerate(images):
        top = margin + (index // columns) * (height + margin)
        left = margin + (index % columns) * (width + margin)
        picture[top : top + height, left : left + width] = image
    return picture


def pairs(images, reconstructions, columns=8):
    """Images above their reconstructions, rows of `columns` pairs, as one picture."""
    images = images if images.dtype == np.uint8 else to_uint8(images)
    reconstructions, columns = to_uint8(reconstructions), min(columns, len(images))
    images = images[: len(images) // columns * columns]
    rows = [part[i : i + columns] for i in range(0, len(images), columns) for part in (images, reconstructions)]
    return grid(np.concatenate(rows), columns)


def write_png(path, picture, smallest=512):
    """Write a uint8 picture (H, W, 3) as PNG, enlarged by a whole factor to at least `smallest` pixels a side."""
    factor = max(1, math.ceil(smallest / max(picture.shape[:2])))
    picture = picture.repeat(factor, axis=0).repeat(factor, axis=1)
    write_atomically(path, lambda file: Image.fromarray(picture).save(file, format="PNG"))
