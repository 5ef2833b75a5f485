"""Screen: the signature that says how strange an image is beside held-out ones, and where."""

import dataclasses

import matplotlib
import numpy as np
import tensorflow as tf

from keras_vae.exporting.pictures import as_uint8, encode_png
from keras_vae.maths.arrays import to_unit, unit
from keras_vae.metrics.strangeness import HeldOut, strangeness

COLD_QUANTILE = 0.99  # of the held-out squared errors per pixel: the unit of heat
HEAT = 4.0  # of these units are the hottest colour
COLOURS = matplotlib.colormaps["cividis"](np.arange(256))[:, :3].astype(np.float32)  # safe for the colour-blind
GREY = (0.299, 0.587, 0.114)


@dataclasses.dataclass(frozen=True)
class Screen:
    """Scores of held-out images, and the scale of their squared errors per pixel; None for points."""

    held_out: HeldOut
    pixel_error: float | None

    @classmethod
    def of(cls, stack, images):
        """Screen of a Stack on held-out images (n, *data_shape)."""
        held_out = HeldOut.of(stack.score(images))
        if len(stack.data_shape) != 3:
            return cls(held_out, None)
        errors = np.square(unit(images) - stack.reconstruct(images)).sum(axis=-1)
        return cls(held_out, float(max(np.quantile(errors, COLD_QUANTILE), 1e-8)))


def screening(codec, screen, images):
    """images (n, *data_shape) -> the dict of `strangeness`, each (n,), and for images "strangeness_png_bytes"."""
    found = strangeness(screen.held_out, codec.score(images))
    if screen.pixel_error is not None:
        heat = heat_map(to_unit(images), codec.reconstruct(images), screen.pixel_error)
        found["strangeness_png_bytes"] = encode_png(heat)  # REST encodes as bytes only what is named so
    return found


def heat_map(images, reconstructions, pixel_error):
    """uint8 (n, H, W, 3): images in grey, mixed with the colour of their squared error beside `pixel_error`."""
    heat = tf.reduce_sum(tf.square(images - reconstructions), axis=-1) / (HEAT * pixel_error)
    heat = tf.clip_by_value(heat, 0.0, 1.0)
    colours = tf.gather(tf.constant(COLOURS), tf.cast(tf.round(heat * 255.0), tf.int32))
    grey = tf.tensordot(images, tf.constant(GREY), 1) if images.shape[-1] == 3 else tf.reduce_mean(images, axis=-1)
    # What is cold shows the picture, what is hot the colour: they never hide each other altogether.
    weight = (0.25 + 0.6 * tf.sqrt(heat))[..., None]
    return as_uint8(weight * colours + (1.0 - weight) * grey[..., None])
