"""Outlier screening, from training to a threshold in production: python examples/screen_outliers.py

The ordinary images are procedural faces, the strange ones have a patch of noise; the steps are those for any folder. No
second stage is trained, for scores do not need it.
"""

import argparse

import numpy as np
import tensorflow as tf

import keras_vae as kv
from keras_vae.config import override


def patched(images, side, seed=0):
    """The uint8 images (n, H, W, 3), each with a square of noise somewhere."""
    random, images = np.random.default_rng(seed), images.copy()
    for image in images:
        top, left = (random.integers(0, size - side + 1) for size in image.shape[:2])
        image[top : top + side, left : left + side] = random.integers(0, 256, (side, side, image.shape[2]))
    return images


def main(workdir="runs/screen", false_alarms=0.05, settings=()):
    """Train, measure and export; returns the strangeness of the ordinary and of the strange images, (n,) each.

    false_alarms: the share of ordinary images that may raise one; it sets the threshold.
    settings: of the recipe, as --set has them.
    """
    config = override(kv.presets.faces_vae_plus.quick(), settings)
    for stage in ("ae", "vae"):
        stack = kv.train(config, workdir, stage)
    options = dict(config.data_options)
    ordinary = kv.data.load("faces", "test", **options)
    strange = patched(ordinary, side=ordinary.shape[1] // 4)

    # Nats, for who wants to rank: each score is higher for what is stranger.
    scores = kv.metrics.outlier_scores(stack, ordinary), kv.metrics.outlier_scores(stack, strange)
    for name in scores[0]:
        pair = scores[0][name], scores[1][name]
        low, high = kv.metrics.bootstrap_intervals(*pair)["auroc"]
        print(f"AUROC of {name}: {kv.metrics.auroc(*pair):.4f} ({low:.4f} to {high:.4f})")

    # Strangeness, for who needs a threshold: the share of held-out images that are less strange, as a server gives it.
    version = kv.export(workdir, f"{workdir}-export")
    screen = tf.saved_model.load(str(version)).signatures["screen_uint8"]
    found = [screen(images=tf.constant(images))["strangeness"].numpy() for images in (ordinary, strange)]
    threshold = 1 - false_alarms
    alarms = kv.metrics.rates_at(*found, threshold)
    print(
        f"above {threshold:g}: {alarms['false_alarms']:.1%} of ordinary images, {alarms['recall']:.1%} of strange ones"
    )
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workdir", nargs="?", default="runs/screen", help="of the run, new or of an earlier one")
    main(parser.parse_args().workdir)
