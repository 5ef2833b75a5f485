"""Manifest of an exported version, for people and for programs that find it years later."""

import hashlib

import numpy as np

from keras_vae.exporting.signatures import MEANINGS
from keras_vae.files import names_and_values, read_json
from keras_vae.version import VERSION

FILE = "assets.extra/manifest.json"
KEPT = ("protocol", "verdict", "headline", "tables")  # of results.json: numbers; pictures and curves stay in the run


def recorded(run):
    """Entries of the manifest that the files of the RunDirectory `run` give."""
    path = run.path / "results.json"
    advice = "restore or delete it: the manifest then goes without its numbers"
    results = read_json(path, names_and_values, advice) if path.exists() else {}
    return {
        "trained_with": run.environment(),
        "dataset": run.config().dataset,
        "config_sha256": hashlib.sha256((run.path / "config.json").read_bytes()).hexdigest(),
        "metrics": {key: value for key, value in results.items() if key in KEPT},
    }


def manifest(entries, stack, functions):
    """The manifest of an export of `stack`. entries: recorded of its run; functions: {name: concrete function}"""
    active = getattr(stack.stage(), "active_dims", None)
    return {
        "keras_vae": VERSION,
        **entries,
        "stages": stack.stages,
        "inference_stage": stack.inference_stage,
        "image_shape": list(stack.data_shape),
        "latent_dim": stack.latent_dim,
        "active_dims": None if active is None else np.flatnonzero(active).tolist(),
        "gamma": stack.gamma,
        "signatures": {name: _described(function) for name, function in functions.items()},
    }


def _described(function):
    inputs, outputs = function.structured_input_signature[0], function.structured_outputs
    return {
        "inputs": {spec.name: _tensor(spec.name, spec) for spec in inputs},
        "outputs": {name: _tensor(name, tensor) for name, tensor in sorted(outputs.items())},
    }


def _tensor(name, spec):
    return {"dtype": spec.dtype.name, "shape": spec.shape.as_list(), "meaning": MEANINGS[name]}
