"""Backup of a training: one file from which a killed run goes on, bit for bit."""

import json
import time
import warnings

import numpy as np

from keras_vae.files import UNREADABLE, write_atomically

EVERY = 30.0  # seconds between backups; a kill costs at most this and an epoch


class Backup:
    """The file `path` with variables (weights, optimiser state, noise counters) and history as an epoch left them.

    One file replaced in one step cannot disagree with itself. With an order of batches and a noise that are functions
    of (seed, epoch) and of the saved counters, the resumed run ends bit for bit where the uninterrupted one ends. The
    file before it is kept beside it: a run whose last backup is damaged repeats some epochs more, to the same end.
    """

    def __init__(self, path, variables):
        self.path, self.variables, self.saved_at = path, list(variables), 0.0
        self.previous = path.with_name(f"previous-{path.name}")

    def restore(self):
        """Put the variables back; returns the history, logs of one epoch each, empty where there is no backup."""
        damages = {}
        for path in (self.path, self.previous):
            try:
                values, history = _read(path)
            except FileNotFoundError:
                continue
            except UNREADABLE as error:
                damages[path] = error
                continue
            self._assign(path, values)
            if damages:
                warnings.warn(f"{self.path} is damaged ({damages[self.path]}); the one before it is used", stacklevel=3)
            return history
        if damages:
            files = " and ".join(map(str, damages))
            raise ValueError(
                f"{files}: damaged ({next(iter(damages.values()))}); delete {'them' if len(damages) > 1 else 'it'} to "
                "train this stage from its beginning"
            )
        return []

    def _assign(self, path, values):
        if len(values) != len(self.variables):
            raise ValueError(
                f"{path} was written by another version: it has {len(values)} variables, "
                f"the stage has {len(self.variables)}; train in a new --workdir"
            )
        for variable, value in zip(self.variables, values):
            variable.assign(value)

    @property
    def due(self):
        """True when the last backup is old enough for another."""
        return time.monotonic() - self.saved_at >= EVERY

    def save(self, history):
        """Write the file."""
        arrays = {f"{index}": variable.numpy() for index, variable in enumerate(self.variables)}
        arrays["history"] = np.array(json.dumps(history))
        write_atomically(self.path, lambda file: np.savez(file, **arrays), self.previous)
        self.saved_at = time.monotonic()


def _read(path):
    """Values of the variables, and the history, in the file of a backup. NumPy checks the checksums of its parts."""
    with np.load(path) as stored:
        return [stored[f"{index}"] for index in range(len(stored.files) - 1)], json.loads(str(stored["history"]))
