"""A stage: one autoencoder, on its own or in a stack."""

import keras
import tensorflow as tf

from keras_vae import checks, plugins
from keras_vae.maths.arrays import to_unit
from keras_vae.maths.gaussians import log_likelihood
from keras_vae.models.decoder_variance import DecoderVariance
from keras_vae.models.noise import Noise
from keras_vae.models.trainable import Trainable

ERROR_SPACES = ("own", "pixels")


class Stage(Trainable):
    """An encoder x -> z, a decoder z -> x, and a loss.

    encoder   keras Model; x of shape (batch, *data_shape) -> [mean, stddev] (batch, latent_dim), or the mean alone.
    decoder   keras Model; z (batch, latent_dim) -> (batch, *data_shape).
    gamma     DecoderVariance.
    error_space  where the reconstruction error is measured inside a stack: "own", the space that the stage models, or
              "pixels", the images below, through the frozen stages under it (prescription 3 of regularisation balance).
    seed      of the reparameterisation noise.
    affine_skip  adds W z + b to the decoder's output: mu_x = f(z) + W z + b (eq. (5) of regularisation balance).

    A subclass defines `stochastic`, `has_prior` and `objective`.
    """

    stochastic = False  # whether a code is a draw from q(z|x), or the mean alone
    has_prior = False  # whether the loss brings the codes near N(0, I), so that it can be sampled from
    ex_post = False  # whether it is fitted to codes that are there, to be sampled from, and not trained by steps
    is_gaussian = True  # whether p(x|z) = N(mu_x(z), gamma I), a density of x

    def __init__(self, encoder, decoder, gamma=None, error_space="own", seed=0, affine_skip=False, **kwargs):
        error_space = kwargs.pop("measure", error_space)  # its name until version 0.2
        super().__init__(**kwargs)
        plugins.one_of(error_space, ERROR_SPACES, "error_space")
        for side, network in (("encoder", encoder), ("decoder", decoder)):
            if not isinstance(network, keras.Model):
                raise ValueError(f"{side} is a {type(network).__name__}; expected a keras.Model")
        if gamma is not None and not isinstance(gamma, DecoderVariance):
            raise ValueError(
                f"gamma is {gamma!r}; expected a DecoderVariance, DecoderVariance('fixed', initial=...) say"
            )
        checks.seed(seed, most=2**32)  # 100 times that of a run, and more
        self.encoder, self.decoder = encoder, decoder
        self.gamma = gamma or DecoderVariance(name="gamma")
        self.error_space, self.seed = error_space, seed
        self.noise = Noise(seed, name="noise")
        self.latent_dim, self.data_shape = decoder.input_shape[-1], tuple(decoder.output_shape[1:])
        self.affine_skip = None
        if affine_skip:
            units = int(tf.TensorShape(self.data_shape).num_elements())
            self.affine_skip = keras.Sequential(
                [
                    keras.Input((self.latent_dim,)),
                    keras.layers.Dense(units, dtype="float32", name="affine_skip"),
                    keras.layers.Reshape(self.data_shape, dtype="float32"),
                ],
                name="affine_skip",
            )
        self.built = True

    @property
    def EXTRAS(self):
        return tuple(self.gamma.bounds_hit())

    def encode(self, x, training=False):
        """Mean and standard deviation of q(z|x), each (batch, latent_dim) float32; zero deviation if deterministic."""
        code = _of_any_rows(self.encoder, x, training)
        mean, stddev = code if isinstance(code, (list, tuple)) else (code, tf.zeros_like(code))
        return mean, stddev

    def decode(self, z, training=False):
        """mu_x(z), (batch, *data_shape) float32."""
        x = _of_any_rows(self.decoder, z, training)
        return x if self.affine_skip is None else x + self.affine_skip(z)

    def log_likelihood(self, x, x_hat):
        """log p(x|z) of each example, (batch,) nats, where x_hat = mu_x(z)."""
        return log_likelihood(x, x_hat, self.gamma.value)

    def call(self, x, training=False):
        """The reconstruction from the posterior mean."""
        return self.decode(self.encode(to_unit(x), training)[0], training)

    def objective(self, x, target, below, training):
        """The terms of the loss and z. x: the stage's input; target: what below(decode(z)) should equal."""
        raise TypeError(f"{type(self).__name__} has no loss: define objective(x, target, below, training)")

    def terms(self, batch, training):
        x = to_unit(keras.utils.unpack_x_y_sample_weight(batch)[0])
        return self.objective(x, x, lambda x_hat: x_hat, training)

    def get_config(self):
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in PARTS}
        numbers = {"error_space": self.error_space, "seed": self.seed, "affine_skip": self.affine_skip is not None}
        return {"name": self.name, **parts, **numbers}

    @classmethod
    def from_config(cls, config):
        parts = {name: keras.saving.deserialize_keras_object(config[name]) for name in PARTS}
        return cls(**{**config, **parts})


def _of_any_rows(network, x, training):
    """network(x) where x may have no rows: oneDNN's convolution of an empty batch has a wrong shape."""
    if x.shape[0]:
        return network(x, training=training)
    rows = tf.shape(x)[0]
    x = tf.pad(x, [[0, tf.cast(rows == 0, tf.int32)], *[[0, 0]] * (len(x.shape) - 1)])
    return tf.nest.map_structure(lambda y: y[:rows], network(x, training=training))


PARTS = ("encoder", "decoder", "gamma")
