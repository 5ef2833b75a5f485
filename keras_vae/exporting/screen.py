"""Screen: how strange an image is beside held-out ones, and where."""

import dataclasses

import matplotlib
import numpy as np
import tensorflow as tf

from keras_vae.exporting.pictures import as_uint8, encode_png
from keras_vae.maths.arrays import to_unit

COLD_QUANTILE = 0.99  # of the held-out squared errors per pixel: what is below is drawn dark, in shares of it
HEAT = 4.0  # times that quantile is the hottest colour
COLOURS = matplotlib.colormaps["cividis"](np.arange(256))[:, :3].astype(np.float32)  # safe for the colour-blind
GREY = (0.299, 0.587, 0.114)


@dataclasses.dataclass(frozen=True)
class Screen:
    """Sorted scores of held-out images, each (n,) float32, and the scale of their squared errors per pixel."""

    negative_elbo: np.ndarray
    reconstruction: np.ndarray
    kl: np.ndarray
    combined: np.ndarray
    pixel_error: float | None  # None for points


def fit_screen(stack, images):
    """Screen of a Stack on held-out images (n, *data_shape)."""
    score = stack.score(images)
    reconstruction, kl = np.sort(score["reconstruction"]), np.sort(score["kl"])
    combined = np.maximum(_share(reconstruction, score["reconstruction"]), _share(kl, score["kl"]))
    pixel_error = None
    if len(stack.data_shape) == 3:
        errors = np.square(np.asarray(to_unit(tf.constant(images))) - stack.reconstruct(images)).sum(axis=-1)
        pixel_error = float(max(np.quantile(errors, COLD_QUANTILE), 1e-8))
    return Screen(np.sort(-score["elbo"]), reconstruction, kl, np.sort(combined), pixel_error)


def screening(codec, screen, images):
    """images (n, *data_shape) -> {"strangeness_elbo", "strangeness_reconstruction", "strangeness", each (n,), and for
    images "strangeness_png_bytes"}.

    A strangeness is the share of the held-out images that are less strange. The third combines what is off the
    manifold, by its reconstruction, with what lies oddly on it, by its KL: the larger of the two shares, as a share.
    """
    score = codec.score(images)
    shares = [share(getattr(screen, name), score[name]) for name in ("reconstruction", "kl")]
    found = {
        "strangeness_elbo": share(screen.negative_elbo, -score["elbo"]),
        "strangeness_reconstruction": shares[0],
        "strangeness": share(screen.combined, tf.maximum(*shares)),
    }
    if screen.pixel_error is not None:
        # REST encodes as bytes only what is named so.
        found["strangeness_png_bytes"] = encode_png(
            heat_map(to_unit(images), codec.reconstruct(images), screen.pixel_error)
        )
    return found


def share(sorted_scores, scores):
    """Share of sorted_scores (m,) that are below each of scores (n,), float32 in [0, 1]."""
    below = tf.searchsorted(tf.constant(sorted_scores, tf.float32), tf.cast(scores, tf.float32), side="left")
    return tf.cast(below, tf.float32) / len(sorted_scores)


def heat_map(images, reconstructions, pixel_error):
    """uint8 (n, H, W, 3): images in grey, mixed with the colour of their squared error beside `pixel_error`."""
    heat = tf.reduce_sum(tf.square(images - reconstructions), axis=-1) / (HEAT * pixel_error)
    heat = tf.clip_by_value(heat, 0.0, 1.0)
    colours = tf.gather(tf.constant(COLOURS), tf.cast(tf.round(heat * 255.0), tf.int32))
    grey = tf.tensordot(images, tf.constant(GREY), 1) if images.shape[-1] == 3 else tf.reduce_mean(images, axis=-1)
    # What is cold shows the picture, what is hot the colour: they never hide each other altogether.
    weight = (0.25 + 0.6 * tf.sqrt(heat))[..., None]
    return as_uint8(weight * colours + (1.0 - weight) * grey[..., None])


def _share(sorted_scores, scores):
    return share(sorted_scores, scores).numpy()
