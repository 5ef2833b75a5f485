"""Small models, data and a run that several tests train."""

import keras
import numpy as np

from keras_vae.config import Config, StageConfig
from keras_vae.models import GaussianVAE
from keras_vae.networks import asperti_dense

SHAPE = (4, 6, 1)
# Pixels and codes in another graph or batch size agree to this: there float32 is summed in another order.
ROUNDING = 1e-5

FLAGS = [  # of train.py, for runs as processes
    "--dataset=faces",
    "--quick",
    "--image_size=16",
    "--set=data_options.count=160",
    "--set=ae.network_options.width=0.1",
    "--set=ae.latent_dim=16",
    "--set=vae.network_options.depth=1",
    "--set=second.network_options.depth=1",
]
# Outside XLA, where compiling takes longer than these steps; tests/test_engine.py shows that both paths agree.
NUMBERS = {"epochs": 3, "batch_size": 16, "learning_rate": 1e-3, "steps_per_execution": 5, "jit_compile": False}
CONFIG = Config(  # of the fixture `run`: VAE+
    dataset="faces",
    data_options={"image_size": [16, 24], "count": 80},
    stages=(
        StageConfig("ae", "autoencoder", "strided_conv", 24, network_options={"width": 0.1}, **NUMBERS),
        StageConfig(
            "vae",
            "gaussian_vae",
            "latent_residual",
            6,
            network_options={"width": 32, "depth": 1},
            model_options={"error_space": "pixels"},
            **NUMBERS,
        ),
        StageConfig("second", "gaussian_vae", "concat_mlp", 6, network_options={"width": 16, "depth": 1}, **NUMBERS),
    ),
)


def images(count=64, seed=0):
    """uint8 (count, 4, 6, 1)."""
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE), dtype=np.uint8)


def networks(latent_dim=3, shape=SHAPE, stochastic=True):
    """A small encoder and decoder with weights that are the same in each call."""
    keras.utils.set_random_seed(1)
    hidden = (8, 7)
    encoder = asperti_dense.encoder(shape, latent_dim, stochastic=stochastic, hidden=hidden)
    return encoder, asperti_dense.decoder(latent_dim, shape, hidden=hidden)


def halves(units=6):
    """A stock encoder with one output, and a decoder."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    encoder = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(8, "relu"), layers.Dense(units)])
    decoder = keras.Sequential([keras.Input((3,)), layers.Dense(24, "sigmoid"), layers.Reshape(SHAPE)])
    return encoder, decoder


def vae(**options):
    """A small GaussianVAE on images."""
    return GaussianVAE(*networks(), name="vae", **options)


def weights(model):
    """All weights of a model as one vector."""
    return np.concatenate([np.ravel(variable.numpy()) for variable in model.weights])
