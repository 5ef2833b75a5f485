"""Arrays to PNG and back, and many pictures in one."""

import io
import math

import numpy as np
from PIL import Image

CHANNELS = (1, 3)  # what a PNG of the models' kind has: grey, or colours
MARGIN = 2  # white pixels between pictures of a grid


def to_png(picture):
    """uint8 (H, W, 1 or 3) -> the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).save(file, format="PNG")
    return file.getvalue()


def from_png(data):
    """The bytes of a PNG file -> uint8 (H, W, 1 or 3)."""
    return np.atleast_3d(np.asarray(Image.open(io.BytesIO(data))))


def to_uint8(pictures):
    """uint8, or float in [0, 1] -> uint8, as the models' own PNGs are rounded."""
    return pictures if pictures.dtype == np.uint8 else np.round(np.clip(pictures, 0, 1) * 255.0).astype(np.uint8)


def grid(pictures):
    """uint8 (n, h, w, c) -> one nearly square picture (H, W, 3) of all, row by row."""
    count, height, width, _ = pictures.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    whole = np.full((rows * (height + MARGIN) + MARGIN, columns * (width + MARGIN) + MARGIN, 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        top = MARGIN + index // columns * (height + MARGIN)
        left = MARGIN + index % columns * (width + MARGIN)
        whole[top : top + height, left : left + width] = picture
    return whole
