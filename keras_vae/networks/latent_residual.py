"""The small latent VAE "with skip connections" of stages 2 and 3 (regularisation-balance supplement, section 2).

The paper gives neither width nor depth; "small" is its word: nearly all parameters sit in the autoencoder below.
Nothing acts on the sums of the residual blocks, so there is an affine path from the input to the last hidden layer and,
in the decoder, from z to the output: mu_x = f(z) + W z + b, eq. (5) of the paper, its escape from over-regularisation.
The activation is tanh, as in the paper's MNIST networks; on curved 64-dimensional codes (themselves made
with a tanh) it also ended with a lower loss than ReLU and swish.
"""

import math

import keras

from keras_vae.networks._blocks import gaussian_head, output, residual_block
from keras_vae.networks._sizes import check_sizes

JIT_COMPILE = True


def encoder(shape, latent_dim, *, stochastic=True, width=256, depth=2):
    """x (batch, *shape) -> mean, stddev, each (batch, latent_dim), through `depth` residual blocks."""
    check_sizes(shape, latent_dim)
    x = keras.Input(shape, name="x")
    hidden = residual(keras.layers.Flatten()(x), width, depth)
    return keras.Model(x, gaussian_head(hidden, latent_dim, stochastic), name="encoder")


def decoder(latent_dim, shape, *, width=256, depth=2):
    """z (batch, latent_dim) -> x (batch, *shape), through `depth` residual blocks."""
    check_sizes(shape, latent_dim)
    z = keras.Input((latent_dim,), name="z")
    values = keras.layers.Dense(math.prod(shape), dtype="float32", name="last")(residual(z, width, depth))
    return keras.Model(z, output(values, shape), name="decoder")


def residual(values, width, depth):
    """A linear layer from `values` (batch, n) to `width`, and `depth` residual blocks on it."""
    hidden = keras.layers.Dense(width, name="first")(values)
    for block in range(1, depth + 1):
        hidden = residual_block(hidden, "tanh", f"block{block}")
    return hidden
