"""Evaluate a trained run: measure it part by part, and write results.json."""

import dataclasses
import time
import typing
from collections.abc import Iterable

from keras_vae import checks, data, plugins
from keras_vae import config as configs
from keras_vae.evaluation.evaluation import Evaluation, not_measured
from keras_vae.files import Path, check_writable, names_and_values, read_json, write_json
from keras_vae.metrics import features
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

    Parts measured earlier and not now are kept. Those of another protocol (other images, another seed) stand apart,
    under "others". A part that these images cannot give, one image no covariance, says so in its place.
    data_dir: where the data lie, if not where they lay in training; cache_dir: the same of their stores.
    options: fields of Evaluation that have a default.
    """
    options = _checked(options)
    known = plugins.names(PARTS)
    if parts is not None and (isinstance(parts, str) or not isinstance(parts, Iterable) or not (parts := list(parts))):
        raise ValueError(f"parts is {parts!r}; expected a list of names: {', '.join(known)}")
    modules = {name: plugins.find(PARTS, name, kind="part") for name in parts or known}
    _check_used({name for name, value in options.items() if value not in (None, False)}, modules, asked=parts or ())
    stack, run = load(workdir), RunDirectory(workdir)
    check_writable(run.path, "workdir")
    config = configs.moved(run.config(), data_dir=data_dir, cache_dir=cache_dir)
    evaluation = Evaluation(stack, config, run.path, **options)
    for module in modules.values():  # what a user may have got wrong is told before anything is measured
        if hasattr(module, "prepare"):
            module.prepare(evaluation)
    head = _head(evaluation, run.environment())
    path = run.path / "evaluation.json"
    advice = "delete it: what was measured before is then measured again, where it is asked for"
    kept = read_json(path, lambda found: _of_protocol(head, found), advice) if path.exists() else _of_protocol(head, {})
    for name, module in modules.items():
        began, problem = time.monotonic(), ""
        try:
            measured = module.results(evaluation)
        except (ValueError, ArithmeticError) as error:
            problem = f", not measured: {error}"
            measured = {"tables": [not_measured(name, error)]}
        if measured is not None:
            kept["parts"][name] = measured
            write_json(path, kept)
            problem = problem if measured else ", nothing of this run to measure"
            print_status(f"{name}: {time.monotonic() - began:.1f} s{problem}")
    results, *others = (
        joined(each["head"], [each["parts"][name] for name in known if name in each["parts"]])
        for each in (kept, *kept["others"])
    )
    results |= {"others": others} if others else {}
    write_json(run.path / "results.json", results)
    return results


def _checked(options):
    """The options of an Evaluation, those that are no numbers refused."""
    least = {"count": 1, "seed": 0}
    known = [field.name for field in dataclasses.fields(Evaluation) if field.default is not dataclasses.MISSING]
    if unknown := [name for name in options if name not in known]:
        nearest = plugins.nearest(unknown[0], known)
        raise ValueError(f"unknown option {unknown[0]!r} of an evaluation; known: {', '.join(known)}{nearest}")
    features.find(options.get("features", "pixels"))
    if options.get("outliers") is not None:
        data.find(options["outliers"])
    for name, value in options.items():
        if name in least:
            checks.seed(value, name, least[name])
    if not 0 < checks.number("false_alarms", options.get("false_alarms", 0.05)) < 1:
        raise ValueError(f"false_alarms is {options['false_alarms']!r}; expected a share between 0 and 1")
    return options


def _check_used(given, modules, asked):
    """Refuse options that no part would use, and a part that was asked for without what it needs."""
    for part in plugins.names(PARTS):
        module = plugins.find(PARTS, part, kind="part")
        for option, others in getattr(module, "OPTIONS", {}).items():
            if option in given and part not in modules:
                raise ValueError(f"--{option} is for the part {part}, which --metrics={','.join(modules)} leaves out")
            if option in given and others and not given.intersection(others):
                raise ValueError(f"--{option} is of no use without {_flags(others)}")
        needs = getattr(module, "NEEDS", ())
        if part in asked and needs and not given.intersection(needs):
            raise ValueError(f"the part {part} needs {_flags(needs)}")


def _flags(names):
    return " or ".join(f"--{name}=..." for name in names)


def _of_protocol(head, kept):
    """Return {"head", "parts"} of the protocol of `head`, with those of other protocols as its "others"."""
    known = [
        {"head": names_and_values(each["head"]), "parts": {k: names_and_values(v) for k, v in each["parts"].items()}}
        for each in (kept, *kept.get("others", []))
        if each
    ]
    same = [each for each in known if each["head"] == head]
    found = same[0] if same else {"head": head, "parts": {}}
    return {**found, "others": [each for each in known if each["head"] != head]}


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
