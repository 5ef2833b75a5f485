"""Backup of a training: one file from which a killed run goes on, bit for bit."""

import json
import time

import numpy as np

from keras_vae.files import write_atomically

EVERY = 30.0  # seconds between backups; a kill costs at most this and an epoch


class Backup:
    """The file `path` with variables (weights, optimiser state, noise counters) and history as an epoch left them.

    One file replaced in one step cannot disagree with itself. With an order of batches and a noise that are functions
    of (seed, epoch) and of the saved counters, the resumed run ends bit for bit where the uninterrupted one ends.
    """

    def __init__(self, path, variables):
        self.path, self.variables, self.saved_at = path, list(variables), 0.0

    def restore(self):
        """Put the variables back; returns the history, logs of one epoch each, empty where there is no backup."""
        if not self.path.exists():
            return []
        with np.load(self.path) as stored:
            if len(stored.files) != len(self.variables) + 1:
                raise ValueError(
                    f"{self.path} was written by another version: it has {len(stored.files) - 1} variables, "
                    f"the stage has {len(self.variables)}; train in a new --workdir"
                )
            for index, variable in enumerate(self.variables):
                variable.assign(stored[f"{index}"])
            return json.loads(str(stored["history"]))

    @property
    def due(self):
        """True when the last backup is old enough for another."""
        return time.monotonic() - self.saved_at >= EVERY

    def save(self, history):
        """Write the file."""
        arrays = {f"{index}": variable.numpy() for index, variable in enumerate(self.variables)}
        arrays["history"] = np.array(json.dumps(history))
        write_atomically(self.path, lambda file: np.savez(file, **arrays))
        self.saved_at = time.monotonic()
