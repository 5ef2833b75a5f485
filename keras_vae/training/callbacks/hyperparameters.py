"""HParams of TensorBoard: one row a run, so that a sweep, of find_balance or reproduce.py say, is one table."""

import tensorflow as tf
from tensorboard.plugins.hparams import api

from keras_vae.training.building import find_model
from keras_vae.training.callbacks.board_tags import tag

NUMBERS = ("latent_dim", "network", "epochs", "batch_size", "learning_rate")
OPTIONS = ("beta", "weight", "error_space")  # of a model, where they are set
RESULTS = ("val_squared_error", "active")
OF_A_PRIOR = ("explained", "law_worst", "mmd")


def write(folder, config):
    """Write the hyperparameters of a Config to `folder`, below which each stage has its numbers."""
    values = hyperparameters(config)
    results = [(name, stage.name) for stage in config.stages if stage.network for name in _results(stage)]
    metrics = [api.Metric(tag(name)[0], group=stage, display_name=f"{stage}: {name}") for name, stage in results]
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=0):
        api.hparams_config(hparams=[api.HParam(name) for name in values], metrics=metrics)
        api.hparams(values, trial_id="/".join(folder.resolve().parts[-4:-1]))
    writer.close()


def _results(stage):
    return (*OF_A_PRIOR, *RESULTS) if find_model(stage.model).has_prior else RESULTS


def hyperparameters(config):
    """Return what distinguishes one run from another, as --set names it: {"vae.latent_dim": 64, ...}."""
    values = {"dataset": config.dataset, "seed": config.seed, "precision": config.precision}
    for stage in config.stages:
        found = {name: getattr(stage, name) for name in NUMBERS}
        found |= {f"model_options.{name}": stage.model_options.get(name) for name in OPTIONS}
        options = {"network_options": stage.network_options, "gamma": stage.gamma}
        found |= {f"{kind}.{name}": value for kind, each in options.items() for name, value in each.items()}
        values |= {f"{stage.name}.{name}": _plain(value) for name, value in found.items() if value is not None}
    return values


def _plain(value):
    return value if isinstance(value, bool | int | float | str) else str(value)
