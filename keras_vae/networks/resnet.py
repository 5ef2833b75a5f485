"""Dai & Wipf's "Resnet" network (two-stage VAE, ICLR 2019; facts from network/ in daib13/TwoStageVAE).

Defaults are those of their code; their CelebA command uses base_channels=32 and latent_dim=128. Their decoder grows a
2x2 map to a square image whose side is a power of two; here the smaller side starts at 2 or 3, so any H and W that can
be halved down to there will do. Their encoder predicts log sigma; here, as everywhere, log sigma^2.
"""

import keras

from keras_vae.networks._blocks import DAI_WIPF_NORM, gaussian_head, norm_relu, output
from keras_vae.networks._sizes import check_sizes, halvings, image_size, is_halvable

JIT_COMPILE = False
SMALLEST_SIDE = 2
MOST_CHANNELS = 1024


def encoder(
    shape,
    latent_dim,
    *,
    stochastic=True,
    base_channels=16,
    scales=4,
    blocks=1,
    depth=2,
    kernel_size=3,
    hidden_width=512,
):
    """x (batch, H, W, C) -> mean, stddev, each (batch, latent_dim).

    `scales` map sizes with `blocks` residual blocks of `depth` convolutions each, then the mean over the map, then one
    dense residual block of `hidden_width`.
    """
    check_sizes(shape, latent_dim)
    _smallest_map(shape)
    x = keras.Input(shape, name="x")
    hidden = keras.layers.Conv2D(base_channels, kernel_size, padding="same", name="conv0")(x)
    for scale in range(scales):
        channels = base_channels * 2**scale
        if scale:
            hidden = keras.layers.Conv2D(channels, kernel_size, strides=2, padding="same", name=f"down{scale}")(hidden)
        hidden = _scale_block(hidden, channels, f"scale{scale}", blocks, depth, kernel_size)
    hidden = keras.layers.GlobalAveragePooling2D(name="pool")(hidden)
    hidden = _dense_block(hidden, hidden_width, depth)
    return keras.Model(x, gaussian_head(hidden, latent_dim, stochastic), name="encoder")


def decoder(latent_dim, shape, *, base_channels=16, blocks=1, depth=2, kernel_size=3):
    """z (batch, latent_dim) -> x (batch, H, W, C). `base_channels` at full size, doubled at each halving, to 1024."""
    check_sizes(shape, latent_dim)
    rows, columns, times = _smallest_map(shape)
    channels = [min(base_channels * 2**scale, MOST_CHANNELS) for scale in range(times, -1, -1)]
    z = keras.Input((latent_dim,), name="z")
    hidden = keras.layers.Dense(rows * columns * channels[0], name="first")(z)
    hidden = keras.layers.Reshape((rows, columns, channels[0]))(hidden)
    for scale, filters in enumerate(channels[1:], start=1):
        up = keras.layers.Conv2DTranspose(filters, kernel_size, strides=2, padding="same", name=f"up{scale}")
        hidden = _scale_block(up(hidden), filters, f"scale{scale}", blocks, depth, kernel_size)
    last = keras.layers.Conv2D(shape[-1], kernel_size, padding="same", dtype="float32", name="last")
    return keras.Model(z, output(last(hidden), shape), name="decoder")


def _smallest_map(shape):
    """Rows and columns of the decoder's first map, and how many doublings lead from it to `shape`."""
    height, width = image_size(shape, "resnet", lambda h, w: is_halvable(h, w, SMALLEST_SIDE))
    times = halvings(height, width, SMALLEST_SIDE)
    return height // 2**times, width // 2**times, times


def _scale_block(hidden, channels, name, blocks, depth, kernel_size):
    """Pre-activation residual blocks; the shortcut is a convolution too, as in their code."""
    for block in range(1, blocks + 1):
        convolution = {"filters": channels, "kernel_size": kernel_size, "padding": "same"}
        inner = hidden
        for layer in range(1, depth + 1):
            label = f"{name}_block{block}_conv{layer}"
            inner = keras.layers.Conv2D(**convolution, name=label)(norm_relu(inner, label, **DAI_WIPF_NORM))
        shortcut = keras.layers.Conv2D(**convolution, name=f"{name}_block{block}_shortcut")(hidden)
        hidden = keras.layers.Add(name=f"{name}_block{block}_add")([inner, shortcut])
    return hidden


def _dense_block(hidden, width, depth):
    inner = hidden
    for layer in range(1, depth + 1):
        inner = keras.layers.ReLU(name=f"dense{layer}_relu")(inner)
        inner = keras.layers.Dense(width, name=f"dense{layer}")(inner)
    shortcut = keras.layers.Dense(width, name="dense_shortcut")(hidden)
    return keras.layers.Add(name="dense_add")([inner, shortcut])
