"""The Downsample row of regularisation balance, Tables 3 and 4."""

import numpy as np
import tensorflow as tf

from keras_vae.data.pixels import to_uint8
from keras_vae.metrics._arrays import blocks, checked_images, unit


def downsample(images):
    """uint8 images (n, H, W, C) that went to half their resolution and back (128 -> 64 -> 128).

    The paper does not name its filters: here each pixel of the half is the mean of a 2x2 block (where H and W are
    even), and the way back is bilinear.
    """
    images = checked_images(images, "images")
    size = images.shape[1:3]
    half = [(side + 1) // 2 for side in size]

    def there_and_back(block):
        small = tf.image.resize(unit(block), half, method="area")
        return to_uint8(tf.image.resize(small, size, method="bilinear"))

    return np.concatenate([there_and_back(images[block]) for block in blocks(len(images), 256)])
