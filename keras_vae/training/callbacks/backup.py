"""Where a killed run goes on."""

import json
import time

import keras
import numpy as np

from keras_vae.files import write_atomically

EVERY = 30.0  # seconds between backups; a kill costs at most this and an epoch


class Backup(keras.callbacks.Callback):
    """Keeps weights, optimiser state, noise counters and history at the end of an epoch, all in one file.

    One file replaced in one step cannot disagree with itself. With an order of batches and a noise that are functions
    of (seed, epoch) and of the saved counters, the resumed run ends bit for bit where the uninterrupted one ends.
    """

    def __init__(self, path, variables, history):
        super().__init__()
        self.path, self.variables, self.history, self.saved_at = path, list(variables), history, 0.0

    def restore(self):
        """Number of epochs done; puts everything back if there is a backup."""
        if not self.path.exists():
            return 0
        with np.load(self.path) as stored:
            if len(stored.files) != len(self.variables) + 1:
                raise ValueError(
                    f"{self.path} was written by another version: it has {len(stored.files) - 1} variables, "
                    f"the stage has {len(self.variables)}; train in a new --workdir"
                )
            for index, variable in enumerate(self.variables):
                variable.assign(stored[f"{index}"])
            self.history[:] = json.loads(str(stored["history"]))
        return len(self.history)

    def on_epoch_end(self, epoch, logs=None):
        last = epoch + 1 == self.params["epochs"]
        if last or time.monotonic() - self.saved_at >= EVERY:
            self.save()

    def save(self):
        """Write the file."""
        arrays = {f"{index}": variable.numpy() for index, variable in enumerate(self.variables)}
        arrays["history"] = np.array(json.dumps(self.history))
        write_atomically(self.path, lambda file: np.savez(file, **arrays))
        self.saved_at = time.monotonic()
