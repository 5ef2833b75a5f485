"""Configuration of a run: frozen dataclasses, one-to-one with their JSON, and `--set a.b=c`."""

import dataclasses
import json
import math
import re
import typing
from collections.abc import Iterable, Mapping

from keras_vae import plugins

Options = dict[str, typing.Any]
# Stages have seeds of their own: 100 times this and their number, which Keras takes up to 2^32 - 1.
SEEDS = {"lower_bound": 0, "upper_bound": (2**32 - 1) // 100 - 1}
LARGEST = {"latent_dim": 2**20}  # beyond, no machine has the memory
# A stage is a folder of the run, a layer of Keras and the first word of --set: what else goes by such a name is taken.
TAKEN = ("all", "tensorboard", "evaluation", "stack", "draws", "dataset", "stages", "data_options", "seed", "precision")


@dataclasses.dataclass(frozen=True)
class StageConfig:
    """Settings of one stage. Fields that name something name a file or a class of that name."""

    name: str  # also the folder of the stage in the run directory
    model: str  # class in keras_vae/models
    network: str | None  # file in keras_vae/networks; None for a mixture, which is fitted and not trained by steps:
    # its epochs are passes of EM at most, batch_size and learning_rate are not used
    latent_dim: int
    epochs: int
    batch_size: int  # global: over all replicas
    learning_rate: float
    schedule: str = "constant"  # function in keras_vae/training/schedules.py
    model_options: Options = dataclasses.field(default_factory=dict)  # of the class, e.g. {"beta": 0.5}
    gamma: Options = dataclasses.field(default_factory=dict)  # of DecoderVariance, e.g. {"mode": "fixed"}
    network_options: Options = dataclasses.field(
        default_factory=dict
    )  # of encoder() and decoder(), e.g. {"width": 100}
    steps_per_execution: int = 100  # at most this many steps a dispatch
    jit_compile: bool | None = None  # None: what the networks in the step ask for on this machine
    epsilon: float = 1e-7  # of Adam; TensorFlow's own has 1e-8, as the papers' code then had
    strategy: str | None = None  # "single" or "mirrored"; None: that of the run, or what `auto` measures to be faster

    def __post_init__(self) -> None:
        if not isinstance(self.model_options, dict) or "measure" not in self.model_options:
            return
        # The name of error_space until version 0.2.
        options = {"error_space" if key == "measure" else key: value for key, value in self.model_options.items()}
        object.__setattr__(self, "model_options", options)

    @property
    def error_space(self) -> str:
        """ "own" or "pixels": where the stage's reconstruction error is measured."""
        return self.model_options.get("error_space", "own")


@dataclasses.dataclass(frozen=True)
class Config:
    """Configuration of a run: a data set and the stages of a stack, bottom first."""

    dataset: str
    stages: tuple[StageConfig, ...]
    data_options: Options = dataclasses.field(default_factory=dict)  # of its load(), e.g. {"image_size": [64, 64]}
    seed: int = 0
    precision: str = "float32"  # Keras dtype policy of the networks; likelihoods are always float32
    strategy: str = "auto"

    def __post_init__(self) -> None:
        if not isinstance(self.stages, tuple) or not all(isinstance(stage, StageConfig) for stage in self.stages):
            raise ValueError(f"stages is {self.stages!r}; expected a tuple of StageConfig")
        names = [stage.name for stage in self.stages]
        if not names or len({str(name).lower() for name in names}) != len(names):
            raise ValueError(f"a configuration needs stages with different names, got {names}")
        for stage in self.stages:
            _check_stage(stage)
        _check_kinds(self, {"dataset": str, "precision": str, "strategy": str, "data_options": dict}, "")
        _check_seed(self.seed)

    def settings(self, name: str) -> StageConfig:
        """Return the StageConfig of that name."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        names = [stage.name for stage in self.stages]
        nearest = plugins.nearest(name, names)
        raise ValueError(f"unknown stage {name!r}; this stack has: {', '.join(names)}, or all{nearest}")


def with_stage(config: Config, index: int, settings: StageConfig) -> Config:
    """Return the Config with another StageConfig in the place of stage `index`."""
    _check_config(config)
    return replace(config, stages=(*config.stages[:index], settings, *config.stages[index + 1 :]))


# Where the data lie may differ between two commands on one run; what is trained may not.
MOVABLE = ("data_dir", "cache_dir")


def portable(config: Config) -> Config:
    """Return the Config without where its data lie: two that are equal then train the same."""
    _check_config(config)
    options = {key: value for key, value in config.data_options.items() if key not in MOVABLE}
    return replace(config, data_options=options)


def moved(config: Config, **places: object) -> Config:
    """Return the Config with other places of its data, of MOVABLE; one that is None stays."""
    _check_config(config)
    given = {name: str(place) for name, place in places.items() if place is not None}
    return replace(config, data_options={**config.data_options, **given})


def _check_config(config: object, kinds: type | tuple[type, ...] = Config) -> None:
    if not isinstance(config, kinds):
        raise ValueError(f"config is {config!r:.100}; expected a Config, kv.presets.mnist_vae.quick() say")


def _check_seed(seed: object) -> None:
    least, most = SEEDS["lower_bound"], SEEDS["upper_bound"]  # not by checks.seed: --help does not wait for NumPy
    if isinstance(seed, bool) or not isinstance(seed, int) or not least <= seed <= most:
        raise ValueError(f"seed is {seed!r}; expected a whole number from {least} to {most}")


WHOLE = ("latent_dim", "epochs", "batch_size", "steps_per_execution")
POSITIVE = (*WHOLE, "learning_rate", "epsilon")
KINDS = {"model": str, "schedule": str, "model_options": dict, "gamma": dict, "network_options": dict}
WORDS: dict[type, str] = {str: "a name", dict: "options by name"}


def _check_stage(stage: StageConfig) -> None:
    if not isinstance(stage.name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", stage.name):
        raise ValueError(f"a stage is named {stage.name!r}; expected a short word of letters, digits, _ and -")
    if stage.name.lower() in (*TAKEN, "strategy"):
        raise ValueError(f"a stage is named {stage.name!r}, which has another meaning in a run; choose another name")
    for field in POSITIVE:
        value, whole = getattr(stage, field), field in WHOLE
        right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not right or not (0 < value < math.inf):
            kind = "whole number of at least 1" if whole else "number above 0"
            raise ValueError(f"{stage.name}.{field} is {value!r}; expected a {kind}")
        if value > LARGEST.get(field, math.inf):
            raise ValueError(f"{stage.name}.{field} is {value}; expected {LARGEST[field]} at most")
    _check_kinds(stage, KINDS, f"{stage.name}.")
    if stage.network is not None and not isinstance(stage.network, str):
        raise ValueError(f"{stage.name}.network is {stage.network!r}; expected a name, or null")
    if stage.strategy not in (None, "single", "mirrored"):
        nearest = plugins.nearest(str(stage.strategy), ("single", "mirrored"))
        raise ValueError(f"{stage.name}.strategy is {stage.strategy!r}; expected single, mirrored or null{nearest}")
    if stage.jit_compile not in (None, True, False):
        raise ValueError(f"{stage.name}.jit_compile is {stage.jit_compile!r}; expected true, false or null")


def _check_kinds(config: typing.Any, kinds: Mapping[str, type], owner: str) -> None:
    for field, kind in kinds.items():
        if not isinstance(value := getattr(config, field), kind):
            raise ValueError(f"{owner}{field} is {value!r}; expected {WORDS[kind]}")


def to_json(config: Config) -> str:
    """Return the JSON text of a Config."""
    _check_config(config)
    return json.dumps(dataclasses.asdict(config), indent=2) + "\n"


_WANTED = "expected the JSON of a Config, with its stages"


def from_json(text: str) -> Config:
    """Return the Config of a JSON text."""
    if not isinstance(text, (str, bytes)):
        raise ValueError(f"text is {text!r}; {_WANTED}")
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{_WANTED}: {error}") from None
    return from_fields(fields)


def from_fields(fields: typing.Any) -> Config:
    """Return the Config of the value of a JSON text."""
    stages = fields.get("stages") if isinstance(fields, dict) else None
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        raise ValueError(_WANTED)
    try:
        return Config(**{**fields, "stages": tuple(StageConfig(**stage) for stage in stages)})
    except TypeError as error:  # a name too many, or one that is missing
        raise ValueError(f"{_WANTED}; it {str(error).partition('() ')[2]}") from None


Either = typing.TypeVar("Either", Config, StageConfig)


def replace(config: Either, **changes: typing.Any) -> Either:
    """Return a copy of a Config or StageConfig with some fields changed."""
    _check_config(config, (Config, StageConfig))
    return dataclasses.replace(config, **changes)


def override(config: Config, assignments: Iterable[str]) -> Config:
    """Return a copy with `--set` assignments applied, e.g. ["vae.epochs=3", "vae.gamma.mode=fixed", "seed=1"].

    The first word is a field of Config or the name of a stage; values are JSON, and plain words are strings.
    """
    _check_config(config)
    several = isinstance(assignments, Iterable) and not isinstance(assignments, str)
    texts = list(assignments) if several else []
    if not several or not all(isinstance(each, str) for each in texts):
        raise ValueError(f"assignments is {assignments!r}; expected a list of texts, ['vae.epochs=10'] say")
    for assignment in texts:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise ValueError(f"--set {assignment}: expected name=value, for example vae.epochs=10")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = text
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"--set {assignment}: expected a finite number")
        config = _assign(config, path.split("."), value, assignment)
    return config


def _assign(target: typing.Any, path: list[str], value: object, assignment: str) -> typing.Any:
    head, *rest = path
    if isinstance(target, Config) and head in (names := [stage.name for stage in target.stages]):
        if not rest:
            raise ValueError(f"--set {assignment}: {head} is a stage; name one of its fields, as {head}.epochs")
        changed = _assign(target.stages[names.index(head)], rest, value, assignment)
        return replace(target, stages=tuple(changed if stage.name == head else stage for stage in target.stages))
    if not head:
        raise ValueError(f"--set {assignment}: expected names between the dots, for example vae.epochs=10")
    if isinstance(target, dict):
        return {**target, head: _assign(target.get(head, {}), rest, value, assignment) if rest else value}
    if not isinstance(target, (Config, StageConfig)):
        owner = assignment.partition("=")[0].rpartition(f".{'.'.join(path)}")[0]
        raise ValueError(f"--set {assignment}: {owner} has no parts; write --set {owner}=VALUE")
    known = [field.name for field in dataclasses.fields(target)]
    if head not in known or head == "stages":
        known = [stage.name for stage in target.stages] + known if isinstance(target, Config) else known
        nearest = plugins.nearest(head, known)
        raise ValueError(f"--set {assignment}: unknown name {head!r}; known: {', '.join(known)}{nearest}")
    if not rest and isinstance(getattr(target, head), dict) and not isinstance(value, dict):
        owner = assignment.partition("=")[0]
        raise ValueError(f"--set {assignment}: {owner} holds options by name, as in --set {owner}.NAME=VALUE")
    changes: typing.Any = {head: _assign(getattr(target, head), rest, value, assignment) if rest else value}
    return dataclasses.replace(typing.cast(typing.Any, target), **changes)


def differences(old: Config, new: Config) -> list[str]:
    """Return lines "path: old != new" for each leaf in which two Configs differ."""
    _check_config(old)
    _check_config(new)
    left, right = _leaves(dataclasses.asdict(old)), _leaves(dataclasses.asdict(new))
    paths = sorted(left.keys() | right.keys())
    return [f"{path}: {left.get(path)!r} != {right.get(path)!r}" for path in paths if left.get(path) != right.get(path)]


def _leaves(value: typing.Any, path: str = "") -> dict[str, typing.Any]:
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
        items = [(item["name"], item) for item in value]
    else:
        return {path: list(value) if isinstance(value, tuple) else value}
    leaves: dict[str, typing.Any] = {}
    for key, item in items:
        leaves.update(_leaves(item, f"{path}.{key}" if path else str(key)))
    return leaves
