"""Record callback: probe the stage at the end of each epoch, then log, show and save what was measured."""

import keras
import numpy as np

from keras_vae.training import workers
from keras_vae.training.callbacks.probe import probe


class Record(keras.callbacks.Callback):
    """Record callback: add to the logs of each epoch those of a Probe of `images`, gamma, and the RMSE of training.

    history  logs of the epochs that are done; it grows by one dict an epoch.
    best     Best of a second stage, whose held-out loss is logged as val_loss; None for others.
    """

    def __init__(self, images, history, board, backup, best=None):
        super().__init__()
        self.images, self.history, self.board, self.backup, self.best = images, history, board, backup, best
        self.attainable = None  # the stages below are frozen: measured in the first epoch, it stays

    def on_epoch_end(self, epoch, logs):
        # One Probe an epoch, and one order: the numbers enter the logs before anybody reads these, and the backup,
        # from which a killed run repeats the next epoch, is last, when history has the epoch and TensorBoard shows it.
        stage = self.model.active_stage
        probed = probe(self.model, self.images, self.attainable)
        self.attainable = probed.attainable
        dimensions = np.prod(self.model.codec.error_shape(stage.name))
        rmse = np.sqrt(logs["squared_error"] / dimensions)
        logs.update(probed.logs, gamma=float(stage.gamma.value), rmse=float(rmse))
        if self.best:
            logs["val_loss"] = self.best.measure(epoch + 1)
        self.history.append({key: float(value) for key, value in logs.items()})
        self.board.write(epoch, logs, self.model, probed)
        # All workers save the same epochs, so that there is one from which all can go on.
        if workers.chief_says(self.backup.due) or epoch + 1 == self.params["epochs"]:
            if self.best:
                self.best.save()
            self.backup.save(self.history)

    def on_train_end(self, logs=None):
        self.board.close()
