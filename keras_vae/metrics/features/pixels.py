"""The pixels themselves: no network, no download. Blind to everything but means and covariances of coarse pixels."""

import numpy as np

from keras_vae.metrics.features._extractor import Extractor, weights_sha256

MOST = 1024  # dimensions: fewer than the few thousand images that usually are compared, or covariances are singular


def extractor():
    """d = h w C, of images averaged over 2x2 blocks until d is at most 1024."""
    return Extractor("pixels", weights_sha256([]), _coarse, facts={"at most": f"{MOST} values"})


def _coarse(images):
    images = np.asarray(images)
    while images[0].size > MOST:
        # an odd last row or column is left out
        rows, columns = images.shape[1] // 2, images.shape[2] // 2
        blocks = images[:, : 2 * rows, : 2 * columns].reshape(len(images), rows, 2, columns, 2, images.shape[3])
        images = blocks.mean(axis=(2, 4))
    return images.reshape(len(images), -1)
