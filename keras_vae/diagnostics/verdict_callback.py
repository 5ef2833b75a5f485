"""A verdict at the end of each stage."""

import sys

import keras

from keras_vae.diagnostics.verdict import verdict
from keras_vae.diagnostics.verdict_inputs import verdict_inputs

PROBED = 256  # images looked at each epoch; all of them at the end
LOGGED = ("explained", "effective_rank", "law_mean", "law_worst", "mmd")


class Verdict(keras.callbacks.Callback):
    """Of the active stage of a stack, on held-out `images`: its inputs in the logs of each epoch, the Judgement printed
    when training ends and kept as `judgement`. What writes logs must come after it."""

    def __init__(self, images):
        super().__init__()
        self.images, self.judgement = images, None

    def on_epoch_end(self, epoch, logs=None):
        numbers = verdict_inputs(self.model, self.images[:PROBED], self.model.active_stage.name)
        if logs is not None:
            logs.update({name: numbers[name] for name in LOGGED if name in numbers})

    def on_train_end(self, logs=None):
        name = self.model.active_stage.name
        self.judgement = verdict(**verdict_inputs(self.model, self.images, name))
        print(f"{name}: {self.judgement}", file=sys.stderr, flush=True)
