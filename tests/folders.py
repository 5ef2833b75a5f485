"""Directories of images for tests: a picture of noise, and all splits of a directory."""

import numpy as np
import PIL.Image

from keras_vae import data


def save(path, shape=(12, 10, 3), seed=0):
    """Writes an image of noise and returns its pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path)
    return pixels


def load_all(root, **options):
    splits = ("train", "validation", "test")
    return {split: data.load("folder", split, data_dir=str(root), **options) for split in splits}
