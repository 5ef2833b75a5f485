"""Blocks that several networks share: the Gaussian head of encoders, the output of decoders, residual blocks."""

import math

import keras

from keras_vae.networks._norm import BatchNorm

# exp of a wild pre-activation (a first batch of unscaled vectors, a bad step) would be infinite, and one infinity makes
# every weight NaN. The bounds are far outside what training visits: stddev stays within 3e-7 and 148.
LOG_VARIANCE_BOUNDS = (-30.0, 10.0)

# Dai & Wipf's batch normalisation (their network/util.py): Keras' own defaults are 0.99 and 1e-3. Statistics are taken
# over all replicas, so that the number of devices does not change the model.
DAI_WIPF_NORM = {"momentum": 0.999, "epsilon": 1e-5, "synchronized": True}


def mean_head(hidden, latent_dim, dense=keras.layers.Dense):
    """The mean of q(z|x), (batch, latent_dim) float32. `dense` makes the layer: `keras.layers.Dense` or alike."""
    return _flat(dense(_units(hidden, latent_dim), dtype="float32", name="mean")(hidden))


def stddev_head(hidden, latent_dim, dense=keras.layers.Dense):
    """The standard deviation of q(z|x), (batch, latent_dim) float32: exp(log_variance / 2).

    With zero weights it is exactly 1, the prior's own: the stationary point of Theorem 2 of the regularisation-balance
    paper (supplement, eq. (20)).
    """
    log_variance = _flat(dense(_units(hidden, latent_dim), dtype="float32", name="log_variance")(hidden))
    return keras.ops.exp(keras.ops.clip(log_variance, *LOG_VARIANCE_BOUNDS) / 2)


def gaussian_head(hidden, latent_dim, stochastic, dense=keras.layers.Dense):
    """[mean, stddev] of q(z|x) when `stochastic`, else the mean alone; each (batch, latent_dim) float32.

    `hidden` is (batch, n), or a feature map (batch, h, w, n): a dense layer acts on the last axis, so on a map it is
    the 1x1 convolution to (h, w, latent_dim / hw), then flattened.
    """
    mean = mean_head(hidden, latent_dim, dense)
    return [mean, stddev_head(hidden, latent_dim, dense)] if stochastic else mean


def output(hidden, shape, activation=None):
    """A decoder's last layer: `hidden`, already as many numbers as `shape` holds, as float32 of `shape` (no batch).

    Images (H, W, C) live in [0, 1] and pass a sigmoid; vectors, the codes of the stage below, are unbounded and do not.
    `activation` replaces that choice. float32 because bfloat16 resolves 1/256, which is as much as the stddev of a
    well-trained decoder (small gamma).
    """
    activation = activation or ("sigmoid" if len(shape) == 3 else "linear")
    values = keras.layers.Reshape(shape, dtype="float32")(hidden)
    return keras.layers.Activation(activation, dtype="float32", name="output")(values)


def norm_relu(hidden, name, **norm):
    """Batch normalisation, then ReLU; the shape is kept. `norm` goes to `BatchNorm`."""
    norm = {"synchronized": True, **norm}
    hidden = BatchNorm(**norm, name=f"{name}_norm")(hidden)
    return keras.layers.ReLU(name=f"{name}_relu")(hidden)


def residual_block(hidden, activation, name, skip=True):
    """Two dense layers of the width of `hidden` (batch, width), each followed by `activation`, added to `hidden`.

    Nothing acts on the sum, so a chain of blocks keeps an affine path from its first input to its last output
    (regularisation-balance paper, eq. (5)). `skip=False` leaves out the addition and nothing else.
    """
    inner = hidden
    for layer in (1, 2):
        inner = keras.layers.Dense(hidden.shape[-1], activation=activation, name=f"{name}_dense{layer}")(inner)
    return keras.layers.Add(name=f"{name}_add")([hidden, inner]) if skip else inner


def _units(hidden, latent_dim):
    return latent_dim // math.prod(hidden.shape[1:-1])


def _flat(values):
    return keras.layers.Flatten(dtype="float32")(values)
