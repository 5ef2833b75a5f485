"""Gaussian autoencoder-based generative models: VAE, two-stage VAE and VAE+ with a learned decoder variance.

    import keras_vae as kv
    stack = kv.load(workdir)
    mean, stddev = stack.encode(images)

Importing the package registers its classes with Keras, so that .keras files load without custom objects.
"""

from keras_vae import _quiet  # noqa: F401, I001  first: it imports TensorFlow
from keras_vae import config, data, diagnostics, metrics, models, theory
from keras_vae.config import Config, StageConfig
from keras_vae.models import Stack
from keras_vae.training.find_balance import find_balance
from keras_vae.runs import load
from keras_vae.training.train import train

__version__ = "0.1.0"
__all__ = [
    "Config",
    "Stack",
    "StageConfig",
    "config",
    "data",
    "diagnostics",
    "find_balance",
    "load",
    "metrics",
    "models",
    "theory",
    "train",
]
