"""Rooms of the library: which package may import which, held by reading the imports of every file."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGES = ("keras_vae", "serving", "experiments")
TENSORFLOW = {"keras", "tensorflow", "tensorflow_datasets", "tensorflow_probability", "tf_keras"}


def module_name(path):
    """Return the dotted name of a file: a/b.py is a.b, a/__init__.py is a."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}
TREES = {name: ast.parse(path.read_text()) for name, path in FILES.items()}


def package_of(name):
    """Return the package whose folder a module lies in."""
    return name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]


def imports(name):
    """Yield (dotted name, the name that it has in the file) of everything that a module imports, wherever it does.

    `from a import b` yields a.b, be it a module or not.
    """
    package = package_of(name)
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{origin}.{alias.name}", alias.asname or alias.name


def modules_of(name):
    """Return our modules that a module imports: a.b.c is the module a.b.c, or else the name c of the module a.b."""
    found = {dotted if dotted in FILES else dotted.rpartition(".")[0] for dotted, _ in imports(name)}
    return {each for each in found if each in FILES} - {name}


def room(name):
    """Return the part of the tree that a module belongs to: keras_vae.data, serving."""
    return ".".join(name.split(".")[: 2 if name.startswith("keras_vae.") else 1])


def rooms_of(*wanted):
    """Return {module: rooms that it imports} of the modules in the rooms."""
    inside = [name for name in FILES if room(name) in wanted]
    assert inside, wanted
    return {name: {room(each) for each in modules_of(name)} - {room(name)} for name in inside}


def circle(graph):
    """Return nodes of a graph {node: its nodes} that lead back to each other, or nothing."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node) :]
        if node not in done:
            path.append(node)
            for each in sorted(graph.get(node, ())):
                if found := visit(each):
                    return found
            done.add(path.pop())
        return []

    return next((found for node in sorted(graph) if (found := visit(node))), [])


def test_the_files_are_read():
    assert {"keras_vae", "keras_vae.models.stack", "serving.client", "experiments.common.watching"} <= FILES.keys()
    assert "keras_vae.runs" in modules_of("keras_vae.training.train")
    assert room("keras_vae.data.sets.mnist") == "keras_vae.data" and room("serving.server.rest") == "serving"
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"] and not circle({"a": {"b", "c"}, "b": {"c"}})


def test_maths_imports_nothing_of_ours():
    assert not {name: rooms for name, rooms in rooms_of("keras_vae.maths").items() if rooms}


OUTSIDE = {f"keras_vae.{name}" for name in ("training", "runs", "evaluation", "exporting", "report", "cli")}


@pytest.mark.parametrize("inner", ["keras_vae.metrics", "keras_vae.diagnostics"])
def test_measures_know_neither_training_nor_runs(inner):
    """They take arrays, functions or a Codec."""
    assert not {name: rooms & OUTSIDE for name, rooms in rooms_of(inner).items() if rooms & OUTSIDE}


@pytest.mark.parametrize("inner", ["keras_vae.evaluation", "keras_vae.exporting"])
def test_what_reads_a_run_does_not_train(inner):
    found = rooms_of(inner)
    assert not [name for name, rooms in found.items() if "keras_vae.training" in rooms]
    assert [name for name, rooms in found.items() if "keras_vae.runs" in rooms]


def test_runs_import_no_training():
    assert not rooms_of("keras_vae.runs")["keras_vae.runs"] & {"keras_vae.training", "keras_vae.evaluation"}


def test_serving_imports_nothing_of_the_library():
    assert not [
        name for name, rooms in rooms_of("serving").items() if any(each.startswith("keras_vae") for each in rooms)
    ]


def test_a_configuration_needs_no_tensorflow():
    """Neither config.py nor what it imports."""
    reached, waiting = set(), ["keras_vae.config"]
    while waiting:
        reached.add(name := waiting.pop())
        waiting += modules_of(name) - reached
    assert not {name for name in reached for dotted, _ in imports(name) if dotted.partition(".")[0] in TENSORFLOW}


def test_no_import_leads_back():
    """Neither between files nor between rooms. A package's own __init__ gathers its files and is left out there."""
    files = {name: modules_of(name) for name in FILES}
    assert not circle(files)
    rooms = {}
    for name, found in files.items():
        if name != "keras_vae":
            rooms.setdefault(room(name), set()).update({room(each) for each in found} - {room(name)})
    assert not circle(rooms)


def private(name):
    return name.startswith("_") and not name.endswith("__")


def is_self(node):
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def inside(name, package):
    return f"{package_of(name)}.".startswith(f"{package}.")


def underscores(name):
    """Return the underscore names that a module defines: functions, methods, attributes of self, constants."""
    found = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_self(node.value):
            found.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return set(filter(private, found))


def test_no_module_imports_an_underscore_of_another_package():
    found = []
    for name in TREES:
        for dotted, _ in imports(name):
            parts = dotted.split(".")
            owners = [".".join(parts[:at]) for at, part in enumerate(parts) if private(part)]
            if parts[0] in PACKAGES and not all(inside(name, owner) for owner in owners):
                found.append(f"{name} imports {dotted}")
    assert not found, "\n" + "\n".join(found)


def test_no_module_uses_an_underscore_of_another_package():
    """`other._name`, where _name is defined in another package and not in this one."""
    defined = {}
    for name in TREES:
        defined.setdefault(package_of(name), set()).update(underscores(name))
    found = []
    for name, tree in TREES.items():
        package = package_of(name)
        others = set().union(*(names for other, names in defined.items() if other != package)) - defined[package]
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and not is_self(node.value) and node.attr in others:
                found.append(f"{name}:{node.lineno} {ast.unparse(node)}")
    assert not found, "\n" + "\n".join(found)


RIDDLES = ("What", "Where", "How", "Whether", "Which", "Why", "When", "Who")
ALL_FILES = [path for path in sorted(ROOT.rglob("*.py")) if not {".venv", "build"} & set(path.relative_to(ROOT).parts)]


def test_docstrings_begin_with_the_thing_or_a_verb():
    """The first word of a docstring is one to grep for (CONTRIBUTING.md)."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = []
    for path in ALL_FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            text = ast.get_docstring(node) if isinstance(node, documented) else None
            if text and text.split()[0] in RIDDLES:
                found.append(f"{path.relative_to(ROOT)}: {text.splitlines()[0]}")
    assert not found, "\n".join(found)
