"""Loading: a feature extractor by its name; options that it does not know are refused."""

import inspect
import typing

from keras_vae import plugins
from keras_vae.metrics.features._extractor import Extractor


def names() -> list[str]:
    """Return the names of all feature extractors, sorted."""
    return plugins.names("keras_vae.metrics.features")


def find(name: str) -> typing.Any:
    """Return the module of the feature extractor `name`."""
    return plugins.find("keras_vae.metrics.features", name, kind="feature extractor")


def load(name: str, **options: typing.Any) -> Extractor:
    """Return the Extractor `name`. An option that is None counts as not given."""
    module = find(name)
    given = {option: value for option, value in options.items() if value is not None}
    takes = inspect.signature(module.extractor).parameters
    if unknown := [option for option in given if option not in takes]:
        nearest = plugins.nearest(unknown[0], takes)
        raise ValueError(
            f"{name} takes no option {', '.join(unknown)}; it takes: {', '.join(takes) or 'none'}{nearest}"
        )
    missing = [option for option in takes if takes[option].default is inspect.Parameter.empty and option not in given]
    if missing:
        raise ValueError(f"{name} needs the option {', '.join(missing)}")
    return module.extractor(**given)
