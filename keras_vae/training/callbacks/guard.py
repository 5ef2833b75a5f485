"""Guard callback: stop a run whose loss is no longer a number."""

import keras


class NotFiniteError(ArithmeticError):
    """A term of the loss became infinite or NaN."""


class Guard(keras.callbacks.Callback):
    """Guard callback: raise NotFiniteError with term and step, when the last good weights are back and saved."""

    def __init__(self, run, backup):
        super().__init__()
        self.run, self.backup = run, backup

    def on_train_batch_end(self, batch, logs=None):
        failures = self.model.failures()
        if not failures:
            return
        step = min(failures.values())
        terms = " and ".join(name for name, first in failures.items() if first == step and name != "loss") or "loss"
        kept = "no epoch was complete, so there are no good weights to keep"
        if history := self.backup.restore():
            path = self.run.save_stage(self.model.active_stage, "last_good.keras")
            kept = f"the last good weights, after epoch {len(history)}, are in {path}"
        name = self.model.active_stage.name
        raise NotFiniteError(
            f"stage {name}: {terms} stopped being finite at step {step:,}; {kept}. "
            f"In a new --workdir, try a smaller --set {name}.learning_rate=..., or --set {name}.gamma.floor=1e-5"
        )
