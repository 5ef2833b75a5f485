"""Features of images for the Frechet distance, one file each: `extractor(**options)` gives an Extractor.

A new kind of features is one new file here; it is found by its file name.
"""

from keras_vae.metrics.features._extractor import Extractor
from keras_vae.metrics.features._loading import find, load, names

__all__ = ["Extractor", "find", "load", "names"]
