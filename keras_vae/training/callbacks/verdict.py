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
        self.attainable = None  # the stage below is frozen: what it explains of the probed images stays

    def on_epoch_end(self, epoch, logs=None):
        name = self.model.active_stage.name
        numbers = verdict_inputs(self.model, self.images[:PROBED], name, attainable=self.attainable)
        self.attainable = numbers["attainable"]
        if logs is not None:
            logs.update({name: numbers[name] for name in LOGGED if name in numbers})

    def on_train_end(self, logs=None):
        name = self.model.active_stage.name
        self.judgement = verdict(**verdict_inputs(self.model, self.images, name))
        print(f"{name}: {self.judgement}", file=sys.stderr, flush=True)
