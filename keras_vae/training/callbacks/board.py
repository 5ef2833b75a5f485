"""TensorBoard: every logged number each epoch, pictures and histograms now and then."""

import numpy as np
import tensorflow as tf

from keras_vae.data.grids import grid, pairs
from keras_vae.data.subset import rows

PICTURES = 10  # times a stage is pictured over its training
SHOWN = 16  # images


class Board:
    """TensorBoard's files under `folder`, of a stage that is trained for `epochs`; the seed picks the images shown."""

    def __init__(self, folder, epochs, seed):
        self.writer = tf.summary.create_file_writer(str(folder))
        self.every, self.epochs, self.seed = max(1, epochs // PICTURES), epochs, seed

    def write(self, epoch, logs, stack, probe):
        """Write the logs of an epoch (counted from 0) and, when it is time, the Probe and samples of the stack."""
        with self.writer.as_default(step=epoch + 1):
            for name, value in logs.items():
                tf.summary.scalar(name, float(value))
            if (epoch + 1) % self.every == 0 or epoch + 1 == self.epochs:
                self._picture(stack, probe)
        self.writer.flush()

    def close(self):
        """Close the file."""
        self.writer.close()

    def _picture(self, stack, probe):
        tf.summary.histogram("posterior mean", probe.mean)
        tf.summary.histogram("posterior deviation", probe.stddev)
        if len(stack.data_shape) == 3:
            shown = rows(len(probe.images), SHOWN, self.seed)
            tf.summary.image("reconstructions", pairs(probe.images[shown], probe.reconstructions[shown])[None])
            if stack.active_stage.has_prior:
                tf.summary.image("samples", grid(stack.sample(16, seed=0, stage=stack.active_stage.name))[None])
        tf.summary.histogram("variance of each mean", np.var(probe.mean, axis=0))
