"""Heat maps: where an image is strange, the share of each pixel in its squared error."""

import matplotlib
import numpy as np
import tensorflow as tf

from keras_vae.maths.arrays import as_uint8, unit

COLD_QUANTILE = 0.99  # of the held-out squared errors per pixel: the unit of heat
HEAT = 4.0  # of these units are the hottest colour
COLOURS = matplotlib.colormaps["cividis"](np.arange(256))[:, :3].astype(np.float32)  # safe for the colour-blind
GREY = (0.299, 0.587, 0.114)


def unit_of_heat(images, reconstructions):
    """Squared error of a pixel that few pixels of held-out images exceed. Both (n, H, W, C)."""
    errors = np.square(unit(images) - reconstructions).sum(axis=-1)
    return float(max(np.quantile(errors, COLD_QUANTILE), 1e-8))


def heat_map(images, reconstructions, pixel_error):
    """uint8 (n, H, W, 3): images in grey, mixed with the colour of their squared error beside `pixel_error`."""
    heat = tf.reduce_sum(tf.square(images - reconstructions), axis=-1) / (HEAT * pixel_error)
    heat = tf.clip_by_value(tf.where(tf.math.is_nan(heat), 1.0, heat), 0.0, 1.0)
    images = tf.where(tf.math.is_finite(images), images, 0.0)
    colours = tf.gather(tf.constant(COLOURS), tf.cast(tf.round(heat * 255.0), tf.int32))
    grey = tf.tensordot(images, tf.constant(GREY), 1) if images.shape[-1] == 3 else tf.reduce_mean(images, axis=-1)
    # What is cold shows the picture, what is hot the colour: they never hide each other altogether.
    weight = (0.25 + 0.6 * tf.sqrt(heat))[..., None]
    return as_uint8(weight * colours + (1.0 - weight) * grey[..., None])
