"""Data sets, one file each: `load(split, ...)` gives uint8 images [N, H, W, C], or float32 points [N, d].

A new data set is one new file in data/sets, whose contract is there; it is found by its file name.
"""

from keras_vae.data.loading import check_taken, find, load, names, options

__all__ = ["check_taken", "find", "load", "names", "options"]
