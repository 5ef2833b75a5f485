"""Lazy imports: names that are imported when they are first asked for, and modules that are imported with Keras."""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence


def attributes(
    package: str, homes: Mapping[str, str | None]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the `__getattr__` and `__dir__` (PEP 562) of a package whose names are imported at their first use.

    homes: {name: the module that defines it, or None where the name is that of a submodule}
    """

    def getattr_(name: str) -> typing.Any:
        module = sys.modules[package]
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=module)
        home = homes[name]
        value = getattr(importlib.import_module(home), name) if home else importlib.import_module(f"{package}.{name}")
        setattr(module, name, value)
        return value

    def dir_() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return getattr_, dir_


def import_with_keras(modules: Sequence[str]) -> None:
    """Import `modules`, which register classes with Keras, now if Keras is there, else as soon as it is imported.

    Keras finds the class of a .keras file among those that are registered, so who imports this library and then Keras
    must find them registered; who never imports Keras (`train.py --help`) need not wait for it.
    """
    if "keras" in sys.modules:
        _import_all(modules)
    else:
        sys.meta_path.insert(0, _WithKeras(modules))


def _import_all(modules: Sequence[str]) -> None:
    for name in modules:
        importlib.import_module(name)


class _WithKeras(importlib.abc.MetaPathFinder):
    """A finder that finds Keras where the others do, and adds to its import that of `modules`."""

    def __init__(self, modules: Sequence[str]) -> None:
        self.modules, self.asking = modules, False

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "keras" or self.asking:
            return None
        self.asking = True  # the others; one of them may do as this one does, and ask back
        try:
            spec = next(filter(None, (each.find_spec(name, path, target) for each in sys.meta_path)), None)
        finally:
            self.asking = False
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                execute(module)
                if self in sys.meta_path:  # once; whoever only asks whether there is a Keras has not imported it
                    sys.meta_path.remove(self)
                    _import_all(self.modules)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
