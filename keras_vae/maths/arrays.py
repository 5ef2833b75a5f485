"""Pixels: uint8 on disk and in memory, float32 in [0, 1] inside the models."""

import numpy as np
import tensorflow as tf


def to_unit(images):
    """float32 tensor in [0, 1] from uint8 images, of any shape, inside or outside a graph; floats pass through."""
    if images.dtype == tf.uint8:
        return tf.cast(images, tf.float32) / 255.0
    return tf.cast(images, tf.float32)


def as_uint8(images):
    """uint8 tensor from float32 images in [0, 1], inside or outside a graph."""
    return tf.cast(tf.round(images * 255.0), tf.uint8)


def to_uint8(images):
    """uint8 images from float ones in [0, 1]."""
    return np.round(np.clip(np.asarray(images, np.float32), 0.0, 1.0) * 255.0).astype(np.uint8)


def unit(images):
    """float32 array in [0, 1] from uint8 images; floats pass through."""
    return np.asarray(to_unit(images))


def blocks(count, size):
    """Slices that cut `count` rows into blocks of `size`, the last one shorter."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
