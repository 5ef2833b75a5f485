"""Standard normal rows, each from a seed of its own."""

import math

import tensorflow as tf

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA


def threefry(key, counter):
    """Threefry-2x32 with 20 rounds (Salmon et al. 2011). key, counter: pairs of broadcastable uint32 tensors."""
    schedule = (key[0], key[1], key[0] ^ key[1] ^ tf.constant(PARITY, tf.uint32))
    x, y = counter[0] + schedule[0], counter[1] + schedule[1]
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            x = x + y
            y = tf.bitwise.left_shift(y, tf.constant(rotation, tf.uint32)) | tf.bitwise.right_shift(
                y, tf.constant(32 - rotation, tf.uint32)
            )
            y = y ^ x
        x = x + schedule[(group + 1) % 3]
        y = y + schedule[(group + 2) % 3] + tf.constant(group + 1, tf.uint32)
    return x, y


def seeded_normal(seeds, dimension, stream=0):
    """(n, dimension) float32; row i depends on seeds[i] (int64), `dimension` and `stream` alone.

    So a row is the same whatever else is in its batch, in whichever process. A counter-based generator does all rows
    at once, where a map over stateless_normal would run one small kernel a row.
    """
    seeds = tf.cast(seeds, tf.int64)
    low = tf.cast(tf.bitwise.bitwise_and(seeds, tf.constant(0xFFFFFFFF, tf.int64)), tf.uint32)
    high = tf.cast(tf.bitwise.bitwise_and(tf.bitwise.right_shift(seeds, 32), 0xFFFFFFFF), tf.uint32)
    pairs = (dimension + 1) // 2
    counter = (tf.range(pairs, dtype=tf.int64)[None, :], tf.fill([1, pairs], tf.constant(stream, tf.int64)))
    x, y = threefry((low[:, None], high[:, None]), tuple(tf.cast(part, tf.uint32) for part in counter))
    radius = tf.sqrt(-2.0 * tf.math.log(_uniform(x)))
    angle = 2.0 * math.pi * _uniform(y)
    return tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=1)[:, :dimension]


def _uniform(bits):
    """float32 in (0, 1), never 0 or 1, from the 23 high bits: one more and the largest would round to 1."""
    return (tf.cast(tf.bitwise.right_shift(bits, tf.constant(9, tf.uint32)), tf.float32) + 0.5) * 2.0**-23
