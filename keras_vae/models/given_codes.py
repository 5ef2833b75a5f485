"""Given codes: the lowest stage of a stack on the posteriors of a model that was trained elsewhere."""

import math

import keras
import numpy as np
import tensorflow as tf

from keras_vae.models.decoder_variance import DecoderVariance
from keras_vae.models.stage import Stage


@keras.saving.register_keras_serializable("keras_vae")
class GivenCodes(Stage):
    """Posteriors q(z|x) as data: an example is (k, 2), mean and standard deviation of each of k dimensions.

    Its code is z, moved and scaled to mean 0 and variance 1 in each dimension, so that a stage above it meets codes of
    order one, whatever the model's. Nothing is trained.

    code_shape   of z in the model it comes from, (k,) or a map (h, w, c).
    stochastic   whether the codes are draws, stddev > 0; False for those of an autoencoder.
    """

    has_prior = True

    def __init__(self, code_shape, stochastic=True, name="codes", **kwargs):
        super(Stage, self).__init__(name=name, **kwargs)  # no networks
        self.code_shape, self.stochastic = tuple(code_shape), stochastic
        self.latent_dim = math.prod(self.code_shape)
        self.data_shape, self.error_space = (self.latent_dim, 2), "own"
        self.gamma = DecoderVariance("fixed", name="gamma")
        self.shift, self.scale, self.spread = (self._parameter(name) for name in ("shift", "scale", "spread"))
        self.built = True

    def _parameter(self, name):
        return self.add_weight(
            name=name, shape=(self.latent_dim,), initializer="ones", trainable=False, dtype="float32", autocast=False
        )

    def observe(self, mean, stddev):
        """Take over the moments of q(z) from posteriors, each (n, k)."""
        deviation = np.sqrt(np.var(mean, axis=0) + np.mean(np.square(stddev), axis=0))
        self.shift.assign(np.mean(mean, axis=0))
        self.scale.assign(np.where(deviation > 0.0, deviation, 1.0))
        self.spread.assign(np.mean(stddev, axis=0))

    def encode(self, x, training=False):
        shift, scale = tf.convert_to_tensor(self.shift.value), tf.convert_to_tensor(self.scale.value)
        return (x[..., 0] - shift) / scale, x[..., 1] / scale

    def decode(self, z, training=False):
        """z (n, k) -> (n, k, 2): the code as the model has it, and the mean deviation, which no code tells."""
        code = z * tf.convert_to_tensor(self.scale.value) + tf.convert_to_tensor(self.shift.value)
        return tf.stack([code, tf.broadcast_to(tf.convert_to_tensor(self.spread.value), tf.shape(code))], axis=-1)

    def get_config(self):
        return {"name": self.name, "code_shape": list(self.code_shape), "stochastic": self.stochastic}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
