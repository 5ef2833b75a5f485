"""Train the stages of a stack, bottom up."""

import time
from collections.abc import Iterable

import keras
import numpy as np

from keras_vae import config as configs
from keras_vae import data
from keras_vae.data.checksums import checksum
from keras_vae.data.pipeline import Epochs
from keras_vae.data.subset import subset
from keras_vae.files import Path, check_writable
from keras_vae.models import Stack
from keras_vae.runs import RunDirectory, load
from keras_vae.status import print_status
from keras_vae.training import devices, strategy, workers
from keras_vae.training.building import build_stage, check_gamma, policy, runs_in_xla
from keras_vae.training.callbacks import hyperparameters
from keras_vae.training.estimate import tell_cost
from keras_vae.training.schedules import LearningRate
from keras_vae.training.train_stage import train_stage

HELD_OUT = 1000  # validation examples that a stage is measured on


def train(
    config: configs.Config,
    workdir: Path,
    stage: str = "all",
    callbacks: Iterable[keras.callbacks.Callback] = (),
    examples: tuple[np.ndarray, np.ndarray] | None = None,
    quick: configs.Config | None = None,
) -> Stack:
    """Train the named stage of `config`, or all of them, in the directory `workdir`; go on where a killed run stopped.

    callbacks: Keras callbacks, called in `fit` of each stage after ours, with the Stack as their model. They are no
    part of the run: one that goes on meets them as they are now.
    examples: those to train on and those held out, if they are not to be loaded from the data set of `config`.
    quick: a smaller recipe, whose cost is told beside that of `config` where that takes days; it is not trained.

    Returns the Stack of the trained stages.
    """
    if not isinstance(config, configs.Config):
        raise ValueError(f"config is {config!r}; expected a Config, kv.presets.faces_vae_plus.quick() say")
    several = strategy.resolve(config.strategy) == "multi_worker"
    if not several and workers.cluster()[0] > 1:
        raise ValueError(
            f"strategy is {config.strategy!r}, by which each of the {workers.cluster()[0]} workers would train the "
            "whole run by itself; leave it out, or train without --workers and TF_CONFIG"
        )
    run = RunDirectory(workers.directory(workdir) if several else workdir)
    names = [each.name for each in config.stages]
    wanted = names if stage == "all" else [config.settings(stage).name]
    asked = run.complete(config)
    config = on_this_machine(asked)
    if several and config.strategy != "multi_worker":
        raise ValueError(
            f"{run.path} was begun by one process (strategy {config.strategy}); go on without --workers and "
            "TF_CONFIG, or choose another --workdir"
        )
    run.check(config)
    known: dict[str, str] = {}
    told = False  # what it costs
    with workers.losses_told(), policy(config.precision):
        if several:
            with strategy.make(config.strategy).scope():
                workers.agree("what they are to train", configs.to_json(configs.portable(config)))
        for index, name in enumerate(names):
            if name not in wanted:
                continue
            with strategy.make(config.strategy).scope():
                done = workers.all_true(run.done(name))
            if done:
                print_status(f"{name}: done before")
                run.drop_backups(name)
                continue
            if missing := [below for below in names[:index] if not run.done(below)]:
                raise ValueError(f"stage {name} needs {', '.join(missing)} below it; train with --stage=all")
            check_writable(run.path, "workdir")
            examples = examples or _load_examples(config)
            if not known:
                known = {"train": described(examples[0]), "held out": described(examples[1])}
                if several:
                    with strategy.make(config.strategy).scope():
                        workers.agree("their examples", ", held out ".join(known.values()))
            if run.is_new:
                config, measured = _rehearsed(asked, *examples)
                run.claim(config, measured)
                if not several:
                    told = tell_cost(config, examples[0], wanted, quick and on_this_machine(quick))
                hyperparameters.write(run.path / "tensorboard", config)
            run.keep_to(known)
            with _scope(config, index):
                train_stage(run, config, index, *examples, callbacks, told)
                workers.wait()  # until it is done on all of them
            run.drop_backups(name)
    return load(run.path)


def on_this_machine(config):
    """Return `config` with what it leaves to the machine written out, so that a resumed run takes the same path.

    Nothing is measured: see devices.choose."""
    stages = tuple(
        configs.replace(stage, jit_compile=runs_in_xla(config, index)) for index, stage in enumerate(config.stages)
    )
    found = configs.replace(config, stages=stages, strategy=strategy.resolve(config.strategy))
    for each in found.stages:
        if found.strategy == "multi_worker" and each.strategy:
            raise ValueError(f"{each.name}.strategy is {each.strategy!r}; workers share every stage: set it to null")
    return found


def _scope(config, index):
    return strategy.make(config.stages[index].strategy or config.strategy).scope()


def _rehearsed(asked, images, _):
    """Make every stage once, so that a mistake in a later one is told before an hour goes into the first.

    Returns the Config on this machine, and the speeds that its choice of devices comes from, {stage: {way: rate}}."""
    config, shape, measured = on_this_machine(asked), images.shape[1:], {}
    for index, settings in enumerate(config.stages):
        build_stage(config, index, shape)
        check_gamma(settings)
        Epochs([images], settings.batch_size, config.seed)
        LearningRate(settings.learning_rate, settings.schedule, steps=1)
        shape = (settings.latent_dim,)
    for index, settings in enumerate(config.stages):
        chosen, rates = devices.choose(asked, index, images)
        config = configs.with_stage(config, index, chosen)
        measured |= {settings.name: rates} if rates else {}
        with _scope(config, index):
            Epochs([images], settings.batch_size, config.seed)  # whether the replicas can share a batch
    return config, measured


def described(images):
    """Return words that stand for all of the images."""
    shape = "x".join(map(str, images.shape[1:]))
    return f"{len(images):,} of {shape} {images.dtype}, checksum {checksum(images)}"


def _load_examples(config: configs.Config) -> tuple[np.ndarray, np.ndarray]:
    """Return the training examples, and those held out that stages are measured on."""
    began = time.monotonic()
    images = data.load(config.dataset, "train", **config.data_options)
    held_out = subset(data.load(config.dataset, "validation", **config.data_options), HELD_OUT, config.seed)
    if len(held_out) > 1 and all(np.array_equal(each, held_out[0]) for each in held_out):
        raise ValueError(
            f"{config.dataset}: the {len(held_out):,} held-out examples are all the same; nothing to learn"
        )
    shape, seconds = "x".join(map(str, images.shape[1:])), time.monotonic() - began
    print_status(f"{config.dataset}: {len(images):,} training examples of {shape}, read in {seconds:.1f} s")
    return images, held_out
