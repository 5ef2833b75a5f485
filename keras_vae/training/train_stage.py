"""Train one stage on its data, and leave everything about it in the run directory."""

import contextlib
import time

import keras
import numpy as np
import tensorflow as tf

from keras_vae.data.codes import posteriors
from keras_vae.data.grids import grid, pairs, write_png
from keras_vae.data.mapped import whole
from keras_vae.data.pipeline import Epochs, Reshuffle
from keras_vae.data.subset import rows, subset
from keras_vae.diagnostics import verdict
from keras_vae.files import write_json
from keras_vae.models import Stack
from keras_vae.status import duration, print_status
from keras_vae.training import workers
from keras_vae.training.adam import Adam
from keras_vae.training.building import build_stage, seeds
from keras_vae.training.callbacks import projector
from keras_vae.training.callbacks.backup import Backup
from keras_vae.training.callbacks.best import Best
from keras_vae.training.callbacks.board import Board
from keras_vae.training.callbacks.cost import Cost
from keras_vae.training.callbacks.guard import Guard
from keras_vae.training.callbacks.probe import probe
from keras_vae.training.callbacks.progress import Progress
from keras_vae.training.callbacks.record import Record
from keras_vae.training.fit_mixture import fit_mixture
from keras_vae.training.schedules import LearningRate

EACH_EPOCH = 256  # held-out examples that are probed; at the end of the stage all of them
SHOWN = 32  # in reconstructions.png


def train_stage(run, config, index, images, held_out, callbacks=(), told=False):
    """Train stage `index` of `config` in the RunDirectory `run` on images (n, *shape), in the strategy's scope.

    callbacks: further ones for `fit`, which are called after ours. told: whether its cost was, which is told once.
    """
    settings, below = config.stages[index], [run.load_stage(each.name) for each in config.stages[:index]]
    shape = (below[-1].latent_dim,) if below else images.shape[1:]
    stack = Stack([*below, build_stage(config, index, shape)], seed=config.seed)
    if stack.active_stage.ex_post:
        return _fit(run, config, index, below, stack, images, held_out)
    if settings.latent_dim > np.prod(shape):
        wide = f"{settings.latent_dim} latent dimensions for data of {np.prod(shape)}"
        print_status(f"{settings.name}: {wide}: more than enough")
    _, order = seeds(config, index)
    epochs = Epochs(_arrays(run, stack, images), settings.batch_size, seed=order)
    compile_stack(stack, settings, epochs.steps)

    folder = run.folder(settings.name)
    backup = Backup(folder / "backup.npz", _changing(stack))
    history = backup.restore(workers.common)
    best = _best(stack, folder, held_out, config.seed)
    first_epoch = len(history)
    if first_epoch:
        print_status(f"{settings.name}: going on after epoch {first_epoch} of {settings.epochs}")
    board = _board(run, config, index, first_epoch, epochs.steps * settings.batch_size)
    began = time.monotonic()
    with _files_told(epochs.arrays):
        stack.fit(
            epochs.dataset(),
            epochs=settings.epochs,
            initial_epoch=first_epoch,
            verbose=0,
            shuffle=False,  # Epochs has shuffled
            callbacks=[
                # Of ours only Record acts at the end of an epoch, so no two of them can come in the wrong order. Those
                # of the caller follow, and see the logs complete.
                Reshuffle(epochs),
                Guard(run, backup),
                Record(subset(held_out, EACH_EPOCH, config.seed), history, board, backup, best),
                Progress(settings.name, settings.epochs, epochs.steps, first_epoch),
                *([] if told else [Cost(settings.name, settings.epochs, epochs.steps, first_epoch)]),
                *callbacks,
            ],
        )
    workers.wait()  # until all have a backup of the last epoch, with which any can finish alone
    seconds, done = time.monotonic() - began, len(history) - first_epoch
    if best:
        best.put_back()
    _finish(run, stack, held_out, history, config.seed, best)
    _summarise(stack, done, seconds, done * epochs.steps * settings.batch_size, history[-1])


@contextlib.contextmanager
def _files_told(arrays):
    """Raise OSError in place of TensorFlow's long error where the file of an array was cut short."""
    try:
        yield
    except tf.errors.OpError:
        for array in arrays:
            whole(array)
        raise


def _fit(run, config, index, below, stack, images, held_out):
    """Fit stage `index`, a mixture, to one draw of q(z|x) for each training image."""
    settings, seed, began = config.stages[index], seeds(config, index)[0], time.monotonic()
    random = np.random.default_rng(seed)
    validation = stack.encode(held_out, stack.codec.below(settings.name))
    codes, others = (
        mean + stddev * random.standard_normal(mean.shape) for mean, stddev in (_arrays(run, stack, images), validation)
    )
    most = stack.active_stage.components
    mixture, history = fit_mixture(settings.name, codes, others, most, settings.epochs, seed)
    stack = Stack([*below, mixture], seed=config.seed)
    _finish(run, stack, held_out, history, config.seed)
    nats = min(epoch["val_loss"] for epoch in history)
    took = duration(time.monotonic() - began)
    print_status(f"{settings.name}: {mixture.components} Gaussians in {took}, held out {nats:.4g} nats a code")


def _board(run, config, index, done, examples):
    """Board of stage `index`, whose x axis begins where the stages below end."""
    settings, below = config.stages[index], sum(stage.epochs for stage in config.stages[:index])
    folder = run.path / "tensorboard" / settings.name
    return Board(folder, settings.epochs, config.seed, below, done, examples)


def _best(stack, folder, held_out, seed):
    """Best of a second stage that models codes in their own space; None for other stages."""
    stage, codec = stack.active_stage, stack.codec
    if not (stage.stochastic and codec.is_second(stage.name) and codec.error_space(stage.name) == "own"):
        return None
    return Best(folder / "best.npz", stage, stack.encode(held_out, codec.below(stage.name)), seed)


def _arrays(run, stack, images):
    """Arrays that Codec.training_inputs makes of the training images, with the codes kept in the run."""
    name = stack.active_stage.name
    below = stack.codec.below(name)
    if below is None:
        return [images]
    width = stack.stage(below).latent_dim
    codes = posteriors(run.folder(below), width, lambda part, first: stack.encode(part, below, first), images)
    return [*codes, *stack.codec.training_images(name, images)]


def compile_stack(stack, settings, steps):
    """Compile a Stack to train its active stage by a StageConfig, with optimiser and schedule for epochs of `steps`."""
    rate = LearningRate(settings.learning_rate, settings.schedule, settings.epochs * steps)
    dispatch = min(settings.steps_per_execution, steps)
    rule = keras.optimizers.Adam if settings.jit_compile else Adam
    optimizer = rule(rate, epsilon=settings.epsilon)
    stack.compile(optimizer, jit_compile=settings.jit_compile, steps_per_execution=dispatch)
    stack.optimizer.build(stack.trainable_variables)


def _changing(stack):
    """Everything that training changes."""
    return [*stack.active_stage.variables, *stack.draws.variables, *stack.optimizer.variables]


def _finish(run, stack, held_out, history, seed, best=None):
    """Judge the stage by all held-out examples, and write its files; DONE is the last."""
    stage, folder, probed = stack.active_stage, run.folder(stack.active_stage.name), probe(stack, held_out)
    if probed.verdict_inputs:
        losses = {"held_out_losses": (best.epoch, best.loss, history[-1]["val_loss"])} if best else {}
        print_status(f"{stage.name}: {verdict(**probed.verdict_inputs, **losses)}")
    elif stage.has_prior:
        print_status(f"{stage.name}: no verdict; one held-out example has no variance to explain")
    history[-1].update(probed.errors)  # of all held-out examples now, not only those probed each epoch
    numbers = {**probed.errors, "gamma": float(stage.gamma.value), **probed.dimensions}
    if best:
        numbers |= {"best_epoch": best.epoch, "val_loss": best.loss}
    write_json(folder / "diagnostics.json", numbers)
    write_json(folder / "history.json", history)
    if len(stack.data_shape) == 3:
        if stage.has_prior:
            write_png(folder / "samples.png", grid(stack.sample(64, seed=0)))
        shown = rows(len(held_out), SHOWN, seed)
        write_png(folder / "reconstructions.png", pairs(held_out[shown], probed.reconstructions[shown]))
    projector.write(run.path / "tensorboard" / stage.name, stage.name, probed)
    run.save_stage(stage)
    run.finish(stage.name)


def _summarise(stack, epochs, seconds, seen, logs):
    stage = stack.active_stage
    words = [f"{epochs} epochs in {duration(seconds)}", f"{seen / seconds:,.0f} examples/s"]
    space = "in pixels" if len(stack.data_shape) == 3 else "in the data"
    words += [f"held out: squared error {space} {logs['val_squared_error']:.4g}", f"KL {logs['val_kl']:.4g}"]
    words += [f"gamma {logs['gamma']:.3g}", f"{logs['active']:.0f} of {stage.latent_dim} dimensions active"]
    for bound in ("floor", "ceiling"):
        if share := logs.get(f"gamma_at_{bound}"):
            words.append(f"gamma was at its {bound} in {share:.0%} of the last epoch's steps")
    print_status(f"{stage.name}: {', '.join(words)}")
