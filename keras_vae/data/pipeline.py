"""Epochs of batches for `fit`, each a pure function of (seed, epoch)."""

import keras
import numpy as np
import tensorflow as tf

from keras_vae.data.store import gather


class Epochs:
    """Shuffled batches of rows of parallel arrays. `begin(epoch)` must be called before each; Reshuffle does, in `fit`.

    Since the order is a function of (seed, epoch), a resumed run sees the batches that the uninterrupted run would
    have seen. What does not fill a batch is left out, a different remainder each epoch.
    """

    def __init__(self, arrays, batch_size, seed):
        self.arrays, self.batch_size, self.seed, self.epoch = tuple(arrays), batch_size, seed, 0
        self.steps = len(self.arrays[0]) // batch_size
        if not self.steps:
            raise ValueError(
                f"the batch size, {batch_size}, is larger than the {len(self.arrays[0])} training examples; "
                "choose a smaller one, for example --set STAGE.batch_size=32"
            )

    def begin(self, epoch):
        """Give the batches of this epoch (counted from 0) from the next iterator on."""
        self.epoch = epoch

    def dataset(self):
        """Return a tf.data of batches (batch_size, ...), one epoch long; each new iterator gives the current epoch."""
        # numpy_function, not from_generator: a living generator halves the speed of XLA programs beside it (measured).
        types = [array.dtype for array in self.arrays]

        def order(_):
            rows = tf.numpy_function(lambda: self._order(), [], tf.int64)
            return tf.data.Dataset.from_tensor_slices(tf.ensure_shape(rows, (self.steps, self.batch_size)))

        def batch(rows):
            parts = tf.numpy_function(lambda rows: tuple(gather(array, rows) for array in self.arrays), [rows], types)
            shapes = [(self.batch_size, *array.shape[1:]) for array in self.arrays]
            parts = tuple(tf.ensure_shape(part, shape) for part, shape in zip(parts, shapes))
            return parts if len(parts) > 1 else parts[0]

        batches = tf.data.Dataset.range(1).flat_map(order).map(batch).prefetch(2)
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
        return batches.apply(tf.data.experimental.assert_cardinality(self.steps)).with_options(options)

    def _order(self):
        """Rows of each batch of the current epoch, (steps, batch_size)."""
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.arrays[0]))
        return order[: self.steps * self.batch_size].reshape(self.steps, self.batch_size).astype(np.int64)


class Reshuffle(keras.callbacks.Callback):
    """Shuffle callback: tell Epochs which epoch begins; a resumed run then has the order of the uninterrupted one."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.begin(epoch)
