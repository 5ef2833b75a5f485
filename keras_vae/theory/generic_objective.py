"""Eq. (7) of infinite gradients, and eq. (6) of regularisation balance (where g = h): the generic autoencoder
objective.

L_{g,h} = g(1/(dn) sum_i ||x_i - mu_x(z_i)||^2) + 1/d sum_k h(1/n ||z_k||^2)
"""

import numpy as np
import tensorflow as tf

from keras_vae.maths import penalties
from keras_vae.models.penalized import PenalizedAutoencoder
from keras_vae.networks import asperti_dense
from keras_vae.theory._claims import equal


def generic_objective(x, x_hat, z, g, h):
    """L_{g,h}, a scalar. x, x_hat: (n, d); z: (n, kappa), its columns are the paper's rows z_k; g, h: u -> penalty."""
    d = x.shape[1]
    penalty = tf.reduce_sum(h(tf.reduce_mean(tf.square(z), axis=0)))
    return g(tf.reduce_mean(tf.square(x - x_hat))) + penalty / d


def check():
    """The project's own autoencoder trains this objective."""
    x = np.random.default_rng(0).standard_normal((16, 6)).astype(np.float32)
    stage = PenalizedAutoencoder(
        asperti_dense.encoder((6,), 3, stochastic=False), asperti_dense.decoder(3, (6,)), g="log", h="arctan"
    )
    terms, z = stage.objective(tf.constant(x), tf.constant(x), lambda x_hat: x_hat, training=False)
    expected = generic_objective(x, stage.decode(z), z, penalties.log, penalties.arctan)
    return [equal("PenalizedAutoencoder's loss is eq. (7)", expected, tf.reduce_mean(terms["loss"]), 1e-5)]
