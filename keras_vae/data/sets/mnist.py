"""MNIST (LeCun, Cortes, Burges 1998): 60,000 + 10,000 grey images of handwritten digits, 28 x 28, through TFDS."""

from keras_vae.checks import whole
from keras_vae.data import preprocessing, tfds_reader

PRESET = "mnist_vae"
SPLITS = ("train", "validation", "test")

# There is no official validation split. Nothing is selected on it here, and the papers report the test split, so all
# 60,000 training images are trained on and "validation" is the test split.
OFFICIAL = {"train": "train", "validation": "test", "test": "test"}
SOURCE = "https://storage.googleapis.com/cvdf-datasets/mnist/"


def load(split, *, data_dir=None, limit=None):
    """Images [N, 28, 28, 1] uint8; the first `limit` of the split where given."""
    limit = None if limit is None else whole("limit", limit)
    return tfds_reader.read(
        "mnist",
        OFFICIAL[split],
        data_dir,
        preprocess=lambda encoded: preprocessing.decode(encoded, channels=1),
        shape=(28, 28, 1),
        limit=limit,
        source=SOURCE,
    )
