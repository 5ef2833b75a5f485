"""Laboratory of the experiments: trains every stack once, keeps it by its configuration, goes on after a kill."""

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import shutil
import time

import keras_vae as kv
from keras_vae import config as configs
from keras_vae import plugins
from keras_vae.evaluation.evaluation import Evaluation
from keras_vae.files import names_and_values, read_json, write_json
from keras_vae.runs import RunDirectory
from keras_vae.training.train import on_this_machine


@dataclasses.dataclass(frozen=True)
class Trained:
    """A trained stack with its run directory."""

    stack: kv.Stack
    config: kv.Config
    workdir: pathlib.Path

    def history(self, stage, name):
        """A logged number of every epoch of a stage."""
        advice = f"delete {self.workdir / stage}, and repeat the experiment, which trains this stage once more"
        return read_json(self.workdir / stage / "history.json", lambda found: [each[name] for each in found], advice)

    def evaluation(self, count, **options):
        """Return the Evaluation that the parts of keras_vae/evaluation measure."""
        return Evaluation(self.stack, self.config, self.workdir, count, **options)


class Laboratory:
    """workdir: where trained stacks and results are kept; quick: minutes instead of hours; data_dir: of TFDS."""

    def __init__(self, workdir, quick=True, data_dir=None):
        self.workdir, self.quick = pathlib.Path(workdir).expanduser(), quick
        self.data_dir = data_dir and os.path.abspath(os.path.expanduser(data_dir))
        self.used = {}  # what the experiment in hand trained, by folder

    def pick(self, quick, full):
        """Return the one or the other number."""
        return quick if self.quick else full

    def preset(self, name, *assignments):
        """Return the quick variant of a preset with `--set` assignments, e.g. "vae.epochs=10"."""
        config = plugins.find("keras_vae.presets", name, kind="preset").quick()
        return self.located(configs.override(config, assignments))

    def located(self, config):
        """Return the configuration with this laboratory's data_dir, where its data set takes one."""
        return configs.replace(config, data_options=self._options(config.dataset, config.data_options))

    def data(self, dataset, split, **options):
        """Return the examples of a split."""
        return _load(dataset, split, json.dumps(self._options(dataset, options)))

    def train(self, config):
        """Return the Trained stack of a Config. A stack whose lower stages another stack has takes them over."""
        run = RunDirectory(self.workdir / "stacks" / f"{config.dataset}-{config.stages[-1].name}-{self.key(config)}")
        below = self.train(configs.replace(config, stages=config.stages[:-1])) if len(config.stages) > 1 else None
        kept, names = run.path / "spent.json", [stage.name for stage in config.stages]
        if not kept.exists() or not all(map(run.done, names)):  # it is written last; a stage may have been deleted
            resumed = not run.is_new  # how long it took until it was killed is not known
            with _timed() as spent:
                if below:
                    _take_over(below, run, config)
                kv.train(config, run.path)
            examples, top = len(self.data(config.dataset, "train", **config.data_options)), config.stages[-1]
            steps = top.epochs * (examples // top.batch_size if top.network else 1)  # a mixture takes all at once
            write_json(kept, {"steps": steps, "resumed": resumed, **spent})
        advice = "delete it: it has how long the training took, and no more"
        self.used[run.path.name] = {**self.described(config), **read_json(kept, names_and_values, advice)}
        return Trained(kv.load(run.path), config, run.path)

    def compute(self, name, settings, function, key=None):
        """Return function(), which gives what JSON can hold, kept by its name and `key`, by default the settings."""
        path = self.workdir / "computed" / f"{name}-{key or _digest(settings)}.json"
        if not path.exists():
            with _timed() as spent:
                result = function()
            write_json(path, {"result": result, "spent": {"what": name, **settings, **spent}})

        def take(kept):
            return names_and_values(kept)["result"], names_and_values(kept["spent"])

        result, self.used[path.name] = read_json(path, take, "delete it, and it is computed once more")
        return result

    @staticmethod
    def key(config):
        """Return a word that stands for a configuration, wherever its data lie."""
        settings = dataclasses.asdict(configs.portable(config))
        for stage in settings["stages"]:
            for younger in ("epsilon", "strategy"):  # than the first stacks that are kept by their key
                if stage[younger] == getattr(configs.StageConfig, younger):
                    del stage[younger]
        return _digest(settings)

    @staticmethod
    def described(config):
        """Return what is trained, for a reader: of the top stage, since each stage below has a record of its own."""
        stage = config.stages[-1]
        options = {**stage.model_options, **stage.network_options, **{f"gamma.{k}": v for k, v in stage.gamma.items()}}
        chosen = configs.portable(config).data_options.items()
        data = " ".join([config.dataset, *(f"{name} {value}" for name, value in chosen)])
        words = [f"{data}: {stage.name}", stage.network or stage.model, f"kappa {stage.latent_dim}"]
        words += [f"{name} {value}" for name, value in options.items()]
        return {"what": ", ".join(words), "epochs": stage.epochs, "batch_size": stage.batch_size, "seed": config.seed}

    def _options(self, dataset, options):
        takes = self.data_dir and "data_dir" in kv.data.options(dataset)
        return {**options, "data_dir": self.data_dir} if takes else options


@functools.lru_cache(maxsize=4)
def _load(dataset, split, options):
    return kv.data.load(dataset, split, **json.loads(options))


def _take_over(below, run, config):
    """The folders of trained lower stages, as if this run had trained them: it would have, bit for bit."""
    if run.is_new:
        run.claim(on_this_machine(config))
    for stage in config.stages[:-1]:
        if not run.done(stage.name):
            part = run.path / f".{stage.name}.part"
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(below.workdir / stage.name, part)
            os.replace(part, run.folder(stage.name))


@contextlib.contextmanager
def _timed():
    """A dictionary that has the minutes, on the clock and of the processor, when the block is done."""
    spent, began, processor = {}, time.monotonic(), time.process_time()
    yield spent
    spent |= {"minutes": (time.monotonic() - began) / 60, "processor": (time.process_time() - processor) / 60}


def _digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]
