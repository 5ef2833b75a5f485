"""Progress callback: a bar on a terminal, lines on a log, while a stage trains."""

import time

import keras
from tqdm import tqdm

from keras_vae.status import duration, print_status

EVERY = 15.0  # seconds between lines where the output is no terminal
SHOWN = ("loss", "reconstruction", "kl", "mmd", "penalty", "squared_error", "gamma", "active")


class Progress(keras.callbacks.Callback):
    """A bar with the terms of the loss and the remaining time; on a log, a line now and then."""

    def __init__(self, name, epochs, steps, first_epoch):
        super().__init__()
        self.name, self.epochs, self.steps, self.first_epoch = name, epochs, steps, first_epoch

    def on_train_begin(self, logs=None):
        total, done = self.epochs * self.steps, self.first_epoch * self.steps
        # disable=None: no bar where standard error is no terminal
        self.bar = tqdm(total=total, initial=done, desc=self.name, unit="step", disable=None, dynamic_ncols=True)
        self.bar.set_postfix_str("compiling the first dispatch")
        self.printed_at, self.began, self.seen = time.monotonic(), time.monotonic(), done

    def on_train_batch_end(self, batch, logs=None):
        # `batch` is the last step that the dispatch could have taken; the last dispatch of an epoch may be shorter.
        position = self.epoch * self.steps + min(batch + 1, self.steps)
        self.bar.update(position - self.bar.n if not self.bar.disable else 0)
        self.bar.set_postfix_str(f"epoch {self.epoch + 1}/{self.epochs} {terms(logs)}")
        self.position = position
        self._print_line(logs)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_end(self, logs=None):
        self.bar.close()

    def _print_line(self, logs):
        now = time.monotonic()
        if not self.bar.disable or now - self.printed_at < EVERY:
            return
        rate = (self.position - self.seen) / (now - self.began)
        left = (self.epochs * self.steps - self.position) / rate
        progress = f"{self.name}: epoch {self.epoch + 1}/{self.epochs}, step {self.position:,}"
        print_status(f"{progress}, {duration(left)} left, {terms(logs)}")
        self.printed_at = now


def terms(logs):
    """Return the terms of the loss in a few words."""
    return ", ".join(f"{name} {float(logs[name]):.4g}" for name in SHOWN if name in logs)
