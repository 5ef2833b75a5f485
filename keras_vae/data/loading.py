"""Load a split of a data set by name, and refuse what the data set does not know before anything is read."""

import hashlib
import importlib.metadata
import inspect
import pathlib
import typing
from collections.abc import Iterable

import numpy as np

from keras_vae import plugins
from keras_vae.checks import like
from keras_vae.data import store
from keras_vae.files import as_path

COMMON = ("cache_dir",)  # options of every data set
# The files here that a pixel, or the split that it is in, depends on: where they change, stores are made again.
PIXELS = ("preprocessing.py", "tfds_reader.py", "image_files.py", "canvas.py", "portrait.py")


def names() -> list[str]:
    """Return the names of all data sets, sorted."""
    return plugins.names("keras_vae.data.sets")


def find(name: str) -> typing.Any:
    """Return the module of the data set `name`: PRESET, SPLITS and load()."""
    return plugins.find("keras_vae.data.sets", name, kind="data set")


def load(name: str, split: str, **options: typing.Any) -> np.ndarray:
    """Return one split as one array: uint8 images [N, H, W, C], or float32 points [N, d].

    What is larger than store.IN_MEMORY is mapped from a store on disk, made at the first call: beside the data, or in
    the directory `cache_dir`. An option that is None counts as not given, so that command-line flags can be passed on.
    """
    dataset = find(name)
    if split not in dataset.SPLITS:
        raise ValueError(f"{name} has no split {split!r}; it has: {', '.join(dataset.SPLITS)}")
    given = {option: value for option, value in options.items() if value is not None}
    for option in ("data_dir", "cache_dir"):
        if option in given:
            as_path(given[option], option)
    cache_dir = given.pop("cache_dir", None)
    takes = _parameters(dataset)
    unknown = [option for option in given if option not in takes]
    if unknown:
        takes_them, nearest = ", ".join(options_of(dataset)), plugins.nearest(unknown[0], options_of(dataset))
        raise ValueError(f"{name} takes no option {', '.join(unknown)}; it takes: {takes_them}{nearest}")
    missing = [option for option, parameter in takes.items() if parameter.default is parameter.empty]
    missing = [option for option in missing if option not in given]
    if missing:
        raise ValueError(f"{name} needs the option {', '.join(missing)}, for example --{missing[0]}=...")
    for option, value in given.items():
        if isinstance(takes[option].default, bool):
            like(option, value, takes[option].default)
    found = dataset.load(split, **given)
    if not isinstance(found, store.Examples):
        return found
    chosen = {option: value for option, value in given.items() if option != "data_dir"}
    key = {"dataset": name, "split": split, "options": chosen, "preprocessing": _preprocessing(dataset)}
    return store.load(found, f"{name}-{split}", key, cache_dir)


def options(name: str) -> list[str]:
    """Return the names of the options that load() takes for the data set `name`."""
    return options_of(find(name))


def check_taken(name: str, given: Iterable[str]) -> None:
    """Refuse flags of options that load() does not take for the data set `name`."""
    for option in given:
        if option not in options(name):
            raise ValueError(f"{name} takes no option {option}; leave --{option} out")


def options_of(dataset: typing.Any) -> list[str]:
    """Return the names of the options that load() takes for the module of a data set."""
    return [*_parameters(dataset), *COMMON]


def _parameters(dataset):
    parameters = inspect.signature(dataset.load).parameters
    return {option: parameter for option, parameter in parameters.items() if parameter.kind is parameter.KEYWORD_ONLY}


def _preprocessing(dataset):
    """Return what stands for the way from bytes to pixels: the code that goes it, and its library's version."""
    files = (*map(pathlib.Path(__file__).with_name, PIXELS), pathlib.Path(dataset.__file__))
    code = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    return f"{code[:16]}, tensorflow {importlib.metadata.version('tensorflow')}"
