"""Dai & Wipf's second stage (two-stage VAE, ICLR 2019; facts from network/ in daib13/TwoStageVAE).

ReLU layers whose input is concatenated to the last hidden layer, in encoder and decoder: an affine path around the
network. Their encoder predicts log sigma; here, as everywhere, log sigma^2.
"""

import math

import keras

from keras_vae.networks._blocks import gaussian_head, output
from keras_vae.networks._sizes import check_sizes

JIT_COMPILE = True


def encoder(shape, latent_dim, *, stochastic=True, width=1024, depth=3):
    """x (batch, *shape) -> mean, stddev, each (batch, latent_dim)."""
    check_sizes(shape, latent_dim)
    x = keras.Input(shape, name="x")
    hidden = _concatenated(keras.layers.Flatten()(x), width, depth)
    return keras.Model(x, gaussian_head(hidden, latent_dim, stochastic), name="encoder")


def decoder(latent_dim, shape, *, width=1024, depth=3):
    """z (batch, latent_dim) -> x (batch, *shape)."""
    check_sizes(shape, latent_dim)
    z = keras.Input((latent_dim,), name="z")
    values = keras.layers.Dense(math.prod(shape), dtype="float32", name="last")(_concatenated(z, width, depth))
    return keras.Model(z, output(values, shape), name="decoder")


def _concatenated(values, width, depth):
    hidden = values
    for layer in range(1, depth + 1):
        name = "first" if layer == 1 else f"dense{layer}"
        hidden = keras.layers.Dense(width, activation="relu", name=name)(hidden)
    return keras.layers.Concatenate(name="concat")([values, hidden])
