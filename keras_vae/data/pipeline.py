"""Epochs of batches for `fit`, each a pure function of (seed, epoch)."""

import numpy as np
import tensorflow as tf

BLOCK_BYTES = 1 << 24  # examples are fetched in blocks of about this size: a Python call a batch would cost too much


class Epochs:
    """Shuffled batches of rows of parallel arrays; set `epoch` before each epoch.

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

    def dataset(self):
        """tf.data of batches (batch_size, ...), one epoch long; each new iterator gives the current epoch."""
        shape = (None, self.batch_size)
        signature = tuple(tf.TensorSpec(shape + array.shape[1:], array.dtype) for array in self.arrays)
        blocks = tf.data.Dataset.from_generator(self._blocks, output_signature=signature)
        batches = blocks.unbatch().apply(tf.data.experimental.assert_cardinality(self.steps)).prefetch(2)
        if len(self.arrays) == 1:
            batches = batches.map(lambda array: array)
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
        return batches.with_options(options)

    def _blocks(self):
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.arrays[0]))
        order = order[: self.steps * self.batch_size].reshape(self.steps, self.batch_size)
        batch_bytes = sum(array[:1].nbytes for array in self.arrays) * self.batch_size
        size = max(1, BLOCK_BYTES // batch_bytes)
        for start in range(0, self.steps, size):
            rows = order[start : start + size]
            yield tuple(array[rows] for array in self.arrays)
