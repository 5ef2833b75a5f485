"""InceptionV3 as keras.applications has it: the network of the published FID with other weights, hence other values."""

import pathlib

import keras
import tensorflow as tf

from keras_vae.metrics.features._extractor import Extractor, weights_sha256
from keras_vae.metrics.features._rgb import INCEPTION_SIZE, rgb

URL = "https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/"
FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"


def extractor(*, path=None):
    """2048 features: the mean over the last maps. `path` of the weights file; without one, Keras downloads it."""
    network = _network(path)

    @tf.function(reduce_retracing=True)
    def features(images):
        resized = tf.image.resize(images, INCEPTION_SIZE, method="bilinear")
        return network(2.0 * resized - 1.0, training=False)

    return Extractor(
        "inception_keras", weights_sha256(network.get_weights()), lambda images: features(rgb(images)), batch_size=50
    )


def _network(path):
    if path is not None and not pathlib.Path(path).expanduser().is_file():
        raise FileNotFoundError(f"path {str(path)!r} is not a file; expected {FILE}, from {URL}")
    weights = "imagenet" if path is None else str(pathlib.Path(path).expanduser())
    try:
        return keras.applications.InceptionV3(include_top=False, pooling="avg", weights=weights)
    except Exception as error:  # Keras raises a bare Exception where the host cannot be reached
        if path is not None:
            raise ValueError(f"path {str(path)!r} does not hold the weights {FILE}: {_reason(error)}") from None
        raise FileNotFoundError(
            f"the weights of InceptionV3 are not on this machine and cannot be downloaded ({_reason(error)}). Download "
            f"{URL}{FILE} where there is a network and give its path. The features `classifier` (mnist, fashion_mnist) "
            "and `pixels` need no download."
        ) from None


def _reason(error):
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
