"""Choice of devices on a machine with GPUs: the ways in which a stage may be trained, timed, and the fastest taken.

On a processor a network says itself whether it is faster inside XLA (JIT_COMPILE). On GPUs nobody has measured that
here, nor when a stage is faster on one of them inside XLA than on all of them without. So a run measures it before it
begins, and keeps the answer in its configuration: what goes on later takes the same path.
"""

import time

import keras
import numpy as np
import tensorflow as tf

from keras_vae import config as configs
from keras_vae.data.pipeline import Epochs, Reshuffle
from keras_vae.models import Stack
from keras_vae.status import print_status
from keras_vae.training import strategy
from keras_vae.training.building import build_stage, runs_in_xla
from keras_vae.training.train_stage import compile_stack

STEPS, EPOCHS = 20, 4  # of a trial; the first epoch, which compiles, does not count
GAIN = 1.1  # so many times as fast must another way be: clocks tremble, and a run should not follow them


def choose(config, index, images):
    """Return (StageConfig, {way: examples/s}): stage `index` of `config` with strategy and jit_compile filled in.

    config: as it was asked for; what it leaves open, `auto` and null, is chosen. Where that leaves one way only,
    nothing is timed and the dict is empty.
    """
    possible = ways(config, index)
    rates = {}
    if len(possible) > 1:
        rates = {way: examples_per_second(_taking(config, index, way), index, images) for way in possible}
    best = possible[0]
    for way in rates:
        if rates[way] > GAIN * rates[best]:
            best = way
    measured = {_name(way): rate for way, rate in rates.items()}
    if measured:
        figures = ", ".join(f"{name} {rate:,.0f}" for name, rate in measured.items())
        print_status(f"{config.stages[index].name}: {figures} examples/s: trained on {_name(best)}")
    return _taking(config, index, best).stages[index], measured


def ways(config, index):
    """Return the (strategy of the stage or None, inside XLA) that it may take; the first goes where they are equal."""
    settings, xla, gpus = config.stages[index], runs_in_xla(config, index), strategy.gpus()
    run, own = strategy.resolve(config.strategy), settings.strategy
    chosen = config.strategy == "auto" and run == "mirrored" and own is None
    if settings.network is None or (own or run) != "single" and not chosen:
        return [(own, xla)]
    one = own if run == "single" else "single"
    both = [xla, not xla] if gpus and settings.jit_compile is None else [xla]
    shared = chosen and settings.batch_size % len(gpus) == 0
    return [(None, xla)] * shared + [(one, each) for each in both]


def examples_per_second(config, index, images, steps=STEPS, epochs=EPOCHS):
    """Return the speed of training stage `index`, on codes that are noise; 0 where that fails.

    steps: of an epoch; the first of the `epochs` does not count, the fastest of the others does.
    """
    settings = config.stages[index]
    rows = images[np.arange(steps * settings.batch_size) % len(images)]
    clock = _Clock()
    try:
        with strategy.make(settings.strategy or config.strategy).scope():
            stages, shape = [], images.shape[1:]
            for number, each in enumerate(config.stages[: index + 1]):
                stages.append(build_stage(config, number, shape))
                shape = (each.latent_dim,)
            stack = Stack(stages, seed=config.seed)
            arrays = [rows]
            if index:
                codes = np.random.default_rng(config.seed).standard_normal((len(rows), *stack.active_stage.data_shape))
                codes = np.float32(codes)
                arrays = [codes, np.ones_like(codes), *stack.codec.training_images(settings.name, rows)]
            batches = Epochs(arrays, settings.batch_size, config.seed)
            compile_stack(stack, settings, batches.steps)
            callbacks = [Reshuffle(batches), clock]
            stack.fit(batches.dataset(), epochs=epochs, verbose=0, shuffle=False, callbacks=callbacks)
    except tf.errors.OpError as error:  # one GPU has no memory for what all have, or XLA no kernel
        print_status(f"{settings.name}: {str(error).splitlines()[0]}")
        return 0.0
    return len(rows) / min(clock.seconds[1:])


class _Clock(keras.callbacks.Callback):
    """Callback that measures the seconds of each epoch."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.iterations.numpy()  # waits for the device
        self.seconds.append(time.monotonic() - self.began)


def _taking(config, index, way):
    """Return `config` with stage `index` taking a way."""
    return configs.with_stage(config, index, configs.replace(config.stages[index], strategy=way[0], jit_compile=way[1]))


def _name(way):
    own, xla = way
    return "all GPUs" if own is None and len(strategy.gpus()) > 1 else "one GPU, XLA" if xla else "one GPU"
