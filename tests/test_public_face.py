"""Public face of the library: complete, lazy, and with type hints."""

import inspect
import pathlib
import re

import pytest

import keras_vae as kv
from keras_vae import plugins

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROOMS = (kv, kv.data, kv.diagnostics, kv.metrics, kv.metrics.features, kv.models, kv.theory, kv.config, plugins)


def checked_by_mypy():
    """Files and folders of [tool.mypy] in pyproject.toml."""
    listed = re.search(r"^files = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL | re.MULTILINE)[1]
    paths = [ROOT / path for path in re.findall(r'"(.+?)"', listed)]
    assert paths and all(path.exists() for path in paths)
    return paths


def public_functions():
    """{name: function or method} of what the rooms offer and mypy checks."""
    offered = [getattr(room, name) for room in ROOMS for name in getattr(room, "__all__", vars(room)) if name[0] != "_"]
    offered = [each for each in offered if getattr(each, "__module__", "").startswith("keras_vae")]
    methods = [
        function
        for each in filter(inspect.isclass, offered)
        for name, function in vars(each).items()
        if inspect.isfunction(function) and not name.startswith("_")
    ]
    functions = [*filter(inspect.isfunction, offered), *methods]
    files = {each: pathlib.Path(inspect.getsourcefile(each)) for each in functions}
    checked = checked_by_mypy()
    return {
        f"{each.__module__}.{each.__qualname__}": each
        for each, file in files.items()
        if any(file == path or path in file.parents for path in checked)
    }


def test_what_others_call_has_type_hints():
    functions = public_functions()
    assert {"keras_vae.metrics.mmd.mmd", "keras_vae.metrics.ndb.ImageBins.compare"} <= functions.keys()
    lacking = []
    for name, function in functions.items():
        signature = inspect.signature(function)
        hints = {each.name: each.annotation for each in signature.parameters.values() if each.name != "self"}
        hints["its result"] = signature.return_annotation
        lacking += [f"{name}: {each}" for each, hint in hints.items() if hint is inspect.Parameter.empty]
    assert not lacking


def test_the_public_face_is_complete_and_says_what_it_lacks():
    assert set(kv.__all__) <= set(dir(kv)) and all(getattr(kv, name) is not None for name in kv.__all__)
    assert kv.presets.mnist_vae.quick().stages[0].epochs < kv.presets.mnist_vae.paper().stages[0].epochs
    assert set(plugins.names("keras_vae.networks")) <= set(dir(kv.networks))
    for module in (kv, kv.presets, kv.networks, kv.theory):
        with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'mnist_va'"):
            module.mnist_va  # noqa: B018
