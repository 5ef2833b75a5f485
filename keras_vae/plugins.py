"""Plug-ins found by file name: a new data set, network, preset or experiment is one new file, nothing to register."""

import importlib
import pkgutil


def names(package, contract=None):
    """Names of the plug-ins in `package` (a dotted name): its public modules, sorted.

    contract: a name that plug-ins define, for a package that holds other modules beside them; it imports them all.
    """
    path = importlib.import_module(package).__path__
    found = sorted(each.name for each in pkgutil.iter_modules(path) if not each.ispkg and not each.name.startswith("_"))
    return found if contract is None else [name for name in found if hasattr(_module(package, name), contract)]


def find(package, name, kind, contract=None):
    """Return the module `package.name`, which is all that is imported. An unknown name raises ValueError that lists
    the known ones."""
    module = _module(package, name) if name in names(package) else None
    if module is None or not hasattr(module, contract or "__name__"):
        raise ValueError(f"unknown {kind} {name!r}; known: {', '.join(names(package, contract))}")
    return module


def _module(package, name):
    return importlib.import_module(f"{package}.{name}")
