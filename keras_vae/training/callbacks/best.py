"""Best epoch of a second stage: the weights of the least held-out loss, kept beside the backup.

A second stage has as many codes as there are images, and noise of its own: it can learn them by heart, and then its
samples are no better for its lower loss.
"""

import numpy as np
import tensorflow as tf

from keras_vae.files import UNREADABLE, write_atomically


class Best:
    """The file `path` with the weights of the best epoch so far; its held-out loss is in nats, as the training loss.

    codes  two (n, latent_dim): mean and deviation of q(z|x) of held-out images by the stage below.

    The same draws are judged each epoch, by the same noise of the stage, so epochs differ by its weights alone.
    """

    def __init__(self, path, stage, codes, seed):
        mean, stddev = codes
        random = np.random.default_rng([seed, 1])
        self.path, self.stage = path, stage
        self.codes = (mean + stddev * random.standard_normal(mean.shape)).astype(np.float32)
        self.noise = random.standard_normal((len(mean), stage.latent_dim)).astype(np.float32)
        self.loss, self.epoch, self.weights, self.saved = np.inf, 0, [], True
        if path.exists():
            self._read()

    def _read(self):
        try:
            with np.load(self.path) as stored:
                self.loss, self.epoch = float(stored["loss"]), int(stored["epoch"])
                self.weights = [stored[f"{index}"] for index in range(len(self.stage.variables))]
        except UNREADABLE as error:
            raise ValueError(
                f"{self.path} is damaged ({error}); delete {self.path.parent} to train this stage from its beginning"
            ) from error

    def measure(self, epoch):
        """Return the held-out loss after `epoch` (counted from 1), and keep the weights where it is the least."""
        codes, noise = tf.constant(self.codes), tf.constant(self.noise)
        terms, _ = self.stage.objective(codes, codes, lambda x: x, training=False, noise=noise)
        loss = float(tf.reduce_mean(terms["loss"]))
        if loss < self.loss:
            self.loss, self.epoch, self.saved = loss, epoch, False
            self.weights = [variable.numpy() for variable in self.stage.variables]
        return loss

    def save(self):
        """Write the file, before the backup: a run that goes on from this repeats what came after."""
        if not self.saved:
            arrays = {f"{index}": weight for index, weight in enumerate(self.weights)}
            write_atomically(self.path, lambda file: np.savez(file, loss=self.loss, epoch=self.epoch, **arrays))
            self.saved = True

    def put_back(self):
        """Give the stage the weights of the best epoch."""
        for variable, weight in zip(self.stage.variables, self.weights):
            variable.assign(weight)
