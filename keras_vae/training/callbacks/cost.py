"""Cost callback: say once, after a short measurement, how long a stage will take on this machine."""

import time

import keras

from keras_vae.status import print_status, roughly

MEASURED = 5.0  # seconds of steps that the estimate rests on, at least
WORTH = 5 * 60.0  # seconds: of less nobody needs to be told


class Cost(keras.callbacks.Callback):
    """Cost callback: measure the dispatches behind the first, which compiles, and print one line.

    epochs, steps  of the stage, and steps of an epoch; first_epoch: epochs that were done before.
    """

    def __init__(self, name, epochs, steps, first_epoch=0):
        super().__init__()
        self.name, self.steps = name, steps
        self.left = (epochs - first_epoch) * steps
        self.began, self.first, self.told = None, 0, False

    def on_epoch_begin(self, epoch, logs=None):
        self.began = None if self.began is None else time.monotonic()  # what lies between epochs is no step
        self.first = 0

    def on_train_batch_end(self, batch, logs=None):
        if self.told:
            return
        now, done = time.monotonic(), min(batch + 1, self.steps)
        if self.began is None:
            self.began, self.first = now, done
        elif done > self.first and now - self.began >= MEASURED:
            self.told = True
            self._tell((now - self.began) / (done - self.first))

    def _tell(self, seconds):
        total = self.left * seconds
        if total < WORTH:
            return
        print_status(f"{self.name}: about {roughly(total)} on this machine, {seconds:.2g} s a step")
