"""Training that is looked at between dispatches of steps."""

import tempfile

import keras

from keras_vae.data.pipeline import Epochs
from keras_vae.models import Stack
from keras_vae.runs import RunDirectory
from keras_vae.training.building import build_stage
from keras_vae.training.train import settle
from keras_vae.training.train_stage import DIAGNOSED, fit


class Watch(keras.callbacks.Callback):
    """Keeps [step, look(stack)] before training and after every dispatch, in `seen`."""

    def __init__(self, look):
        super().__init__()
        self.look, self.seen = look, []

    def on_train_begin(self, logs=None):
        self._look()

    def on_train_batch_end(self, batch, logs=None):
        self._look()

    def _look(self):
        self.seen.append([int(self.model.optimizer.iterations.numpy()), self.look(self.model)])


def watch(lab, name, config, look):
    """[[step, look(stack)], ...] of the training of a stack of one stage; look gives what JSON can hold."""
    (stage,) = config.stages

    def train():
        settled = settle(config)
        images = lab.data(config.dataset, "train", **config.data_options)
        held_out = lab.data(config.dataset, "validation", **config.data_options)[:DIAGNOSED]
        stack = Stack([build_stage(settled, 0, images.shape[1:])], seed=config.seed)
        watching = Watch(look)
        epochs = Epochs([images], stage.batch_size, seed=config.seed)
        with tempfile.TemporaryDirectory() as folder:  # a resumed run would not have seen its beginning
            fit(RunDirectory(folder), settled.stages[0], stack, epochs, held_out, [watching])
        return watching.seen

    names = ("network", "latent_dim", "epochs", "batch_size", "steps_per_execution")
    settings = {**{name: getattr(stage, name) for name in names}, "seed": config.seed}
    return lab.compute(name, settings, train)
