"""Asperti's convolutional network for MNIST (variable-collapse paper, Fig. 4), encoder as printed, decoder "symmetric".

The figure labels the convolutions of the last group and the one after it 3x3, but their parameter counts
(4128 = 2*2*32*32 + 32) say 2x2. It prints no activation between the two convolutions of a group, so there is none.
The last 2x2 convolution takes the 2x2 map to 1x1; at other image sizes its kernel is the whole map that is left.
"""

import keras

from keras_vae.networks._blocks import gaussian_head, norm_relu, output
from keras_vae.networks._sizes import check_sizes, image_size

JIT_COMPILE = False
# The groups of Fig. 4, each closed by batch normalisation and ReLU: (filters, kernel, stride) of every convolution.
GROUPS = (((16, 3, 2),), ((32, 3, 1), (32, 3, 2)), ((32, 3, 2), (32, 3, 1)), ((32, 2, 2), (32, 2, 1)))
WIDTH = 32


def encoder(shape, latent_dim, *, stochastic=True):
    """x (batch, H, W, C) -> mean, stddev, each (batch, latent_dim)."""
    check_sizes(shape, latent_dim)
    image_size(shape, "asperti_conv")
    x = hidden = keras.Input(shape, name="x")
    for group, convolutions in enumerate(GROUPS, start=1):
        for layer, (filters, kernel, stride) in enumerate(convolutions, start=1):
            convolution = keras.layers.Conv2D(filters, kernel, stride, "same", name=f"group{group}_conv{layer}")
            hidden = convolution(hidden)
        hidden = norm_relu(hidden, f"group{group}")
    hidden = keras.layers.Conv2D(WIDTH, hidden.shape[1:3], name="whole_map")(hidden)
    return keras.Model(x, gaussian_head(hidden, latent_dim, stochastic), name="encoder")


def decoder(latent_dim, shape):
    """z (batch, latent_dim) -> x (batch, H, W, C): the encoder's layers backwards, as transposed convolutions."""
    check_sizes(shape, latent_dim)
    maps = _maps(shape)
    z = keras.Input((latent_dim,), name="z")
    hidden = keras.layers.Reshape((1, 1, latent_dim))(z)
    hidden = keras.layers.Conv2DTranspose(WIDTH, 1, name="first")(hidden)
    hidden = keras.layers.Conv2DTranspose(WIDTH, maps.pop()[:2], name="whole_map")(hidden)
    for group, convolutions in reversed(list(enumerate(GROUPS, start=1))):
        hidden = norm_relu(hidden, f"group{group}")
        for layer, (_, kernel, stride) in reversed(list(enumerate(convolutions, start=1))):
            rows, columns, filters = maps.pop()
            convolution = keras.layers.Conv2DTranspose(
                filters, kernel, stride, "same", name=f"group{group}_conv{layer}"
            )
            # The encoder rounds odd sides up (7 -> 4) and doubling gives 8: what is too much is cut off.
            hidden = convolution(hidden)[:, :rows, :columns]
    return keras.Model(z, output(hidden, shape), name="decoder")


def _maps(shape):
    """The shapes (rows, columns, channels) of the encoder's maps: the image, then after every convolution."""
    maps = [(*image_size(shape, "asperti_conv"), shape[-1])]
    for filters, _, stride in (convolution for group in GROUPS for convolution in group):
        rows, columns, _ = maps[-1]
        maps.append((-(-rows // stride), -(-columns // stride), filters))
    return maps
