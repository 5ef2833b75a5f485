"""A penalised autoencoder on MNIST: eq. (7) of infinite gradients, eq. (6) of regularisation balance where g = h.

The papers prove theorems about it and train none; network and schedule are those of the VAE of Table 1.
"""

from keras_vae.config import Config, replace
from keras_vae.presets import mnist_vae


def paper() -> Config:
    """With the VAE's schedule."""
    return _penalized(mnist_vae.paper())


def quick() -> Config:
    """About two minutes on two CPU cores."""
    return _penalized(mnist_vae.quick())


def _penalized(config: Config) -> Config:
    (vae,) = config.stages
    # Of the penalties with an unbounded gradient at zero, log is the VAE's own (Lemmas 2 and 3).
    return replace(config, stages=(replace(vae, name="ae", model="penalized", model_options={"g": "log", "h": "log"}),))
