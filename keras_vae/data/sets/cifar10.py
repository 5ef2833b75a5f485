"""CIFAR-10 (Krizhevsky 2009): 50,000 + 10,000 RGB photographs of ten kinds of things, 32 x 32, through TFDS."""

from keras_vae.checks import whole
from keras_vae.data import preprocessing, tfds_reader

PRESET = "two_stage_vae"
SPLITS = ("train", "validation", "test")

# There is no official validation split. Nothing is selected on it here, and the papers report the test split, so all
# 50,000 training images are trained on and "validation" is the test split.
OFFICIAL = {"train": "train", "validation": "test", "test": "test"}
SOURCE = "https://www.cs.toronto.edu/~kriz/"


def load(split, *, data_dir=None, limit=None):
    """Images [N, 32, 32, 3] uint8; the first `limit` of the split where given."""
    limit = None if limit is None else whole("limit", limit)
    return tfds_reader.read(
        "cifar10",
        OFFICIAL[split],
        data_dir,
        preprocess=lambda encoded: preprocessing.decode(encoded, channels=3),
        shape=(32, 32, 3),
        limit=limit,
        source=SOURCE,
    )
