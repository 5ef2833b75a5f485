"""Asperti's dense network for MNIST (variable-collapse paper, Table 1): 784-256-64-32-16, the decoder mirrored.

The last number is latent_dim. `hidden=(256, 64, 16)` with latent_dim=2 is the network of Fig. 1. The paper does not
name the activation; ReLU is that of its convolutional network (Fig. 4).
"""

import math

import keras

from keras_vae.networks._blocks import gaussian_head, output
from keras_vae.networks._sizes import check_sizes

JIT_COMPILE = True


def encoder(shape, latent_dim, *, stochastic=True, hidden=(256, 64, 32)):
    """x (batch, *shape) -> mean, stddev, each (batch, latent_dim)."""
    check_sizes(shape, latent_dim)
    x = keras.Input(shape, name="x")
    values = keras.layers.Flatten()(x)
    for layer, width in enumerate(hidden, start=1):
        values = keras.layers.Dense(width, activation="relu", name=f"dense{layer}")(values)
    return keras.Model(x, gaussian_head(values, latent_dim, stochastic), name="encoder")


def decoder(latent_dim, shape, *, hidden=(256, 64, 32)):
    """z (batch, latent_dim) -> x (batch, *shape); `hidden` is the encoder's, read backwards."""
    check_sizes(shape, latent_dim)
    z = values = keras.Input((latent_dim,), name="z")
    for layer, width in enumerate(reversed(hidden), start=1):
        name = "first" if layer == 1 else f"dense{layer}"
        values = keras.layers.Dense(width, activation="relu", name=name)(values)
    values = keras.layers.Dense(math.prod(shape), dtype="float32", name="last")(values)
    return keras.Model(z, output(values, shape), name="decoder")
