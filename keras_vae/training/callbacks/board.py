"""TensorBoard: every logged number each epoch, images and histograms now and then."""

import keras
import numpy as np
import tensorflow as tf

from keras_vae.data.grids import grid, pairs
from keras_vae.training.callbacks.probe import measure

PICTURES = 10  # times a stage is pictured over its training


class Board(keras.callbacks.Callback):
    """Writes under `folder`. Scalars are those of the epoch's logs: it must come after the callbacks that add some."""

    def __init__(self, folder, images, epochs):
        super().__init__()
        self.writer = tf.summary.create_file_writer(str(folder))
        self.images, self.every, self.epochs = images, max(1, epochs // PICTURES), epochs

    def on_epoch_end(self, epoch, logs):
        with self.writer.as_default(step=epoch + 1):
            for name, value in logs.items():
                tf.summary.scalar(name, float(value))
            if (epoch + 1) % self.every == 0 or epoch + 1 == self.epochs:
                self._picture()
        self.writer.flush()

    def on_train_end(self, logs=None):
        self.writer.close()

    def _picture(self):
        stack = self.model
        name = stack.active_stage.name
        mean, stddev, reconstructions = measure(stack, name, self.images)[2]
        tf.summary.histogram("posterior mean", mean)
        tf.summary.histogram("posterior deviation", stddev)
        if len(stack.data_shape) == 3:
            tf.summary.image("reconstructions", pairs(self.images[:16], reconstructions[:16])[None])
            if stack.active_stage.has_prior:
                tf.summary.image("samples", grid(stack.sample(16, seed=0, stage=name))[None])
        tf.summary.histogram("variance of each mean", np.var(mean, axis=0))
