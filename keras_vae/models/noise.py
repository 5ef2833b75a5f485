"""Reparameterisation noise with its own saved counter."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_vae")
class Noise(keras.layers.Layer):
    """Standard normal draws eps for z = mu + sigma * eps.

    A draw is a pure function of (seed, counter). The counter is a saved weight, so a resumed run continues the very
    same stream (a Keras SeedGenerator is not saved and would start again). Every replica draws the noise of the whole
    global batch and keeps its own rows: replicas differ from each other, and the number of replicas changes nothing.
    """

    def __init__(self, seed=0, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})  # whatever the precision of the networks
        self.seed = seed
        self.counter = self.add_weight(
            name="counter", dtype="int64", initializer="zeros", trainable=False, aggregation="only_first_replica"
        )
        self.built = True

    def normal(self, like, compiled):
        """Noise of the shape of `like` (batch, latent). `compiled`: the caller runs inside XLA, where threefry is the
        fastest generator by far; it has no kernel outside XLA on a CPU, so the plain path draws philox instead."""
        context = tf.distribute.get_replica_context()
        replicas, replica = tf.distribute.get_strategy().num_replicas_in_sync, context.replica_id_in_sync_group
        rows, latent_dim = tf.unstack(tf.shape(like))
        seed = tf.stack([tf.constant(self.seed, tf.int64), tf.convert_to_tensor(self.counter.value)])
        self.counter.assign_add(1)
        algorithm = "threefry" if compiled else "philox"
        draws = tf.random.stateless_normal([rows * replicas, latent_dim], seed, alg=algorithm)
        draws = draws if replicas == 1 else draws[rows * replica : rows * (replica + 1)]
        return tf.ensure_shape(draws, like.shape)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}
