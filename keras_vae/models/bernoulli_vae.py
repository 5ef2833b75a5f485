"""The VAE with a Bernoulli decoder: binary cross-entropy in place of the squared distance."""

import keras
import tensorflow as tf

from keras_vae.models.decoder_variance import DecoderVariance
from keras_vae.models.gaussian_vae import GaussianVAE


@keras.saving.register_keras_serializable("keras_vae")
class BernoulliVAE(GaussianVAE):
    """q(z|x) and p(z) of GaussianVAE; p(x|z) = prod_i mu_i^x_i (1 - mu_i)^(1 - x_i), mu = mu_x(z) in (0, 1).

    Grey pixels x in [0, 1] are taken for probabilities, as is usual: then this is no density of x, and its nats compare
    with those of other Bernoulli decoders alone. There is no variance in the loss; gamma follows the squared error by
    eq. (6) of infinite gradients, for what is measured in squared errors.
    """

    is_gaussian = False

    def __init__(self, encoder, decoder, gamma=None, **kwargs):
        super().__init__(encoder, decoder, gamma=gamma or DecoderVariance("optimal", name="gamma"), **kwargs)
        if self.error_space == "own" and len(self.data_shape) != 3:
            raise ValueError(
                f"a Bernoulli decoder models pixels in [0, 1], and {self.name!r} would model data of shape "
                f"{self.data_shape}; use a gaussian_vae, or model_options.error_space=pixels"
            )

    def log_likelihood(self, x, x_hat):
        pixels = tuple(range(1, len(x.shape)))
        return -tf.reduce_sum(keras.ops.binary_crossentropy(x, tf.cast(x_hat, tf.float32)), axis=pixels)


MODEL = BernoulliVAE
