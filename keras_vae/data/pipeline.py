"""Epochs of batches for `fit`, each a pure function of (seed, epoch)."""

import keras
import numpy as np
import tensorflow as tf

from keras_vae.data.mapped import gather


class Epochs:
    """Shuffled batches of rows of parallel arrays. `begin(epoch)` must be called before each; Reshuffle does, in `fit`.

    Since the order is a function of (seed, epoch), a resumed run sees the batches that the uninterrupted run would
    have seen. What does not fill a batch is left out, a different remainder each epoch.
    """

    def __init__(self, arrays, batch_size, seed):
        self.arrays, self.batch_size, self.seed, self.epoch = tuple(arrays), batch_size, seed, 0
        self.steps = len(self.arrays[0]) // batch_size
        if not self.steps:
            count = len(self.arrays[0])  # the largest power of two in it is proposed
            raise ValueError(
                f"the batch size, {batch_size}, is larger than the {count} training examples; "
                f"choose a smaller one, for example --set STAGE.batch_size={1 << count.bit_length() >> 1}"
            )
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if batch_size % replicas:
            legal = [size for size in (batch_size - batch_size % replicas, batch_size + -batch_size % replicas) if size]
            raise ValueError(
                f"the batch size, {batch_size}, cannot be shared equally by {replicas} replicas; the nearest that can: "
                f"{' and '.join(map(str, legal))}"
            )

    def begin(self, epoch):
        """Give the batches of this epoch (counted from 0) from the next iterator on."""
        self.epoch = epoch

    def dataset(self):
        """Return a tf.data of batches (batch_size, ...), one epoch long; each new iterator gives the current epoch.

        In the scope of a strategy of several replicas: a distributed one, whose workers read only the rows of their own
        replicas. Replica r of R has the rows r B / R to (r + 1) B / R of each batch of B.
        """
        strategy = tf.distribute.get_strategy()
        if strategy.num_replicas_in_sync == 1:
            return self._parts(1, 0, 1)
        parts = strategy.distribute_datasets_from_function(
            lambda its: self._parts(its.num_input_pipelines, its.input_pipeline_id, its.num_replicas_in_sync)
        )
        parts._cardinality = np.int64(self.steps)  # for Keras, in steps: TensorFlow counts the parts of all replicas
        return parts

    def _parts(self, workers, worker, replicas):
        """tf.data of the parts of each batch that replicas of one worker take, (batch_size / replicas, ...) each."""
        # numpy_function, not from_generator: a living generator halves the speed of XLA programs beside it (measured).
        types = [array.dtype for array in self.arrays]
        count, rows_each = self.steps * replicas // workers, self.batch_size // replicas

        @tf.autograph.experimental.do_not_convert
        def order(_):
            rows = tf.numpy_function(lambda: self._order(workers, worker).reshape(count, rows_each), [], tf.int64)
            return tf.data.Dataset.from_tensor_slices(tf.ensure_shape(rows, (count, rows_each)))

        @tf.autograph.experimental.do_not_convert
        def part(rows):
            parts = tf.numpy_function(lambda rows: tuple(gather(array, rows) for array in self.arrays), [rows], types)
            shapes = [(rows_each, *array.shape[1:]) for array in self.arrays]
            parts = tuple(tf.ensure_shape(part, shape) for part, shape in zip(parts, shapes))
            return parts if len(parts) > 1 else parts[0]

        parts = tf.data.Dataset.range(1).flat_map(order).map(part).prefetch(2)
        # There is nothing to tune, and the end of an epoch would wait for the tuner's thread, for seconds (measured).
        untuned = tf.data.Options()
        untuned.autotune.enabled = False
        return parts.with_options(untuned).apply(tf.data.experimental.assert_cardinality(count))

    def _order(self, workers, worker):
        """Rows of each batch of the current epoch that a worker reads, (steps, batch_size / workers)."""
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.arrays[0]))
        order = order[: self.steps * self.batch_size].reshape(self.steps, workers, -1)
        return order[:, worker].astype(np.int64)


class Reshuffle(keras.callbacks.Callback):
    """Shuffle callback: tell Epochs which epoch begins; a resumed run then has the order of the uninterrupted one."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.begin(epoch)
