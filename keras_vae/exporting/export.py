"""Write a run as a SavedModel, the form that TensorFlow Serving loads."""

import pathlib
import warnings

import numpy as np
import tensorflow as tf

from keras_vae import config as configs
from keras_vae import data
from keras_vae.data import preprocessing
from keras_vae.data.subset import subset
from keras_vae.exporting import warm_up
from keras_vae.exporting.manifest import FILE, manifest, recorded
from keras_vae.exporting.screen import Screen
from keras_vae.exporting.signatures import signatures
from keras_vae.exporting.version_directory import checked_base, new_version
from keras_vae.files import Path, write_json
from keras_vae.runs import RunDirectory, load

SCREENED = 1000  # held-out images that `screen` compares with, at most


def export(
    workdir: Path,
    export_dir: Path,
    version: int | None = None,
    data_dir: Path | None = None,
    cache_dir: Path | None = None,
) -> pathlib.Path:
    """Publish the trained stages of the run `workdir` as `export_dir/<version>`; returns that path.

    data_dir: where the data lie, if not where they lay in training; the signature screen compares with held-out images.
    cache_dir: the same of their stores.
    """
    checked_base(export_dir, version)  # before minutes go into what could not be written
    run, stack = RunDirectory(workdir), load(workdir)
    entries, latents = recorded(run), _latents(run, stack)  # before minutes go into graphs, too
    config = configs.moved(run.config(), data_dir=data_dir, cache_dir=cache_dir)
    places = {"data_dir": data_dir, "cache_dir": cache_dir}
    data.check_taken(config.dataset, [option for option, place in places.items() if place is not None])
    screen = _screen(config, stack)
    offered = signatures(stack.codec, _reader(config, stack.codec), latents, screen)
    # One tf.function for each, shared by names that mean the same (serving_default is encode).
    traced = {id(signature): signature.traced().get_concrete_function() for signature in offered.values()}
    functions = {name: traced[id(signature)] for name, signature in offered.items()}
    with new_version(export_dir, version) as draft:
        try:
            tf.saved_model.save(_holder(stack.codec), str(draft.path), signatures=functions)
            warm_up.write(draft.path, offered)
        except tf.errors.OpError as error:  # a full disk, for one
            # "{{an operation}} a path; the reason [Op:its name]"
            reason = error.message.splitlines()[0].rpartition("; ")[2].partition(" [Op:")[0]
            raise OSError(f"{export_dir}: the export could not be written: {reason}") from error
        write_json(draft.path / FILE, manifest(entries, stack, functions))
    return draft.path


def _screen(config, stack):
    """Screen of held-out images. None, with a warning, where the data cannot be read any more."""
    try:
        images = data.load(config.dataset, "validation", **config.data_options)
    except (OSError, ValueError) as error:
        warnings.warn(f"exported without the signature screen, which needs held-out images: {error}", stacklevel=3)
        return None
    return Screen.of(stack, subset(images, SCREENED, config.seed))


def _holder(codec):
    """An object that owns the variables, and nothing of Keras, so that the model loads anywhere."""
    module = tf.Module()
    module.weights = [variable.value for variable in codec.variables]
    return module


def _reader(config, codec):
    """Return what reads the bytes of one picture as training did: the data set's `read`, or the common one. None for
    points."""
    if len(codec.data_shape) != 3:
        return None
    read = getattr(data.find(config.dataset), "read", preprocessing.read)
    return lambda encoded: read(encoded, codec.data_shape)


def _latents(run, stack):
    keys = ("active", "mean", "variance_of_mean", "mean_of_variance")
    active, mean, *variances = run.diagnostics(stack.inference_stage, *keys)
    return active.astype(bool), mean, np.sqrt(np.add(*variances))
