"""Generated images as a viewer sees them, in 8 bits as the real ones are; nothing else is done to either."""

import numpy as np

from keras_vae.maths.arrays import to_uint8

LIMIT = None


def prepare(fakes):
    """uint8 images from images uint8, unchanged, or float32 in [0, 1]."""
    return fakes if fakes.dtype == np.uint8 else to_uint8(fakes)
