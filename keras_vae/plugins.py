"""Plug-ins found by file name: a new data set, network, preset or experiment is one new file, nothing to register."""

import difflib
import importlib
import pkgutil
import typing
from collections.abc import Iterable


def names(package: str, contract: str | None = None) -> list[str]:
    """Return the names of the plug-ins in `package` (a dotted name): its public modules, sorted.

    contract: a name that plug-ins define, for a package that holds other modules beside them; it imports them all.
    """
    path = importlib.import_module(package).__path__
    found = sorted(each.name for each in pkgutil.iter_modules(path) if not each.ispkg and not each.name.startswith("_"))
    return found if contract is None else [name for name in found if hasattr(_module(package, name), contract)]


def find(package: str, name: str, kind: str, contract: str | None = None) -> typing.Any:
    """Return the module `package.name`, which is all that is imported.

    An unknown name raises ValueError with the nearest and all known ones. kind: what such plug-ins are called there.
    """
    module = _module(package, name) if name in names(package) else None
    if module is None or not hasattr(module, contract or "__name__"):
        one_of(name, names(package, contract), kind)
    return module


def one_of(name: typing.Any, known: Iterable[str], kind: str) -> typing.Any:
    """Return `name`, if it is one of `known`; else ValueError with all of them and the nearest. kind: of what."""
    known = list(known)
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"unknown {kind} {name!r:.100}; known: {', '.join(known)}{nearest(name, known)}")
    return name


def nearest(name: str, known: Iterable[str], form: str = "{!r}") -> str:
    """Return "; did you mean 'faces'?" for 'fases' or 'FACES', and nothing where no known name is near."""
    lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(str(name).lower(), lower, n=1)
    return f"; did you mean {form.format(lower[near[0]])}?" if near else ""


def _module(package: str, name: str) -> typing.Any:
    return importlib.import_module(f"{package}.{name}")
