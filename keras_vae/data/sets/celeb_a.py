"""CelebA (Liu, Luo, Wang, Tang 2015): 202,599 photographs of faces, aligned, 178 x 218, with official splits, via TFDS.

Only the images are read: none of the attributes, landmarks or identities.
"""

import tensorflow as tf

from keras_vae.checks import size, whole
from keras_vae.data import preprocessing, tfds_reader

PRESET = "celeb_a_vae_plus"
SPLITS = ("train", "validation", "test")

# The 128 x 128 box in the centre of the 218 x 178 image, at full resolution: (top, left, height, width).
PHOTOGRAPH = (218, 178)
CROP = (45, 25, 128, 128)


def load(split, *, data_dir=None, image_size=(128, 128), limit=None):
    """Images [N, *image_size, 3] uint8; the first `limit` of the split where given.

    The image is the 128 x 128 crop, or the exact means of its square blocks for a smaller `image_size` that divides it;
    one that is not square is the reduction of the part in the centre of the crop.
    """
    height, width = size(image_size)
    if 128 % height or 128 % width:
        raise ValueError(
            f"celeb_a has no image_size {height}x{width}: images are the 128x128 crop of the photograph, or its exact "
            "reduction, so height and width must each divide 128; take 128x128, 64x64 or 32x32"
        )
    limit = None if limit is None else whole("limit", limit)
    return tfds_reader.read(
        "celeb_a",
        split,
        data_dir,
        preprocess=lambda encoded: read(encoded, (height, width, 3)),
        shape=(height, width, 3),
        limit=limit,
    )


def read(encoded, shape):
    """The image of `shape` = (H, W, C) in the bytes of a photograph. A picture of another size than CelebA's (a face
    that is cut out already, say) has no such box in it: its centre is taken."""
    image = preprocessing.decode(encoded, shape[-1])
    return tf.cond(
        tf.reduce_all(tf.shape(image)[:2] == PHOTOGRAPH),
        lambda: preprocessing.fit(image, shape[:2], CROP),
        lambda: preprocessing.fit(image, shape[:2]),
    )
