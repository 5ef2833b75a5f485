"""Load a split of a data set by name, and refuse what the data set does not know before anything is read."""

import inspect
import typing

import numpy as np

from keras_vae import plugins


def names() -> list[str]:
    """Return the names of all data sets, sorted."""
    return plugins.names("keras_vae.data.sets")


def find(name: str) -> typing.Any:
    """Return the module of the data set `name`: PRESET, SPLITS and load()."""
    return plugins.find("keras_vae.data.sets", name, kind="data set")


def load(name: str, split: str, **options: typing.Any) -> np.ndarray:
    """Return one split as one array: uint8 images [N, H, W, C], or float32 points [N, d].

    An option that is None counts as not given, so that command-line flags can be passed on as they are.
    """
    dataset = find(name)
    if split not in dataset.SPLITS:
        raise ValueError(f"{name} has no split {split!r}; it has: {', '.join(dataset.SPLITS)}")
    given = {option: value for option, value in options.items() if value is not None}
    takes = _parameters(dataset)
    unknown = [option for option in given if option not in takes]
    if unknown:
        raise ValueError(f"{name} takes no option {', '.join(unknown)}; it takes: {', '.join(takes)}")
    missing = [option for option, parameter in takes.items() if parameter.default is parameter.empty]
    missing = [option for option in missing if option not in given]
    if missing:
        raise ValueError(f"{name} needs the option {', '.join(missing)}, for example --{missing[0]}=...")
    return dataset.load(split, **given)


def options(name: str) -> list[str]:
    """Return the names of the options that load() takes for the data set `name`."""
    return list(_parameters(find(name)))


def _parameters(dataset):
    parameters = inspect.signature(dataset.load).parameters
    return {option: parameter for option, parameter in parameters.items() if parameter.kind is parameter.KEYWORD_ONLY}
