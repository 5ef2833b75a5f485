"""The affine VAE of Theorem 1 (regularisation-balance paper, section 3): mu_z = W_z x + b_z, mu_x = W_x z + b_x.

The posterior variance is s^2, one free vector for all x. Every minimum of this VAE is known in closed form.
"""

import math

import keras

from keras_vae.networks._blocks import mean_head, stddev_head
from keras_vae.networks._sizes import check_sizes

JIT_COMPILE = True


def encoder(shape, latent_dim, *, stochastic=True):
    """x (batch, *shape) -> mean = W_z x + b_z and stddev = s, the same for all x; each (batch, latent_dim)."""
    check_sizes(shape, latent_dim)
    x = keras.Input(shape, name="x")
    flat = keras.layers.Flatten(dtype="float32")(x)
    mean = mean_head(flat, latent_dim)
    if not stochastic:
        return keras.Model(x, mean, name="encoder")
    one = keras.ops.ones_like(flat[:, :1])
    return keras.Model(x, [mean, stddev_head(one, latent_dim, _vector)], name="encoder")


def decoder(latent_dim, shape):
    """z (batch, latent_dim) -> x = W_x z + b_x (batch, *shape): linear even for images, as the theorem needs."""
    check_sizes(shape, latent_dim)
    z = keras.Input((latent_dim,), name="z")
    values = keras.layers.Dense(math.prod(shape), dtype="float32", name="first")(z)
    return keras.Model(z, keras.layers.Reshape(shape, dtype="float32", name="output")(values), name="decoder")


def _vector(units, **options):
    """A trainable vector made of a stock layer: the kernel (1, units) of a dense layer that only ever sees the 1."""
    return keras.layers.Dense(units, use_bias=False, kernel_initializer="zeros", **options)
