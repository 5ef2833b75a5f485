"""Write a run as a SavedModel, the form that TensorFlow Serving loads."""

import numpy as np
import tensorflow as tf

from keras_vae import data
from keras_vae.data import preprocessing
from keras_vae.exporting import warm_up
from keras_vae.exporting.manifest import FILE, manifest
from keras_vae.exporting.signatures import signatures
from keras_vae.exporting.version_directory import new_version
from keras_vae.files import read_json, write_json
from keras_vae.runs import RunDirectory, load


def export(workdir, export_dir, version=None):
    """Publish the trained stages of the run `workdir` as export_dir/<version>; returns that path."""
    run, stack = RunDirectory(workdir), load(workdir)
    offered = signatures(stack.codec, _reader(run.config(), stack.codec), _latents(run, stack))
    # One tf.function for each, shared by names that mean the same (serving_default is encode).
    traced = {id(signature): signature.traced().get_concrete_function() for signature in offered.values()}
    functions = {name: traced[id(signature)] for name, signature in offered.items()}
    with new_version(export_dir, version) as draft:
        tf.saved_model.save(_holder(stack.codec), str(draft.path), signatures=functions)
        warm_up.write(draft.path, offered)
        write_json(draft.path / FILE, manifest(run, stack, functions))
    return draft.path


def _holder(codec):
    """An object that owns the variables, and nothing of Keras, so that the model loads anywhere."""
    module = tf.Module()
    module.weights = [variable.value for variable in codec.variables]
    return module


def _reader(config, codec):
    """What training did with the bytes of one picture: the data set's own way, or the common one. None for points."""
    if len(codec.data_shape) != 3:
        return None
    read = getattr(data.find(config.dataset), "read", preprocessing.read)
    return lambda encoded: read(encoded, codec.data_shape)


def _latents(run, stack):
    found = read_json(run.stage(stack.inference_stage) / "diagnostics.json")
    variance = np.add(found["variance_of_mean"], found["mean_of_variance"])
    return found["active"], found["mean"], np.sqrt(variance)
