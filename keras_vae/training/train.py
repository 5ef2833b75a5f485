"""Train the stages of a stack, bottom up."""

import sys
import time

import keras
import numpy as np

from keras_vae import config as configs
from keras_vae import data
from keras_vae.data.codes import posteriors
from keras_vae.data.grids import grid, pairs, write_png
from keras_vae.data.pipeline import Epochs
from keras_vae.files import write_json
from keras_vae.models import Stack
from keras_vae.training import strategy
from keras_vae.training.backup import Backup
from keras_vae.training.board import Board
from keras_vae.training.building import build_stage, measure, policy, runs_in_xla
from keras_vae.training.guard import Guard
from keras_vae.training.probe import Probe
from keras_vae.training.probe import measure as measure_stage
from keras_vae.training.progress import Progress, duration
from keras_vae.training.run_directory import RunDirectory, load
from keras_vae.training.schedules import LearningRate

PROBED, DIAGNOSED = 256, 1000  # held-out images looked at each epoch, and at the end of a stage


def train(config, workdir, stage="all"):
    """Train the named stage of `config`, or all of them, in the directory `workdir`; go on where a killed run stopped.

    Returns the Stack of the trained stages.
    """
    run = RunDirectory(workdir)
    wanted = [each.name for each in (config.stages if stage == "all" else (config.stage(stage),))]
    config = run.claim(_settle(run.complete(config)))
    with strategy.scope(config.strategy), policy(config.precision):
        examples = None
        for index, settings in enumerate(config.stages):
            if settings.name not in wanted:
                continue
            if run.done(settings.name):
                say(f"{settings.name}: done before")
                continue
            if missing := [below.name for below in config.stages[:index] if not run.done(below.name)]:
                raise ValueError(f"stage {settings.name} needs {', '.join(missing)} below it; train with --stage=all")
            examples = examples or _load_examples(config)
            _train_stage(run, config, index, *examples)
    return load(workdir)


def _settle(config):
    """Write out what the configuration leaves to the machine, so that a resumed run takes the same path."""
    stages = tuple(
        configs.replace(stage, jit_compile=runs_in_xla(config, index)) for index, stage in enumerate(config.stages)
    )
    return configs.replace(config, stages=stages, strategy=strategy.resolve(config.strategy))


def _load_examples(config):
    """Training and held-out examples."""
    began = time.monotonic()
    images = data.load(config.dataset, "train", **config.data_options)
    held_out = data.load(config.dataset, "validation", **config.data_options)[:DIAGNOSED]
    shape = "x".join(map(str, images.shape[1:]))
    say(f"{config.dataset}: {len(images):,} training examples of {shape}, {time.monotonic() - began:.1f} s")
    return images, held_out


def _train_stage(run, config, index, images, held_out):
    settings = config.stages[index]
    name, folder = settings.name, run.stage(settings.name)
    below = [run.load_stage(each.name) for each in config.stages[:index]]
    shape = (below[-1].latent_dim,) if below else images.shape[1:]
    stack = Stack([*below, build_stage(config, index, shape)], seed=config.seed)
    stage = stack.active_stage
    if stage.latent_dim > np.prod(shape):
        say(f"{name}: latent_dim {stage.latent_dim} is larger than the data's {np.prod(shape)} dimensions; that works")

    arrays = [images]
    if index:
        lower = config.stages[index - 1].name
        arrays = list(posteriors(run.stage(lower) / "posteriors.npz", lambda x: stack.encode(x, lower), images))
        arrays += [images] if measure(settings) == "pixels" else []
    epochs = Epochs(arrays, settings.batch_size, seed=config.seed * 100 + index)

    rate = LearningRate(settings.learning_rate, settings.schedule, settings.epochs * epochs.steps)
    steps = min(settings.steps_per_execution, epochs.steps)
    stack.compile(keras.optimizers.Adam(rate), jit_compile=settings.jit_compile, steps_per_execution=steps)
    stack.optimizer.build(stack.trainable_variables)

    history = []
    backup = Backup(folder / "backup.npz", _variables(stack), history)
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
            Guard(backup, lambda: _save_last_good(run, stage)),
            Probe(held_out[:PROBED], history),
            Board(run.path / "tensorboard" / name, held_out[:PROBED], settings.epochs),
            backup,
            Progress(name, settings.epochs, epochs.steps, first_epoch),
        ],
    )
    seconds = time.monotonic() - began
    _finish(run, stack, held_out, history)
    seen = (settings.epochs - first_epoch) * epochs.steps * settings.batch_size
    _conclude(name, settings.epochs - first_epoch, seconds, seen, history[-1], stage.latent_dim)


def _variables(stack):
    """Everything that training changes."""
    return [*stack.active_stage.variables, *stack.draws.variables, *stack.optimizer.variables]


def _save_last_good(run, stage):
    run.save_stage(stage, "last_good.keras")
    return run.stage(stage.name) / "last_good.keras"


def _finish(run, stack, held_out, history):
    stage, folder = stack.active_stage, run.stage(stack.active_stage.name)
    logs, diagnostics, (_, _, reconstructions) = measure_stage(stack, stage.name, held_out)
    history[-1].update(logs)  # of all held-out examples now, not only those probed each epoch
    write_json(folder / "diagnostics.json", {**logs, "gamma": float(stage.gamma.value), **diagnostics})
    write_json(folder / "history.json", history)
    if len(stack.data_shape) == 3:
        write_png(folder / "samples.png", grid(stack.sample(64, seed=0)))
        count = min(32, len(held_out) // 8 * 8)
        write_png(folder / "reconstructions.png", pairs(held_out[:count], reconstructions[:count]))
    run.save_stage(stage)
    run.finish(stage.name)


def _conclude(name, epochs, seconds, seen, logs, latent_dim):
    shown = {**logs, "squared_error": logs["val_squared_error"], "kl": logs["val_kl"]}
    words = [f"{epochs} epochs in {duration(seconds)}", f"{seen / seconds:,.0f} examples/s"]
    words += [f"held out: squared error {shown['squared_error']:.4g}", f"KL {shown['kl']:.4g}"]
    words += [f"gamma {logs['gamma']:.3g}", f"{logs['active']:.0f} of {latent_dim} dimensions active"]
    for bound in ("floor", "ceiling"):
        if share := logs.get(f"gamma_at_{bound}"):
            words.append(f"gamma was at its {bound} in {share:.0%} of the last epoch's steps")
    say(f"{name}: {', '.join(words)}")


def say(line):
    """Tell the person who waits."""
    print(line, file=sys.stderr, flush=True)
