"""Run one experiment and keep what it found as JSON; figures and texts are made of that alone."""

import dataclasses
import datetime
import time

from experiments.common.findings import Findings
from keras_vae import plugins
from keras_vae.data.grids import write_png
from keras_vae.files import names_and_values, read_json, write_json
from keras_vae.version import VERSION

PACKAGE, KIND = "experiments", "experiment"
NEEDED = ("name", "mode", "title", "source", "claim", "scaled", "paper", "claims", "trained")
NEEDED += tuple(field.name for field in dataclasses.fields(Findings))


def names():
    """All experiments, by name."""
    return plugins.names(PACKAGE)


def find(name):
    """The module of an experiment."""
    return plugins.find(PACKAGE, name, kind=KIND)


def mode(quick):
    """The folder of results, and the key of MINUTES."""
    return "quick" if quick else "full"


def run(module, lab):
    """Measure an experiment (a module) in a Laboratory; returns what `read` returns."""
    name, began = module.__name__.rpartition(".")[2], time.monotonic()
    lab.used.clear()
    findings = module.measure(lab)
    folder = lab.workdir / mode(lab.quick)
    for picture in findings.pictures:
        picture["file"] = f"{name}-{picture['name']}.png"
        write_png(folder / picture["file"], picture.pop("pixels"))
    found = {
        "name": name,
        "mode": mode(lab.quick),
        **{key.lower(): getattr(module, key) for key in ("TITLE", "SOURCE", "CLAIM", "SCALED", "PAPER")},
        **dataclasses.asdict(findings),
        "claims": [dataclasses.asdict(claim) for claim in module.claims(findings.values)],
        "measured": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, version {VERSION}",
        "trained": list(lab.used.values()),
        "minutes": (time.monotonic() - began) / 60,
    }
    write_json(folder / f"{name}.json", found)
    return _read(folder / f"{name}.json")


def read(workdir, name):
    """The fullest result that there is of an experiment, or None; `folder` says where its pictures are."""
    for each in ("full", "quick"):
        path = workdir / each / f"{name}.json"
        if path.exists():
            return {**_read(path), "folder": path.parent}
    return None


def _read(path):
    """The result in a file, which has what pages are made of."""

    def take(found):
        return names_and_values(found) | {key: found[key] for key in NEEDED}

    return read_json(path, take, f"delete it, and repeat {path.stem}")
