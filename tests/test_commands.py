"""Scripts as processes: they answer without TensorFlow, and refuse what they do not understand."""

import os
import pathlib
import subprocess
import sys
import tarfile

import pytest

from keras_vae import cli
from tests import tiny

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCRIPTS = ["train.py", "evaluate.py", "export.py", "reproduce.py"]
BENCHES = [f"bench/{path.name}" for path in sorted((ROOT / "bench").glob("[!_]*.py"))]
HEAVY = {"tensorflow", "keras", "matplotlib"}


def call(*command, **environment):
    """A finished process of this Python."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    command = [sys.executable, *map(str, command)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


def run_code(code):
    """The output of Python code that runs to its end."""
    done = call("-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("script", "word"),
    [
        *((script, word) for script in SCRIPTS for word in ("--help", "--helpfull", "--no_such_flag=1")),
        *(
            (script, word)
            for script in ("-mkeras_vae.theory", "-mkeras_vae.diagnose")
            for word in ("--help", "--no_such_flag=1")
        ),
        *((script, "--help") for script in BENCHES),
    ],
)
def test_help_and_wrong_flags_do_not_wait_for_tensorflow(script, word):
    alone = {} if script.startswith("-m") else {"PYTHONPATH": ""}  # a script finds what it needs by itself
    done = call("-X", "importtime", script, word, **alone)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "argparse" in imported or "absl.flags" in imported, done.stderr
    assert not imported & HEAVY
    assert done.returncode == (2 if word == "--no_such_flag=1" else 0), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train.py", "dataset=mnist"], "did you mean --dataset=mnist?"),
        (["train.py", "--quick", "false"], "a switch takes no word behind it"),
        (["train.py", "--set", "vae.epochs=1", "vae.batch_size=100"], "did you mean --set vae.batch_size=100?"),
        (["train.py", "--", "--set", "vae.epochs=1"], "nothing after a lone -- is read"),
        (["train.py", "quick"], "did you mean --quick?"),
        (["train.py", "--worksdir=x"], "Did you mean: workdir"),
        (["evaluate.py", "--workdir=x", "mismatch"], "left over on the command line: mismatch"),
        (["export.py", "--workdir=x", "--export_dir=y", "version=3"], "did you mean --version=3?"),
        (["reproduce.py", "--", "--list"], "nothing after a lone -- is read"),
        (["bench/train_steps.py", "rounds=1"], "did you mean --rounds=1?"),
        (["-m", "keras_vae.theory", "betta"], "unknown theorem 'betta'; known: affine"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_left_over_is_refused_with_a_hint(words, message):
    done = call(*words)
    assert done.returncode == 2
    assert message in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("script", [path.removesuffix(".py") for path in SCRIPTS])
def test_a_tilde_behind_the_equals_sign_is_the_home_directory(script):
    code = f"""
from absl import flags
import {script}
paths = [flag.name for flag in flags.FLAGS.get_key_flags_for_module({script!r}) if flag.name.endswith(("dir", "path"))]
from keras_vae import cli
cli.parse([{script!r}, *(f"--{{name}}=~/a~b" for name in paths)])
print(*(getattr(flags.FLAGS, name) for name in paths), sep="\\n")
"""
    told = run_code(code).split()
    assert told and set(told) == {os.path.expanduser("~/a~b")}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("ValueError('told')", 2),
        ("FileNotFoundError(2, 'told', 'x')", 2),
        ("FloatingPointError('told')", 1),
        ("OSError(28, 'told')", 1),
        ("MemoryError('told')", 1),
        ("__import__('tensorflow').errors.ResourceExhaustedError(None, None, 'told')", 1),
    ],
)
def test_wrong_input_and_failed_runs_end_differently(error, code, monkeypatch, capsys):
    monkeypatch.delenv(cli.TRACE, raising=False)
    monkeypatch.setattr(sys, "argv", ["script.py"])

    def main(_):
        raise eval(error)

    with pytest.raises(SystemExit) as stop:
        cli.run(main)
    assert stop.value.code == code
    assert capsys.readouterr().err.startswith("error: ") and "told" in error
    monkeypatch.setenv(cli.TRACE, "1")
    with pytest.raises(type(eval(error))):
        cli.run(main)


@pytest.mark.parametrize("imports", ["keras_vae, keras", "keras, keras_vae"])
def test_keras_loads_our_files_without_custom_objects_whoever_comes_first(imports, tmp_path):
    path = tmp_path / "vae.keras"
    tiny.vae().save(path)
    run_code(f"import {imports}; assert type(keras.saving.load_model({str(path)!r})).__name__ == 'GaussianVAE'")


@pytest.mark.parametrize(
    ("code", "registered"),
    [
        ("hook(); import keras", True),
        ("import keras; hook()", True),
        ("hook(); import importlib.util; importlib.util.find_spec('keras'); import keras", True),
        ("hook(); from keras import saving", True),
        ("hook(); hook(); import keras", True),
        ("hook(); import json", False),
    ],
)
def test_what_registers_with_keras_is_imported_with_it_and_not_before(code, registered, tmp_path):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text("ready = True")
    (tmp_path / "keras" / "saving.py").write_text("")
    (tmp_path / "ours.py").write_text("import keras; assert keras.ready")
    lazy = f"import sys, runpy; sys.path.insert(0, {str(tmp_path)!r}); "
    lazy += f"lazy = runpy.run_path({str(ROOT / 'keras_vae' / '_lazy.py')!r}, run_name='lazy'); "
    lazy += "hook = lambda: lazy['import_with_keras'](['ours']); "
    assert run_code(f"{lazy}{code}; print('ours' in sys.modules)").strip() == str(registered)


def test_a_run_is_loaded_by_whoever_imports_the_library_alone(tmp_path):
    with tarfile.open(ROOT / "tests" / "written_before" / "version_0_1.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    code = "import os; del os.dup2\n"  # importing the library does not touch file descriptors
    code += f"import keras_vae as kv; print(kv.load({str(tmp_path / 'run')!r}).sample(2).shape[0], kv.train, kv.export)"
    assert run_code(code).startswith("2 <function train")
