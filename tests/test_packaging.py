"""Packaging: one version everywhere, and everything that is asked for is pinned."""

import ast
import importlib
import importlib.metadata
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
import yaml
from packaging import specifiers

import keras_vae

ROOT = pathlib.Path(__file__).resolve().parents[1]


def test_every_place_says_the_same_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]
    changed = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert keras_vae.__version__ == cited == changed


def test_the_command_is_installed_with_all_that_it_calls():
    text = (ROOT / "setup.py").read_text()
    module, _, function = re.search(r'"keras-vae = (\S+)"', text)[1].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    packages = ast.literal_eval(re.search(r"^PACKAGES = (.*)$", text, re.MULTILINE)[1])
    assert set(packages) == {"keras_vae", "serving", "experiments"}


def test_what_is_asked_for_is_pinned():
    strings = [
        node.value
        for node in ast.walk(ast.parse((ROOT / "setup.py").read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    asked = {name(each) for each in strings if re.fullmatch(r"[\w-]+(\[\w+\])?>=[\w.,<>=]+", each)}
    lines = (ROOT / "constraints.txt").read_text().split()
    assert asked - {"python"} <= {name(line) for line in lines} and len(asked) > 15
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines), "a pin, and no address"


def test_python_is_new_enough_for_what_is_pinned():
    asked = re.search(r'python_requires=">=(\d+\.\d+)"', (ROOT / "setup.py").read_text())[1]
    needed = importlib.metadata.metadata("keras")["Requires-Python"]
    assert specifiers.SpecifierSet(needed).contains(asked), f"Keras asks for Python {needed}"
    assert f'python_version = "{asked}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.slow
def test_a_wheel_holds_the_packages_whole_and_nothing_else(tmp_path):
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "build", "dist", "runs", "export")
    shutil.copytree(ROOT, source, ignore=ignored)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*command, tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = {path for path in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in path}
    packages = ("keras_vae", "serving", "experiments")
    files = (path for package in packages for path in (source / package).rglob("*") if path.is_file())
    assert held == {str(path.relative_to(source)) for path in files}


def name(requirement):
    return re.match(r"[\w-]+", requirement)[0].lower().replace("_", "-")
