"""Train one stage on its data, and leave everything about it in the run directory."""

import time

import keras
import numpy as np

from keras_vae.data.codes import posteriors
from keras_vae.data.grids import grid, pairs, write_png
from keras_vae.data.pipeline import Epochs
from keras_vae.diagnostics import Verdict
from keras_vae.files import write_json
from keras_vae.models import Stack
from keras_vae.training.building import build_stage
from keras_vae.training.callbacks.backup import Backup
from keras_vae.training.callbacks.board import Board
from keras_vae.training.callbacks.guard import Guard
from keras_vae.training.callbacks.probe import Probe
from keras_vae.training.callbacks.probe import measure as measure_stage
from keras_vae.training.callbacks.progress import Progress, duration, say
from keras_vae.training.schedules import LearningRate

PROBED, DIAGNOSED = 256, 1000  # held-out examples looked at each epoch, and at the end of a stage


def train_stage(run, config, index, images, held_out):
    """Train stage `index` of `config` in the RunDirectory `run` on images (n, *shape), in the strategy's scope."""
    settings, below = config.stages[index], [run.load_stage(each.name) for each in config.stages[:index]]
    shape = (below[-1].latent_dim,) if below else images.shape[1:]
    stack = Stack([*below, build_stage(config, index, shape)], seed=config.seed)
    if settings.latent_dim > np.prod(shape):
        say(f"{settings.name}: {settings.latent_dim} latent dimensions for data of {np.prod(shape)}: more than enough")
    epochs = Epochs(_arrays(run, stack, images), settings.batch_size, seed=config.seed * 100 + index)
    fit(run, settings, stack, epochs, held_out)


def fit(run, settings, stack, epochs, held_out, extra=()):
    """Fit the active stage of `stack` to `epochs`, with `extra` callbacks after ours, and finish it."""
    name, folder = settings.name, run.stage(settings.name)
    rate = LearningRate(settings.learning_rate, settings.schedule, settings.epochs * epochs.steps)
    steps = min(settings.steps_per_execution, epochs.steps)
    stack.compile(keras.optimizers.Adam(rate), jit_compile=settings.jit_compile, steps_per_execution=steps)
    stack.optimizer.build(stack.trainable_variables)

    history = []
    backup = Backup(folder / "backup.npz", _changing(stack), history)
    first_epoch = backup.restore()
    if first_epoch:
        say(f"{name}: going on after epoch {first_epoch} of {settings.epochs}")
    began = time.monotonic()
    stack.fit(
        epochs.dataset(),
        epochs=settings.epochs,
        initial_epoch=first_epoch,
        verbose=0,
        shuffle=False,  # Epochs has shuffled
        callbacks=[
            keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(epochs, "epoch", epoch)),
            Guard(run, backup),
            *([Verdict(held_out)] if stack.active_stage.has_prior else []),  # without a prior there is no balance
            Probe(held_out[:PROBED], history),
            Board(run.path / "tensorboard" / name, held_out[:PROBED], settings.epochs),
            backup,
            Progress(name, settings.epochs, epochs.steps, first_epoch),
            *extra,
        ],
    )
    seconds = time.monotonic() - began
    _finish(run, stack, held_out, history)
    seen = (settings.epochs - first_epoch) * epochs.steps * settings.batch_size
    _conclude(stack, settings.epochs - first_epoch, seconds, seen, history[-1])


def _arrays(run, stack, images):
    """Arrays that Codec.training_inputs makes of the training images, with the codes kept in the run."""
    name = stack.active_stage.name
    below = stack.codec.below(name)
    if below is None:
        return [images]
    codes = posteriors(run.stage(below) / "posteriors.npz", lambda x: stack.encode(x, below), images)
    return [*codes, *stack.codec.training_images(name, images)]


def _changing(stack):
    """Everything that training changes."""
    return [*stack.active_stage.variables, *stack.draws.variables, *stack.optimizer.variables]


def _finish(run, stack, held_out, history):
    stage, folder = stack.active_stage, run.stage(stack.active_stage.name)
    logs, diagnostics, (_, _, reconstructions) = measure_stage(stack, stage.name, held_out)
    history[-1].update(logs)  # of all held-out examples now, not only those probed each epoch
    write_json(folder / "diagnostics.json", {**logs, "gamma": float(stage.gamma.value), **diagnostics})
    write_json(folder / "history.json", history)
    if len(stack.data_shape) == 3:
        if stage.has_prior:
            write_png(folder / "samples.png", grid(stack.sample(64, seed=0)))
        write_png(folder / "reconstructions.png", pairs(held_out[:32], reconstructions[:32]))
    run.save_stage(stage)
    run.finish(stage.name)


def _conclude(stack, epochs, seconds, seen, logs):
    stage = stack.active_stage
    words = [f"{epochs} epochs in {duration(seconds)}", f"{seen / seconds:,.0f} examples/s"]
    space = "in pixels" if len(stack.data_shape) == 3 else "in the data"
    words += [f"held out: squared error {space} {logs['val_squared_error']:.4g}", f"KL {logs['val_kl']:.4g}"]
    words += [f"gamma {logs['gamma']:.3g}", f"{logs['active']:.0f} of {stage.latent_dim} dimensions active"]
    for bound in ("floor", "ceiling"):
        if share := logs.get(f"gamma_at_{bound}"):
            words.append(f"gamma was at its {bound} in {share:.0%} of the last epoch's steps")
    say(f"{stage.name}: {', '.join(words)}")
