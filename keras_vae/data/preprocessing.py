"""Preprocessing: from the bytes of one PNG or JPEG to one uint8 image, by decoding, cropping and resizing.

This is the only place where it is done, in plain TensorFlow operations that also work in a tf.function and in an
exported graph, so a served model sees exactly the pixels that it was trained on. EXIF rotation is not applied: the
pixels are taken as they are stored.
"""

import tensorflow as tf


def decode(encoded, channels):
    """The image [H, W, channels] uint8 in the bytes of a PNG or JPEG; 1 channel is grey, 3 is RGB, alpha is dropped."""
    # decode_jpeg also reads PNG. The accurate inverse DCT gives the same pixels as other JPEG readers do (Pillow, for
    # one), while the default of decode_image, the fast one, is off by up to 5 grey levels.
    return tf.io.decode_jpeg(encoded, channels=channels, dct_method="INTEGER_ACCURATE")


def crop_to_aspect(image, size):
    """The largest centred part [h, w, C] of `image` [H, W, C] with the aspect ratio of `size` = (height, width)."""
    shape = tf.shape(image)
    height, width = shape[0], shape[1]
    # Whole-number arithmetic: an image that has the right aspect already is never cut by a rounding error.
    new_height = tf.maximum(1, tf.minimum(height, width * size[0] // size[1]))
    new_width = tf.maximum(1, tf.minimum(width, height * size[1] // size[0]))
    top, left = (height - new_height) // 2, (width - new_width) // 2
    return image[top : top + new_height, left : left + new_width]


def fit(image, size, crop=None):
    """`image` [H, W, C] uint8 -> [height, width, C] uint8, where `size` = (height, width).

    The box `crop` = (top, left, height, width), where given, is cut out first; what is left is cut in its centre to the
    aspect of `size`, and resized by area: where the sizes divide evenly each pixel is the exact mean of a block.
    """
    if crop is not None:
        top, left, height, width = crop
        image = image[top : top + height, left : left + width]
    image = tf.image.resize(crop_to_aspect(image, size), size, method="area")
    image = tf.cast(tf.round(image), tf.uint8)
    return tf.ensure_shape(image, (size[0], size[1], None))


def read(encoded, shape):
    """The image [H, W, C] uint8 of `shape` = (H, W, C) in the bytes of a PNG or JPEG: its centre, resized."""
    return fit(decode(encoded, shape[-1]), shape[:2])
