"""Small models and data that several tests train."""

import keras
import numpy as np

from keras_vae.models import GaussianVAE
from keras_vae.networks import asperti_dense

SHAPE = (4, 6, 1)


def images(count=64, seed=0):
    """uint8 (count, 4, 6, 1)."""
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE), dtype=np.uint8)


def networks(latent_dim=3, shape=SHAPE, stochastic=True):
    """A small encoder and decoder with weights that are the same in each call."""
    keras.utils.set_random_seed(1)
    hidden = (8, 7)
    encoder = asperti_dense.encoder(shape, latent_dim, stochastic=stochastic, hidden=hidden)
    return encoder, asperti_dense.decoder(latent_dim, shape, hidden=hidden)


def vae(**options):
    """A small GaussianVAE on images."""
    return GaussianVAE(*networks(), name="vae", **options)


def weights(model):
    """All weights of a model as one vector."""
    return np.concatenate([np.ravel(variable.numpy()) for variable in model.weights])
