"""Evaluate a trained run: measure it part by part, and write results.json."""

import time
import typing
from collections.abc import Iterable

from keras_vae import config as configs
from keras_vae import plugins
from keras_vae.evaluation.evaluation import Evaluation
from keras_vae.files import Path, read_json, write_json
from keras_vae.runs import RunDirectory, load
from keras_vae.status import print_status

PARTS = "keras_vae.evaluation.parts"


def evaluate(
    workdir: Path,
    parts: Iterable[str] | None = None,
    data_dir: Path | None = None,
    cache_dir: Path | None = None,
    **options: typing.Any,
) -> dict[str, typing.Any]:
    """Measure the run in `workdir` by the named parts (default: all); returns results.json, which it writes there.

    Parts measured earlier and not now are kept, if they were measured on the same images.
    data_dir: where the data lie, if not where they lay in training; cache_dir: the same of their stores.
    options: fields of Evaluation that have a default.
    """
    stack, run = load(workdir), RunDirectory(workdir)
    config = configs.moved(run.config(), data_dir=data_dir, cache_dir=cache_dir)
    known = plugins.names(PARTS)
    modules = {name: plugins.find(PARTS, name, kind="part") for name in parts or known}
    evaluation = Evaluation(stack, config, run.path, **options)
    head = _head(evaluation, read_json(run.path / "environment.json"))
    path = run.path / "evaluation.json"
    kept = read_json(path) if path.exists() else {}
    kept = kept if kept.get("head") == head else {"head": head, "parts": {}}
    for name, module in modules.items():
        began = time.monotonic()
        if (measured := module.results(evaluation)) is not None:
            kept["parts"][name] = measured
            write_json(path, kept)
            print_status(f"{name}: {time.monotonic() - began:.1f} s")
    results = joined(head, [kept["parts"][name] for name in known if name in kept["parts"]])
    write_json(run.path / "results.json", results)
    return results


def _head(evaluation, versions):
    """Entries of results.json that say what was measured, and on what: parts of one head belong together."""
    stack, config, count = evaluation.stack, evaluation.config, len(evaluation.test)
    return {
        "run": {
            "dataset": evaluation.dataset,
            "data_options": configs.portable(config).data_options,
            "stages": stack.stages,
            "inference_stage": stack.inference_stage,
            "latent_dim": stack.latent_dim,
            "seed": config.seed,
            "versions": versions,
        },
        "protocol": {
            "split": "test",
            "images": count,
            "drawn from": len(evaluation.all_test),
            "samples": count,
            "seed": evaluation.seed,
        },
    }


def joined(head, parts):
    """Return results.json of its head and what the parts measured: lists of the same name follow one another."""
    results = dict(head)
    for part in parts:
        for key, value in part.items():
            results[key] = [*results.get(key, []), *value] if isinstance(value, list) else value
    return results
