"""The mixture of Gaussians as a top stage: ex-post density estimation (Ghosh et al. 2020)."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_vae.checks import whole
from keras_vae.models.decoder_variance import DecoderVariance
from keras_vae.models.stage import Stage

NO_VARIANCE = 1e-12  # gamma: a mixture is the density of codes itself, with no noise of a decoder around it


@keras.saving.register_keras_serializable("keras_vae")
class Mixture(Stage):
    """p(z) = sum_c w_c N(z; m_c, L_c L_c^T) of the codes z of the stage below, of `dimension` numbers.

    Fitted to draws z ~ q(z|x) once these are there (training/fit_mixture.py), not trained by steps.

    decode   the map of u ~ N(0, I), one number more than z has, to z ~ p(z), so it is sampled as any stage is: the
             first number picks the component, its intervals of the line having the probabilities w_c, and the others
             are u' in z = m_c + L_c u'.
    encode   the way back: u' of the most probable component, and of the first number mean and deviation in its
             interval. Hence decode(encode(z)) is z.
    """

    has_prior = True
    ex_post = True

    def __init__(self, dimension, components=64, name="mixture", **kwargs):
        super(Stage, self).__init__(name=name, **kwargs)  # no networks: weights are the parameters
        components = whole("components", components)
        self.latent_dim, self.data_shape, self.error_space = dimension + 1, (dimension,), "own"
        self.gamma = DecoderVariance("fixed", initial=NO_VARIANCE, name="gamma")
        self.components = components
        self.log_weights = self._parameter("log_weights", (components,), -np.log(components))
        self.means = self._parameter("means", (components, dimension), 0.0)
        self.roots = self._parameter("roots", (components, dimension, dimension), 0.0)
        self.roots.assign(tf.eye(dimension, batch_shape=[components]))
        self.built = True

    def _parameter(self, name, shape, value):
        initializer = keras.initializers.Constant(value)
        return self.add_weight(name=name, shape=shape, initializer=initializer, trainable=False, dtype="float32")

    def assign(self, weights, means, covariances):
        """Take over parameters: weights (components,), means (components, d), covariances (components, d, d)."""
        self.log_weights.assign(np.log(weights))
        self.means.assign(means)
        self.roots.assign(np.linalg.cholesky(covariances))

    def log_joint(self, z):
        """log w_c + log N(z; m_c, L_c L_c^T), (n, components), of z (n, d)."""
        components = tfd.MultivariateNormalTriL(tf.convert_to_tensor(self.means), tf.convert_to_tensor(self.roots))
        return tf.convert_to_tensor(self.log_weights) + components.log_prob(z[:, None])

    def log_density(self, z):
        """log p(z), exact, (n,) nats, of z (n, d)."""
        return tf.reduce_logsumexp(self.log_joint(z), axis=1)

    def encode(self, x, training=False):
        component = tf.argmax(self.log_joint(x), axis=1)
        root, mean = tf.gather(self.roots, component), tf.gather(self.means, component)
        inner = tf.linalg.triangular_solve(root, (x - mean)[..., None])[..., 0]
        place, width = (tf.gather(moment, component)[:, None] for moment in self._moments())
        return tf.concat([place, inner], axis=1), tf.concat([width, tf.zeros_like(inner)], axis=1)

    def decode(self, z, training=False):
        edges, _ = self._edges()
        component = tf.reduce_sum(tf.cast(z[:, :1] > edges[None], tf.int32), axis=1)
        root, mean = tf.gather(self.roots, component), tf.gather(self.means, component)
        return mean + tf.linalg.matvec(root, z[:, 1:])

    def _edges(self):
        """The inner edges of the components' intervals, (components - 1,), and the density N(0, 1) has there."""
        edges = tf.math.ndtri(tf.cumsum(tf.exp(self.log_weights))[:-1])
        return edges, tf.exp(-0.5 * tf.square(edges)) / np.sqrt(2.0 * np.pi)

    def _moments(self):
        """Mean and standard deviation of N(0, 1) in each interval, each (components,)."""
        edges, density = self._edges()
        weights = tf.exp(tf.convert_to_tensor(self.log_weights))
        outside = [[1, 1]]
        density, slope = tf.pad(density, outside), tf.pad(edges * density, outside)  # both are 0 at infinity
        mean = (density[:-1] - density[1:]) / weights
        variance = 1.0 + (slope[:-1] - slope[1:]) / weights - tf.square(mean)
        return mean, tf.sqrt(tf.maximum(variance, 0.0))

    def get_config(self):
        return {"name": self.name, "dimension": self.data_shape[0], "components": self.components}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


MODEL = Mixture
