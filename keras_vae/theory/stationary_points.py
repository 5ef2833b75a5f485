"""Theorem 2: where the weights into and out of a latent dimension are zero, so are their gradients.

Zero are column j of the decoder's first layer and row j of the encoder's two heads, of the mean and of log sigma^2. The
theorem's networks have no biases; with biases it holds if those of row j are zero too (otherwise the KL term pulls at
them). It needs z_j to enter the decoder through its first layer alone: it does not hold for `concat_mlp`, which joins z
to the last layer, nor with the affine skip of eq. (5), `affine_skip=True` (see affine_skip.py). Where the first layer
is a convolution over a map of codes, column j is shared by all dimensions of one channel, and the theorem holds for the
channel.
"""

import keras
import numpy as np
import tensorflow as tf

from keras_vae import plugins
from keras_vae.maths.gaussians import kl_divergence, log_likelihood
from keras_vae.models.gaussian_vae import GaussianVAE
from keras_vae.theory._claims import above, below

SHAPE, LATENT_DIM, CHOSEN = (8, 8, 1), 32, 5


def three_weights(stage, j):
    """The vectors of Theorem 2 for dimension j: {name: (variable, slice)}, w_mu_x, w_mu_z and w_sigma_z."""
    first = stage.decoder.get_layer("first")
    kernel = first.trainable_variables[0]
    axis = -1 if isinstance(first, keras.layers.Conv2DTranspose) else -2  # that of the layer's inputs
    column = [slice(None)] * len(kernel.shape)
    column[axis] = j % kernel.shape[axis]
    weights = {"w_mu_x": (kernel, tuple(column))}
    for name, layer in (("w_mu_z", "mean"), ("w_sigma_z", "log_variance")):
        kernel = stage.encoder.get_layer(layer).trainable_variables[0]
        weights[name] = kernel, (Ellipsis, j % kernel.shape[-1])
    return weights


def zero(stage, j):
    """Set the three vectors of dimension j to zero, and the biases of its heads, in place."""
    for variable, where in three_weights(stage, j).values():
        assign_zero(variable, where)
    for layer in ("mean", "log_variance"):
        for bias in stage.encoder.get_layer(layer).trainable_variables[1:]:
            assign_zero(bias, (j % bias.shape[0],))


def assign_zero(variable, where):
    """variable[where] = 0, in place."""
    values = variable.numpy()
    values[where] = 0.0
    variable.assign(values)


def flipped(noise, stage, j):
    """noise (n, latent_dim) with another sign of z_j, and of the dimensions that share its weights; no others."""
    channels = stage.encoder.get_layer("mean").trainable_variables[0].shape[-1]
    return np.where(np.arange(noise.shape[1]) % channels == j % channels, -noise, noise)


def gradients(stage, x, noise, j, gamma=0.1):
    """The gradients of the loss with respect to the three vectors of dimension j, {name: array}.

    noise (n, latent_dim): the loss is the mean over each draw and its `flipped` twin. At the theorem's point z_j is
    N(0, 1) whatever x is, so the two together have E[z_j | the rest] = 0, as in eq. (32): exact, with nothing left to
    chance.
    """
    weights, twins = three_weights(stage, j), []
    for eps in (noise, flipped(noise, stage, j)):
        with tf.GradientTape() as tape:
            mean, stddev = stage.encode(x)
            x_hat = stage.decode(mean + stddev * tf.constant(eps, tf.float32))
            loss = tf.reduce_mean(kl_divergence(mean, stddev) - log_likelihood(x, x_hat, gamma))
        found = tape.gradient(loss, [variable.value for variable, _ in weights.values()])
        twins.append([one.numpy()[where] for one, (_, where) in zip(found, weights.values())])
    return {name: (one + other) / 2 for name, one, other in zip(weights, *twins)}


def entrances(decoder):
    """Return how many layers of a decoder take z itself: the theorem is about decoders where it is one."""
    z = decoder.inputs[0]
    layers = (layer for layer in decoder.layers if not isinstance(layer, keras.layers.InputLayer))
    return sum(any(tensor is z for tensor in keras.tree.flatten(layer.input)) for layer in layers)


def largest(gradient):
    """The largest absolute value of the three gradients."""
    return max(np.abs(values).max() for values in gradient.values())


def build(network, shape=SHAPE, latent_dim=LATENT_DIM, seed=0, **options):
    """A GaussianVAE of the networks of that name; `options` are its own."""
    keras.utils.set_random_seed(seed)
    module = plugins.find("keras_vae.networks", network, kind="network")
    return GaussianVAE(module.encoder(shape, latent_dim), module.decoder(latent_dim, shape), **options)


def inputs(shape=SHAPE, latent_dim=LATENT_DIM, count=8, seed=0):
    """Images x (count, *shape) and noise (count, latent_dim)."""
    random = np.random.default_rng(seed)
    return random.random((count, *shape), np.float32), random.standard_normal((count, latent_dim)).astype(np.float32)


def check():
    """Every network of the project, eqs. (30), (31) and (33) of the supplement."""
    x, noise = inputs()
    claims = []
    for network in plugins.names("keras_vae.networks"):
        stage = build(network)
        before = largest(gradients(stage, x, noise, CHOSEN))
        zero(stage, CHOSEN)
        after = largest(gradients(stage, x, noise, CHOSEN)) / before
        if entrances(stage.decoder) == 1:
            claims.append(below(f"{network}: largest of the three gradients, relative to before", 1e-7, after))
        else:
            claims.append(above(f"{network}: z enters in more than one place, and the gradients stay", 1e-3, after))
    return claims
