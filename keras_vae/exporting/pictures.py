"""Pictures as bytes, inside the graph of an export: PNGs of images, and files whose headers are read first."""

import tensorflow as tf

MOST_SCANS = 100  # of a JPEG; a progressive one has about ten, and each is a pass over all pixels
MOST_PIXELS = 2**25  # of a picture that is decoded, 33.5 million: 100 MB of RGB; a file of 200 KB may ask for more


def encode_png(images):
    """PNGs (n,) of uint8 images (n, H, W, C)."""
    return tf.io.encode_png(images, compression=1)  # the fastest; the pixels are the same


def bounded(read):
    """`read`, a function of the bytes of one PNG or JPEG, that refuses other bytes and pictures of too many pixels."""

    def reading(encoded):
        pixels = tf.reduce_prod(tf.cast(header_size(encoded), tf.int64))
        message = f"a picture has more than {MOST_PIXELS:,} pixels, or none; send a smaller one"
        allowed = tf.debugging.Assert((pixels > 0) & (pixels <= MOST_PIXELS), [message, pixels])
        message = f"a JPEG has more than {MOST_SCANS} scans; save it again with fewer"
        quick = tf.debugging.Assert(_scans(encoded) <= MOST_SCANS, [message])
        with tf.control_dependencies([allowed, quick]):
            return read(tf.identity(encoded))

    return reading


def header_size(encoded):
    """Height and width, int32 (2,), that the header of a PNG or JPEG names."""
    return tf.cond(
        _is_png(encoded),
        lambda: _png_size(encoded),
        lambda: tf.image.extract_jpeg_shape(encoded)[:2],
    )


def _is_png(encoded):
    return tf.strings.substr(encoded, 0, 8) == b"\x89PNG\r\n\x1a\n"


def _scans(encoded):
    """Number of scans that a JPEG announces, those of pictures inside it too; 0 of a PNG."""
    return tf.cond(_is_png(encoded), lambda: 0, lambda: tf.size(tf.strings.split(encoded, b"\xff\xda")) - 1)


def _png_size(encoded):
    """Bytes 16 to 23 of a PNG: width and height, big-endian. A file that ends before them is refused by substr.

    0 and 0 where another chunk comes first, which the format forbids and its library forgives."""
    first = tf.strings.substr(encoded, 12, 4) == b"IHDR"
    width_height = tf.io.decode_raw(tf.strings.substr(encoded, 16, 8), tf.int32, little_endian=False)
    return tf.where(first, tf.ensure_shape(width_height, (2,))[::-1], 0)
