"""What a stage does on held-out images, at the end of each epoch."""

import keras
import numpy as np

from keras_vae.diagnostics import active_units, variance_law
from keras_vae.maths.gaussians import kl_divergence, squared_error


class Probe(keras.callbacks.Callback):
    """Adds to the logs of each epoch: gamma, the root mean squared error of the training batches, and of `images` the
    squared error (from the posterior mean, in pixels), the KL and the number of active dimensions. Appends the logs to
    `history`."""

    def __init__(self, images, history):
        super().__init__()
        self.images, self.history = images, history

    def on_epoch_end(self, epoch, logs):
        stage = self.model.active_stage
        logs.update(measure(self.model, stage.name, self.images)[0])
        logs["gamma"] = float(stage.gamma.value)
        logs["rmse"] = float(np.sqrt(logs["squared_error"] / target_dimensions(self.model)))
        self.history.append({key: float(value) for key, value in logs.items()})


def target_dimensions(stack):
    """d of the space that the active stage's error is measured in."""
    return int(np.prod(stack.codec.error_shape(stack.active_stage.name)))


def measure(stack, name, images):
    """(logs, per-dimension diagnostics, reconstructions) of a stage on images."""
    stage = stack.stage(name)
    mean, stddev = stack.encode(images, stage=name)
    reconstructions = stack.decode(mean, stage=name)
    pixels = images.astype(np.float32) / 255.0 if images.dtype == np.uint8 else images
    active, law = active_units(mean), variance_law(mean, stddev)
    logs = {
        "val_squared_error": float(np.mean(squared_error(pixels, reconstructions))),
        "val_kl": float(np.mean(kl_divergence(mean, stddev))) if stage.stochastic else 0.0,
        "active": int(active.sum()),
    }
    diagnostics = {
        "active": active.tolist(),
        "mean": np.mean(mean, axis=0).tolist(),
        "variance_of_mean": np.var(mean, axis=0).tolist(),
        "mean_of_variance": np.mean(np.square(stddev), axis=0).tolist(),
        "variance_law": law.tolist(),
    }
    return logs, diagnostics, (mean, stddev, reconstructions)
