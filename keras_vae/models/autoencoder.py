"""The deterministic, unregularised autoencoder."""

import keras
import tensorflow as tf

from keras_vae.maths.gaussians import dimensions, squared_error
from keras_vae.models.decoder_variance import DecoderVariance
from keras_vae.models.stage import Stage


@keras.saving.register_keras_serializable("keras_vae")
class Autoencoder(Stage):
    """Minimises ||x - mu_x(mu_z(x))||^2: the first stage of prescription 3 (regularisation balance, section 4).

    gamma follows its own error by eq. (6) of infinite gradients, so that images can be scored in nats.
    """

    TERMS = ("loss", "squared_error")

    def __init__(self, encoder, decoder, gamma=None, **kwargs):
        super().__init__(encoder, decoder, gamma=gamma or DecoderVariance("optimal", name="gamma"), **kwargs)

    def objective(self, x, target, below, training):
        z, _ = self.encode(x, training)
        error = squared_error(target, below(self.decode(z, training)))
        if training:
            self.gamma.observe(tf.reduce_mean(error) / dimensions(target))
        return {"loss": error, "squared_error": error, **self.gamma.bounds_hit()}, z


MODEL = Autoencoder
