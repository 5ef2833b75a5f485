"""Dai & Wipf's "Infogan" network (two-stage VAE, ICLR 2019; facts from network/ in daib13/TwoStageVAE).

Weights start from a normal of stddev 0.02; spectral normalisation in the encoder only, its head included. One thing
differs: their stddev is 1e-6 + softplus(.), here it is exp(log_variance / 2) as everywhere, so that zero weights give
the prior.
"""

import math

import keras

from keras_vae.networks._blocks import DAI_WIPF_NORM, gaussian_head, norm_relu, output
from keras_vae.networks._norm import BatchNorm
from keras_vae.networks._sizes import check_sizes, image_size

JIT_COMPILE = False
CONVOLUTION = {"kernel_size": 4, "strides": 2, "padding": "same"}


def encoder(shape, latent_dim, *, stochastic=True):
    """x (batch, H, W, C), H and W multiples of 4 -> mean, stddev, each (batch, latent_dim)."""
    check_sizes(shape, latent_dim)
    _quarter(shape)
    x = keras.Input(shape, name="x")
    hidden = _spectral(keras.layers.Conv2D(64, **CONVOLUTION, **_start()), "conv1")(x)
    hidden = keras.layers.LeakyReLU(0.2, name="conv1_relu")(hidden)
    hidden = _spectral(keras.layers.Conv2D(128, **CONVOLUTION, **_start()), "conv2")(hidden)
    hidden = keras.layers.Flatten()(_norm_leaky_relu(hidden, "conv2"))
    hidden = _norm_leaky_relu(_spectral_dense(1024, name="dense3")(hidden), "dense3")
    return keras.Model(x, gaussian_head(hidden, latent_dim, stochastic, _spectral_dense), name="encoder")


def decoder(latent_dim, shape):
    """z (batch, latent_dim) -> x (batch, H, W, C), H and W multiples of 4."""
    check_sizes(shape, latent_dim)
    small = (*_quarter(shape), 128)
    z = keras.Input((latent_dim,), name="z")
    hidden = norm_relu(keras.layers.Dense(1024, **_start(), name="first")(z), "first", **DAI_WIPF_NORM)
    hidden = keras.layers.Dense(math.prod(small), **_start(), name="dense2")(hidden)
    hidden = keras.layers.Reshape(small)(norm_relu(hidden, "dense2", **DAI_WIPF_NORM))
    hidden = keras.layers.Conv2DTranspose(64, **CONVOLUTION, **_start(), name="conv3")(hidden)
    hidden = norm_relu(hidden, "conv3", **DAI_WIPF_NORM)
    last = keras.layers.Conv2DTranspose(shape[-1], **CONVOLUTION, **_start(), dtype="float32", name="last")
    return keras.Model(z, output(last(hidden), shape), name="decoder")


def _quarter(shape):
    height, width = image_size(shape, "infogan", lambda h, w: h % 4 == 0 and w % 4 == 0)
    return height // 4, width // 4


def _start():
    return {"kernel_initializer": keras.initializers.RandomNormal(stddev=0.02)}


def _spectral(layer, name):
    """Keras divides the stored kernel by its norm before each training step; theirs kept the raw kernel beside it."""
    return keras.layers.SpectralNormalization(layer, dtype=layer.dtype_policy, name=name)


def _spectral_dense(units, name, **options):
    return _spectral(keras.layers.Dense(units, **_start(), **options), name)


def _norm_leaky_relu(hidden, name):
    hidden = BatchNorm(**DAI_WIPF_NORM, name=f"{name}_norm")(hidden)
    return keras.layers.LeakyReLU(0.2, name=f"{name}_relu")(hidden)
