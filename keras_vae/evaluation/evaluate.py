"""Measure a trained run, and write what was found."""

import pathlib
import time

from keras_vae import plugins
from keras_vae.evaluation.subject import Subject
from keras_vae.files import read_json, write_json
from keras_vae.runs import RunDirectory, load
from keras_vae.training.callbacks.progress import say

PARTS = "keras_vae.evaluation.parts"


def evaluate(workdir, parts=None, data_dir=None, **protocol):
    """Measure the run in `workdir` by the named parts (default: all); returns results.json, which it writes there.

    Parts measured earlier and not now are kept, if they were measured by the same protocol.
    protocol: fields of Subject that have a default.
    """
    stack, run = load(workdir), RunDirectory(workdir)
    config = run.config()
    if data_dir is not None:
        config.data_options["data_dir"] = data_dir
    known = plugins.names(PARTS)
    modules = {name: plugins.find(PARTS, name, kind="part") for name in parts or known}
    subject = Subject(stack, config, pathlib.Path(workdir), **protocol)
    head = {
        "run": {
            "dataset": config.dataset,
            "data_options": {key: value for key, value in config.data_options.items() if key != "data_dir"},
            "stages": stack.stages,
            "inference_stage": stack.inference_stage,
            "latent_dim": stack.latent_dim,
            "seed": config.seed,
            "versions": read_json(run.path / "environment.json"),
        },
        "protocol": {"split": "test", "images": len(subject.test), "samples": len(subject.test), "seed": subject.seed},
    }
    path = run.path / "evaluation.json"
    found = read_json(path) if path.exists() else {}
    found = found if found.get("head") == head else {"head": head, "parts": {}}
    for name, module in modules.items():
        began = time.monotonic()
        if (measured := module.results(subject)) is not None:
            found["parts"][name] = measured
            write_json(path, found)
            say(f"{name}: {time.monotonic() - began:.1f} s")
    results = _joined(head, [found["parts"][name] for name in known if name in found["parts"]])
    write_json(run.path / "results.json", results)
    return results


def _joined(head, parts):
    results = dict(head)
    for part in parts:
        for key, value in part.items():
            results[key] = [*results.get(key, []), *value] if isinstance(value, list) else value
    return results
