"""Timer of a training: steps per second between warm and a number of seconds later."""

import time


class StopAfter:
    """A callback that measures from the end of a first part of an epoch on, and stops training after `seconds`.

    base   keras.callbacks.Callback, which the command line must not wait for.
    steps  of an epoch.
    stage  name of the stage that is timed; others are trained as they are.
    warm   steps that are not counted: compilation, and the first fast ones.
    """

    def __init__(self, base, steps, seconds, stage=None, warm=300):
        outer = self
        self.rate = None

        class Timer(base):
            began, epoch, counts = None, 0, stage is None

            def on_train_begin(self, logs=None):
                self.counts = stage in (None, getattr(getattr(self.model, "active_stage", None), "name", None))

            def on_epoch_begin(self, epoch, logs=None):
                self.epoch = epoch

            def on_train_batch_end(self, batch, logs=None):
                now, position = time.perf_counter(), self.epoch * steps + min(batch + 1, steps)
                if not self.counts:
                    return
                if self.began is None:
                    if position >= warm:
                        self.began, self.first = now, position
                elif now - self.began >= seconds:
                    outer.rate = (position - self.first) / (now - self.began)
                    self.model.stop_training = True

        self.callback = Timer()
