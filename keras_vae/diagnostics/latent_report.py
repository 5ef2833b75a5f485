"""Latent moments as a Keras metric, and a callback that reports them during the fit of any Keras model."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from keras_vae.maths.gaussians import kl_terms


class LatentReport(keras.callbacks.Callback):
    """Adds to the logs of each epoch the results of LatentMoments on `images`, as latent_active, latent_law_mean, ...

    encoder    any Keras model or function; images -> (mean, stddev, ...), each (batch, latent_dim).
    images     what the encoder takes, an array (n, ...).
    to_stddev  for an encoder that returns something else, as log variances: lambda v: keras.ops.exp(v / 2).
    """

    def __init__(
        self, encoder: Callable, images: np.ndarray, batch_size: int = 256, to_stddev: Callable | None = None
    ) -> None:
        super().__init__()
        self.encoder, self.images, self.batch_size = encoder, images, batch_size
        self.to_stddev = to_stddev or (lambda stddev: stddev)
        self.moments: LatentMoments | None = None
        options = {"training": False} if isinstance(encoder, keras.layers.Layer) else {}
        self._posterior = tf.function(lambda x: encoder(x, **options), reduce_retracing=True)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if self.moments is not None:
            self.moments.reset_state()
        for start in range(0, len(self.images), self.batch_size):
            code = self._posterior(tf.convert_to_tensor(self.images[start : start + self.batch_size]))
            if not isinstance(code, (tuple, list)) or len(code) < 2:
                raise ValueError("encoder returned one tensor; expected (mean, stddev)")
            mean, stddev = code[0], self.to_stddev(code[1])
            if self.moments is None:
                self.moments = LatentMoments(mean.shape[-1])
            self.moments.update_state(mean, stddev)
        if logs is not None and self.moments is not None:
            logs.update({f"latent_{name}": float(value) for name, value in self.moments.result().items()})


@keras.saving.register_keras_serializable("keras_vae")
class LatentMoments(keras.metrics.Metric):
    """A metric of (mean, stddev) batches, each (batch, latent_dim), equal to the functions on whole arrays.

    result() is a dict of scalars: `active`, the count of active dimensions; `law_mean` and `law_worst`, the variance
    law's mean and its value furthest from 1, over the active dimensions (over all where none is active); `kl` in nats.
    `variance_of_mean` and `mean_of_variance` are the state per dimension, (latent_dim,).

    The state is plain sums, which add up over replicas. They are float64: a variance of 1e-4 about a mean of 5 loses
    six of its sixteen digits, where float32 would have none left.
    """

    def __init__(
        self, latent_dim: int, threshold: float = 0.01, name: str = "latent_moments", **kwargs: object
    ) -> None:
        super().__init__(name=name, **{**kwargs, "dtype": "float64"})
        self.latent_dim, self.threshold = latent_dim, threshold
        names = ("mean", "squared_mean", "variance", "divergence")
        self.sums = [self._sum((latent_dim,), f"{name}_sum") for name in names]
        self.count = self._sum((), "count")

    def _sum(self, shape, name):
        return self.add_variable(shape, "zeros", dtype="float64", name=name)

    def update_state(self, mean: tf.Tensor, stddev: tf.Tensor) -> None:
        mean, stddev = tf.cast(mean, tf.float64), tf.cast(stddev, tf.float64)
        for total, values in zip(self.sums, (mean, tf.square(mean), tf.square(stddev), kl_terms(mean, stddev))):
            total.assign_add(tf.reduce_sum(values, axis=0))
        self.count.assign_add(tf.cast(tf.shape(mean)[0], tf.float64))

    def _means(self):
        count = tf.convert_to_tensor(self.count)
        return [tf.math.divide_no_nan(tf.convert_to_tensor(total), count) for total in self.sums]

    @property
    def variance_of_mean(self) -> tf.Tensor:
        mean, squared_mean, _, _ = self._means()
        return tf.maximum(squared_mean - tf.square(mean), 0.0)

    @property
    def mean_of_variance(self) -> tf.Tensor:
        return self._means()[2]

    def result(self) -> dict[str, tf.Tensor]:
        variance = self.variance_of_mean
        active = variance > self.threshold
        law = variance + self.mean_of_variance
        law = tf.boolean_mask(law, active | ~tf.reduce_any(active))
        return {
            "active": tf.reduce_sum(tf.cast(active, tf.float64)),
            "law_mean": tf.reduce_mean(law),
            "law_worst": tf.gather(law, tf.argmax(tf.abs(law - 1.0))),
            "kl": tf.reduce_sum(self._means()[3]),
        }

    def get_config(self) -> dict:
        return {"name": self.name, "latent_dim": self.latent_dim, "threshold": self.threshold}
