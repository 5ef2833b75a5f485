"""Run directory: its paths and files, and the stack that is loaded from it.

config.json              what is trained; a different one is refused
examples.json            what it is trained on: number, shape and checksum; others are refused
environment.json         versions it was begun with
devices.json             where devices were chosen by their speed: examples/s of each stage on those that were tried
<stage>/backup.npz       where to go on after a kill; previous-backup.npz the one before, should this be damaged
<stage>/best.npz         of a second stage that is in training: the epoch of the least held-out loss
<stage>/model.keras      the trained stage
<stage>/history.json     every logged number of every epoch
<stage>/diagnostics.json what the codes of held-out images do
<stage>/posteriors/      codes of the training images, a store: the data of the stage above
<stage>/samples.png, reconstructions.png
<stage>/DONE             written last
tensorboard/
"""

import importlib.metadata
import itertools
import pathlib
import platform
import shutil
import tempfile
import zipfile

import keras
import numpy as np

from keras_vae import config as configs
from keras_vae.files import (
    UNREADABLE,
    Path,
    as_path,
    check_own,
    names_and_values,
    read_json,
    write_atomically,
    write_json,
    write_text,
)
from keras_vae.models import Stack

PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "numpy")


class RunDirectory:
    """Paths and files of one run."""

    def __init__(self, path):
        self.path = as_path(path, "workdir")

    def complete(self, config):
        """Return `config` with what it leaves open taken from an earlier command on this run."""
        return config if self.is_new else _completed(config, self.config())

    @property
    def is_new(self):
        """True when no run was begun here."""
        return not (self.path / "config.json").exists()

    def claim(self, config, measured=None):
        """Make the directory that of a run of `config`. measured: speeds that its devices were chosen by."""
        write_json(self.path / "environment.json", _environment())
        if measured:
            write_json(self.path / "devices.json", measured)
        write_text(self.path / "config.json", configs.to_json(config))

    def check(self, config):
        """Refuse a directory that holds another configuration, or other things than a run."""
        if self.is_new:
            if self.path.exists() and not self.path.is_dir():
                raise ValueError(f"{self.path} is a file; --workdir must name a directory, new or of an earlier run")
            return check_own(self.path, "workdir", "run", own=())
        stored = self.config()
        if different := configs.differences(configs.portable(stored), configs.portable(config)):
            raise ValueError(
                f"{self.path} holds another configuration (stored != asked):\n  "
                + "\n  ".join(different)
                + "\nUse the stored values, or another --workdir."
            )

    def keep_to(self, examples):
        """Refuse other examples than those that the run was begun with. examples: {name: words that stand for them}."""
        path = self.path / "examples.json"
        if not path.exists():  # of a new run, or one of an earlier version
            write_json(path, examples)
            return
        stored = read_json(path, names_and_values, "delete it to go on without comparing what the run is trained on")
        different = [
            f"{name}: {stored.get(name)}, now {now}" for name, now in examples.items() if stored.get(name) != now
        ]
        if different:
            raise ValueError(
                f"{self.path} was begun with other examples than there are now ({'; '.join(different)}); restore the "
                f"data set, train in a new --workdir, or delete {path} to go on with these"
            )

    def config(self):
        """Return the stored Config."""
        if self.is_new:
            raise ValueError(f"{self.path} holds no run: it has no config.json; train one with train.py")
        return read_json(self.path / "config.json", configs.from_fields, "restore it, or train in a new --workdir")

    def environment(self):
        """Return the versions that the run was begun with; none where their file is gone."""
        path = self.path / "environment.json"
        return read_json(path, names_and_values, "delete it: it has versions, and no more") if path.exists() else {}

    def folder(self, name):
        """Folder of a stage."""
        return self.path / name

    def done(self, name):
        """True when a stage is trained."""
        return (self.folder(name) / "DONE").exists()

    def save_stage(self, stage, file_name="model.keras"):
        """Save a stage as a .keras file that loads without custom objects once keras_vae is imported."""
        path = self.folder(stage.name) / file_name
        with tempfile.TemporaryDirectory() as folder:
            temporary = pathlib.Path(folder) / "model.keras"
            stage.save(temporary)
            with open(temporary, "rb") as saved:
                write_atomically(path, lambda file: shutil.copyfileobj(saved, file))
        return path

    def load_stage(self, name):
        """Return a trained stage."""
        path = self.folder(name) / "model.keras"
        try:
            with zipfile.ZipFile(path) as parts:
                damaged = parts.testzip()
        except UNREADABLE as error:
            damaged = error
        if damaged is not None:
            raise ValueError(f"{path} is damaged ({damaged}): {self._advice(name)}")
        stage = keras.saving.load_model(path, compile=False)
        (active,) = self.diagnostics(name, "active")
        stage.active_dims = active.astype(bool)
        return stage

    def diagnostics(self, name, *keys):
        """Return what diagnostics.json of a stage tells of each dimension, (latent_dim,), by these keys."""

        def take(found):
            columns = np.array([found[key] for key in keys], float)
            if columns.ndim != 2 or not np.isfinite(columns).all():
                raise ValueError(f"{' and '.join(keys)}: expected a number for each dimension")
            return columns

        return read_json(self.folder(name) / "diagnostics.json", take, self._advice(name))

    def _advice(self, name):
        return (
            f"restore it, or delete {self.folder(name)} and run train.py again, which trains this stage once more, to "
            "the same weights"
        )

    def finish(self, name):
        """Mark a stage as done."""
        write_text(self.folder(name) / "DONE", "")

    def drop_backups(self, name):
        """Remove the backups and the best epoch of a stage that is done, whole or not: they are of no more use."""
        left = self.folder(name).glob(".*.part")  # of a writer that was killed
        for file in (*map(self.folder(name).joinpath, ("backup.npz", "previous-backup.npz", "best.npz")), *left):
            file.unlink(missing_ok=True)


def load(workdir: Path) -> Stack:
    """Return the Stack of the trained stages of a run, bottom first."""
    run = RunDirectory(workdir)
    config = run.config()
    names = [stage.name for stage in config.stages]
    trained = list(itertools.takewhile(run.done, names))
    if not trained:
        raise ValueError(f"{run.path}: no stage is trained yet; the run has: {', '.join(names)}")
    return Stack([run.load_stage(name) for name in trained], seed=config.seed)


def _environment():
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version(), "machine": platform.machine(), **versions}


def _completed(config, stored):
    """Take over what the asked configuration leaves open: the strategies, and each stage's path through XLA."""
    known, stages = {stage.name: stage for stage in stored.stages}, []
    for stage in config.stages:
        before = known.get(stage.name, stage)
        xla = before.jit_compile if stage.jit_compile is None else stage.jit_compile
        stages.append(configs.replace(stage, jit_compile=xla, strategy=stage.strategy or before.strategy))
    strategy = stored.strategy if config.strategy == "auto" else config.strategy
    return configs.replace(config, stages=tuple(stages), strategy=strategy)
