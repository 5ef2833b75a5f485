"""Standard normal rows, each from a seed of its own."""

import math

import tensorflow as tf

GOLDEN = 0x9E3779B97F4A7C15  # the odd number nearest to 2^64 divided by the golden ratio


def split_mix(key, count):
    """(n, count) uint64: the first `count` outputs of SplitMix64 (Steele, Lea, Flood 2014) from each key (n,) uint64.

    The generator only counts, and mixes the count: output k needs no earlier one, so all rows are made at once by ten
    operations. Threefry takes over a hundred, which on a small decoder doubles the cost of a sample.
    """
    steps = tf.cast(tf.range(1, count + 1, dtype=tf.int64), tf.uint64) * tf.constant(GOLDEN, tf.uint64)
    return _mix(key[:, None] + steps)


def seeded_normal(seeds, dimension, stream=0):
    """(n, dimension) float32; row i depends on seeds[i] (int64), `dimension` and `stream` alone.

    So a row is the same whatever else is in its batch, in whichever process.
    """
    # Seeds are often consecutive: mixed, they lie far apart on the generator's one cycle.
    key = _mix(tf.cast(tf.cast(seeds, tf.int64), tf.uint64) + tf.constant(GOLDEN, tf.uint64))
    key = _mix(key + tf.constant(stream, tf.uint64))
    bits = split_mix(key, (dimension + 1) // 2)
    radius = tf.sqrt(-2.0 * tf.math.log(_uniform(_right(bits, 32))))
    angle = 2.0 * math.pi * _uniform(tf.bitwise.bitwise_and(bits, tf.constant(0xFFFFFFFF, tf.uint64)))
    return tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=1)[:, :dimension]


def _mix(z):
    z = tf.bitwise.bitwise_xor(z, _right(z, 30)) * tf.constant(0xBF58476D1CE4E5B9, tf.uint64)
    z = tf.bitwise.bitwise_xor(z, _right(z, 27)) * tf.constant(0x94D049BB133111EB, tf.uint64)
    return tf.bitwise.bitwise_xor(z, _right(z, 31))


def _right(bits, count):
    return tf.bitwise.right_shift(bits, tf.constant(count, tf.uint64))


def _uniform(bits):
    """float32 in (0, 1), never 0 or 1, from the 23 high of 32 bits: one more and the largest would round to 1."""
    return (tf.cast(_right(bits, 9), tf.float32) + 0.5) * 2.0**-23
