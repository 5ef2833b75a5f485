"""Progress callback: a bar on a terminal, lines on a log, while a stage trains."""

import keras

from keras_vae.status import Progress as Bar

SHOWN = ("loss", "reconstruction", "kl", "mmd", "penalty", "squared_error", "gamma", "active")


class Progress(keras.callbacks.Callback):
    """A bar, or lines, with the terms of the loss and the remaining time."""

    def __init__(self, name, epochs, steps, first_epoch):
        super().__init__()
        self.name, self.epochs, self.steps, self.first_epoch = name, epochs, steps, first_epoch

    def on_train_begin(self, logs=None):
        total, done = self.epochs * self.steps, self.first_epoch * self.steps
        self.bar = Bar(desc=self.name, total=total, unit="steps", delay=0, initial=done, dynamic_ncols=True)
        self.bar.set_postfix_str("compiling the first dispatch")

    def on_train_batch_end(self, batch, logs=None):
        self.bar.set_postfix_str(f"epoch {self.epoch + 1}/{self.epochs}, {terms(logs)}", refresh=False)
        # `batch` is the last step that the dispatch could have taken; the last dispatch of an epoch may be shorter.
        self.bar.update(self.epoch * self.steps + min(batch + 1, self.steps) - self.bar.n)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_end(self, logs=None):
        self.bar.close()


def terms(logs):
    """Return the terms of the loss in a few words."""
    return ", ".join(f"{name} {float(logs[name]):.4g}" for name in SHOWN if name in logs)
