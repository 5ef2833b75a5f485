"""Random subsets of examples: what is probed, evaluated and shown is never the beginning of a data set.

A folder comes sorted by its file names, that is often by class, date or age; its first images are not like the others.
"""

import numpy as np

from keras_vae.data.mapped import gather


def subset(examples, count, seed):
    """Return `count` of the examples (n, ...), drawn by `seed` without replacement, in the order of the draw.

    A function of (len(examples), count, seed) alone; all examples, unchanged, where there are no more than `count`.
    """
    return examples if len(examples) <= count else gather(examples, rows(len(examples), count, seed))


def rows(total, count, seed):
    """Return the numbers of `count` rows of `total`, at most, in random order: for arrays that belong together."""
    return np.random.default_rng(seed).permutation(total)[:count]
