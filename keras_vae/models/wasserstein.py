"""The Wasserstein autoencoder with an MMD penalty (Tolstikhin et al. 2018), the papers' baseline."""

import keras
import tensorflow as tf

from keras_vae.checks import not_negative
from keras_vae.maths.kernels import unbiased_mmd
from keras_vae.models.autoencoder import Autoencoder


@keras.saving.register_keras_serializable("keras_vae")
class WassersteinAutoencoder(Autoencoder):
    """Minimises ||x - mu_x(z)||^2 + weight * MMD(q(z), N(0, I)), z = mu_z(x), with the inverse multiquadratic kernel.

    Tolstikhin et al. minimise 0.05 ||x - x_hat||^2 + lambda MMD on images in [-1, 1]; in [0, 1] that is `weight` = 5
    lambda, 500 for their lambda = 100 on CelebA.

    The MMD is estimated on the codes of one replica's batch: unbiased with any number of replicas, but noisier when
    they share a small batch; keep 100 or more examples a replica, as its authors did.
    """

    TERMS = ("loss", "squared_error", "mmd")
    has_prior = True

    def __init__(self, encoder, decoder, weight=100.0, **kwargs):
        super().__init__(encoder, decoder, **kwargs)
        self.weight = not_negative("weight", weight)

    def objective(self, x, target, below, training):
        terms, z = super().objective(x, target, below, training)
        mmd = unbiased_mmd(z, self.noise.normal(z, self.in_xla))
        loss = tf.reduce_mean(terms["squared_error"]) + self.weight * mmd
        return {**terms, "loss": loss, "mmd": mmd}, z

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


MODEL = WassersteinAutoencoder
