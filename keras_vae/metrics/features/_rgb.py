"""Images as the Inception networks take them."""

import numpy as np

INCEPTION_SIZE = (299, 299)


def rgb(images):
    """An array (batch, H, W, 3) from images of 3 channels, or of 1, which is repeated."""
    channels = images.shape[-1]
    if channels not in (1, 3):
        raise ValueError(f"images has {channels} channels; Inception features need 1 or 3")
    return images if channels == 3 else np.repeat(images, 3, axis=-1)
