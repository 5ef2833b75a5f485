"""The MNIST networks of the regularisation-balance paper (supplement, section 2; Table 1 of the paper).

"The encoder has 6 feed-forward layers while the decoder has 3 residual blocks, each containing two layers. All the
hidden layers have 200 dimensions followed by a hyperbolic tangent activation." Images and vectors are both flattened.
"""

import math

import keras

from keras_vae.networks._blocks import gaussian_head, output, residual_block
from keras_vae.networks._sizes import check_sizes

JIT_COMPILE = True


def encoder(shape, latent_dim, *, stochastic=True, width=200):
    """x (batch, *shape) -> mean, stddev, each (batch, latent_dim), through 6 tanh layers."""
    check_sizes(shape, latent_dim)
    x = keras.Input(shape, name="x")
    hidden = keras.layers.Flatten()(x)
    for layer in range(1, 7):
        hidden = keras.layers.Dense(width, activation="tanh", name=f"dense{layer}")(hidden)
    return keras.Model(x, gaussian_head(hidden, latent_dim, stochastic), name="encoder")


def decoder(latent_dim, shape, *, width=200, skip=True, activation=None):
    """z (batch, latent_dim) -> x (batch, *shape), through 3 residual blocks.

    A linear layer lifts z to `width`, which the additions need, for every latent_dim alike, so that the rows of Table 1
    differ in latent_dim only. `skip=False` is the ablation (paper, section 6): the same layers without the additions.
    The paper names no activation of the output: `activation="linear"` gives its errors, the sigmoid that images have by
    default smaller ones.
    """
    check_sizes(shape, latent_dim)
    z = keras.Input((latent_dim,), name="z")
    hidden = keras.layers.Dense(width, name="first")(z)
    for block in range(1, 4):
        hidden = residual_block(hidden, "tanh", f"block{block}", skip)
    values = keras.layers.Dense(math.prod(shape), dtype="float32", name="last")(hidden)
    return keras.Model(z, output(values, shape, activation), name="decoder")
