"""Autoencoders with a generic penalty on each latent dimension."""

import keras
import tensorflow as tf

from keras_vae import plugins
from keras_vae.checks import number
from keras_vae.maths.gaussians import dimensions
from keras_vae.maths.penalties import PENALTIES
from keras_vae.models.autoencoder import Autoencoder


@keras.saving.register_keras_serializable("keras_vae")
class PenalizedAutoencoder(Autoencoder):
    """Minimises eq. (7) of infinite gradients (with g = h, eq. (6) of regularisation balance) over the batch,

        g(mean_i ||x_i - mu_x(z_i)||^2 / d) + (1/d) sum_k h(mean_i z_ik^2),

    g and h named after functions of maths/penalties.py. The constraint theta in Theta, without which codes shrink to
    zero while the decoder grows, is a bound `max_norm` on the norm of the weights into each decoder unit.
    """

    TERMS = ("loss", "squared_error", "penalty")

    def __init__(self, encoder, decoder, g="log", h="log", max_norm=3.0, **kwargs):
        super().__init__(encoder, decoder, **kwargs)
        self.g, self.h, self.max_norm = g, h, number("max_norm", max_norm, above=0)
        self._penalty_on_error, self._penalty_on_code = _penalty(g), _penalty(h)
        for kernel in (variable for variable in self.decoder.trainable_variables if variable.name == "kernel"):
            kernel.constraint = keras.constraints.MaxNorm(max_norm, axis=list(range(kernel.ndim - 1)))

    def objective(self, x, target, below, training):
        terms, z = super().objective(x, target, below, training)
        d, error = dimensions(target), terms["squared_error"]
        fit = self._penalty_on_error(tf.reduce_mean(error) / d)
        penalty = tf.reduce_sum(self._penalty_on_code(tf.reduce_mean(tf.square(z), axis=0))) / d
        return {**terms, "loss": fit + penalty, "penalty": penalty}, z

    def get_config(self):
        return {**super().get_config(), "g": self.g, "h": self.h, "max_norm": self.max_norm}


MODEL = PenalizedAutoencoder


def _penalty(name):
    return PENALTIES[plugins.one_of(name, PENALTIES, "penalty")]
