"""What a person sees while a stage trains."""

import sys
import time

import keras
from tqdm import tqdm

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
        self.said_at, self.began, self.seen = time.monotonic(), time.monotonic(), done

    def on_train_batch_end(self, batch, logs=None):
        # `batch` is the last step that the dispatch could have taken; the last dispatch of an epoch may be shorter.
        position = self.epoch * self.steps + min(batch + 1, self.steps)
        self.bar.update(position - self.bar.n if not self.bar.disable else 0)
        self.bar.set_postfix_str(f"epoch {self.epoch + 1}/{self.epochs} {terms(logs)}")
        self.position = position
        self._say(logs)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_end(self, logs=None):
        self.bar.close()

    def _say(self, logs):
        now = time.monotonic()
        if not self.bar.disable or now - self.said_at < EVERY:
            return
        rate = (self.position - self.seen) / (now - self.began)
        left = (self.epochs * self.steps - self.position) / rate
        progress = f"{self.name}: epoch {self.epoch + 1}/{self.epochs}, step {self.position:,}"
        say(f"{progress}, {duration(left)} left, {terms(logs)}")
        self.said_at = now


def say(line):
    """Tell the person who waits."""
    print(line, file=sys.stderr, flush=True)


def terms(logs):
    """The terms of the loss in a few words."""
    return ", ".join(f"{name} {float(logs[name]):.4g}" for name in SHOWN if name in logs)


def duration(seconds):
    """12 s, 3 min 05 s, 2 h 10 min."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
