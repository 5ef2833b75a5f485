"""Stops a run whose loss is no longer a number."""

import keras


class NotFiniteError(ArithmeticError):
    """A term of the loss became infinite or NaN."""


class Guard(keras.callbacks.Callback):
    """Raises NotFiniteError with the term and the step, after putting the last good weights back and saving them."""

    def __init__(self, backup, save_last_good):
        super().__init__()
        self.backup, self.save_last_good = backup, save_last_good

    def on_train_batch_end(self, batch, logs=None):
        failures = self.model.failures()
        if not failures:
            return
        step = min(failures.values())
        terms = " and ".join(name for name, first in failures.items() if first == step and name != "loss") or "loss"
        stage = self.model.active_stage.name
        epochs = self.backup.restore()
        kept = f"the last good weights, after epoch {epochs}, are in {self.save_last_good()}"
        raise NotFiniteError(
            f"stage {stage}: {terms} stopped being finite at step {step:,}; "
            + (kept if epochs else "no epoch was complete, so there are no good weights to keep")
            + f". In a new --workdir, try a smaller --set {stage}.learning_rate=..., or --set {stage}.gamma.floor=1e-5"
        )
