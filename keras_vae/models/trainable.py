"""Trainable: the train step, logs and steps per dispatch of everything that `fit` trains."""

import warnings

import keras
import tensorflow as tf

from keras_vae.models.multi_step import multi_step


class Trainable(keras.Model):
    """A model trained by minimising terms()["loss"].

    A subclass names its terms in TERMS and defines

        terms(batch, training) -> (dict name -> (batch,) tensor or scalar, z of shape (batch, latent))

    Per-example terms are sums over dimensions; they are averaged over the global batch and divided once by the number
    of replicas, because optimisers add up the gradients of the replicas.
    """

    TERMS = ("loss",)
    EXTRAS = ()  # names of further things that terms() returns to be logged

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.has_strategy = tf.distribute.has_strategy()

    def compile(self, optimizer="adam", *, jit_compile="auto", steps_per_execution=1, run_eagerly=False, **kwargs):
        super().compile(
            optimizer=optimizer,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            **kwargs,
        )
        self.trackers = {name: keras.metrics.Mean(name=name) for name in (*self.TERMS, *self.EXTRAS, "gradient_norm")}
        # The step at which each term first stopped being finite, -1 so far. Not a weight: it is not worth saving.
        self.first_failure = tf.Variable(
            tf.fill([len(self.TERMS)], tf.constant(-1, tf.int64)),
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    @property
    def metrics(self):
        return list(self.trackers.values()) if self.compiled else []

    @property
    def in_xla(self):
        """True where steps run inside an XLA program; under a strategy XLA cannot reach the mirrored variables."""
        return bool(self.jit_compile) and not self.run_eagerly and not self.has_strategy

    def terms(self, batch, training):
        raise TypeError(f"{type(self).__name__} does not say what it minimises: define terms(batch, training)")

    def train_step(self, batch):
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        with tf.GradientTape() as tape:
            terms, z = self.terms(batch, training=True)
            rows = tf.cast(tf.shape(z)[0], tf.float32)
            loss = self.optimizer.scale_loss(_mean(terms["loss"], rows) / replicas)
        variables = self.trainable_variables
        *gradients, dz = tape.gradient(loss, [*variables, z], unconnected_gradients=tf.UnconnectedGradients.ZERO)
        self._watch_finite(terms)
        self.optimizer.apply(gradients, variables)
        # The mean over examples of ||dL/dz||_2, L being the loss of one example (RB Fig. 1), whatever the loss scale.
        scale = tf.cast(self.optimizer.scale_loss(1.0 / replicas), tf.float32) / rows
        norms = tf.norm(tf.cast(dz, tf.float32), axis=-1) / scale
        norms = tf.where(tf.math.is_finite(norms), norms, 0.0)  # float16 may overflow in a step; scaling then skips it
        return self._track({**terms, "gradient_norm": norms}, rows)

    def fit(self, *args, **kwargs):
        history = super().fit(*args, **kwargs)
        if failed := self.failures():  # Keras goes on to the end without a word
            name, step = min(failed.items(), key=lambda each: each[1])
            warnings.warn(
                f"{self.name}: {name} stopped being finite at step {step:,}: the weights are no numbers. Bound the "
                "encoder's outputs, or take a smaller learning rate; keras.callbacks.TerminateOnNaN() stops at once",
                stacklevel=2,
            )
        return history

    def test_step(self, batch):
        terms, z = self.terms(batch, training=False)
        return self._track(terms, tf.cast(tf.shape(z)[0], tf.float32))

    def make_train_function(self, force=False):
        if self.train_function is None or force:
            self.train_function = multi_step(self, self.train_step)
        return self.train_function

    def make_test_function(self, force=False):
        if self.test_function is None or force:
            self.test_function = multi_step(self, self.test_step)
        return self.test_function

    def _maybe_symbolic_build(self, *args, **kwargs):
        # Our models are built at birth. Keras would build them here from a batch averaged over replicas, and workers
        # cannot average uint8.
        if self.optimizer is not None and not self.optimizer.built:
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)

    def failures(self):
        """{term: step at which it first became non-finite}, empty when all is well."""
        steps = self.first_failure.numpy()
        return {name: int(step) for name, step in zip(self.TERMS, steps) if step >= 0}

    def _watch_finite(self, terms):
        finite = tf.stack([tf.reduce_all(tf.math.is_finite(terms[name])) for name in self.TERMS])
        step = tf.cast(tf.convert_to_tensor(self.optimizer.iterations.value), tf.int64) + 1
        now = tf.where(finite, tf.constant(-1, tf.int64), step)
        self.first_failure.assign(tf.where(self.first_failure < 0, now, self.first_failure))

    def _track(self, terms, rows):
        for name, value in terms.items():
            self.trackers[name].update_state(_mean(value, rows), sample_weight=rows)
        return self.get_metrics_result()


def _mean(value, rows):
    """Mean over examples of a term; what is a scalar already stays. A replica left without examples by a short last
    batch contributes nothing, instead of 0/0."""
    return tf.math.divide_no_nan(tf.reduce_sum(value), rows) if value.shape.rank else value
