"""Plug-ins are found by file name: a new data set, network or preset is one new file, with nothing to register."""

import importlib
import pkgutil


def names(package, needs):
    """Names of the modules of `package` (a dotted name) that define `needs`, sorted."""
    found = importlib.import_module(package)
    modules = (module.name for module in pkgutil.iter_modules(found.__path__) if not module.name.startswith("_"))
    return sorted(name for name in modules if hasattr(importlib.import_module(f"{package}.{name}"), needs))


def find(package, name, needs, kind):
    """The module `package.name`. An unknown name raises ValueError that lists the known ones."""
    known = names(package, needs)
    if name not in known:
        raise ValueError(f"unknown {kind} {name!r}; known: {', '.join(known)}")
    return importlib.import_module(f"{package}.{name}")
