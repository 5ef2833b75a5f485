"""Scripts as processes: they answer without TensorFlow, and refuse what they do not understand."""

import os
import pathlib
import subprocess
import sys
import tarfile

import pytest

from keras_vae import cli, plugins
from tests import tiny

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCRIPTS = ["train.py", "evaluate.py", "export.py", "reproduce.py"]
BENCHES = [f"bench/{path.name}" for path in sorted((ROOT / "bench").glob("[!_]*.py"))]
MODULES = [
    "-mkeras_vae.theory",
    "-mkeras_vae.diagnose",
    "-mkeras_vae train",
    "-mserving.local",
    "-mserving.client",
    "-mserving.bulk",
]
HEAVY = {"tensorflow", "keras", "matplotlib"}
DATA_SETS, PRESETS = plugins.names("keras_vae.data.sets"), plugins.names("keras_vae.presets")


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
        *((script, word) for script in SCRIPTS for word in ("--help", "--no_such_flag=1")),
        *((script, word) for script in MODULES for word in ("--help", "--no_such_flag=1")),
        *((script, "--help") for script in BENCHES),
        ("train.py", "--helpfull"),
        ("-mserving.local", "--helpfull"),
    ],
)
def test_help_and_wrong_flags_do_not_wait_for_tensorflow(script, word):
    alone = {} if script.startswith("-m") else {"PYTHONPATH": ""}  # a script finds what it needs by itself
    done = call("-X", "importtime", *script.split(), word, **alone)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "argparse" in imported or "absl.flags" in imported, done.stderr
    assert not imported & HEAVY
    assert done.returncode == (2 if word == "--no_such_flag=1" else 0), done.stderr
    assert "Traceback" not in done.stderr


def ending(capsys, *words, run=cli.command):
    """(exit code, standard output, standard error) of a command in this process: words, its name the first."""
    with pytest.raises(SystemExit) as stop:
        run(words[0], list(words[1:]))
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return stop.value.code, told.out, told.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train dataset=mnist", "did you mean --dataset=mnist?"),
        ("train --quick false", "a switch takes no word behind it"),
        ("train --set vae.epochs=1 vae.batch_size=100", "did you mean --set vae.batch_size=100?"),
        ("train -- --set vae.epochs=1", "nothing after a lone -- is read"),
        ("train quick", "did you mean --quick?"),
        ("train --worksdir=x", "unknown flag --worksdir; did you mean --workdir?"),
        ("train --seed=-1", "--seed=-1: expected an integer in the range [0, 42949671]"),
        ("train --seed=1e3", "--seed=1e3: expected an integer"),
        ("train --quick=maybe", "--quick=maybe: expected true or false"),
        ("train --workers=0", "--workers=0: expected an integer in the range [1, 256]"),
        ("train --workdir=", "--workdir=: expected a path"),
        ("train --workdir=~nobody_here/x", "there is no user 'nobody_here'"),
        ("evaluate --workdir=x mismatch", "left over on the command line: mismatch"),
        ("evaluate", "--workdir=... is missing: Run directory"),
        ("evaluate --compare=a", "--compare takes two run directories, W1,W2"),
        ("evaluate --compare= --workdir=x", "--compare is of runs that are measured, with no --workdir beside it"),
        ("evaluate --compare=a,b --count=40", "--compare is of runs that are measured, with no --count beside it"),
        ("train --preset=", "unknown preset ''; known: affine"),
        ("evaluate --compare=a,b", "a has no results.json; measure it first"),
        ("evaluate --workdir=x --count=9223372036854775808", "--count=9223372036854775808: expected an integer"),
        ("evaluate --workdir=x --seed=9223372036854775808", "--seed=9223372036854775808: expected an integer"),
        ("export --workdir=x --export_dir=y version=3", "did you mean --version=3?"),
        ("export --workdir=x --export_dir=y --version=-1", "--version=-1: expected a non-negative integer"),
        ("reproduce -- --list", "nothing after a lone -- is read"),
        ("reproduce --list rb_table1", "--list names the experiments and repeats none"),
        ("reproduce --list --quick", "--list names the experiments and repeats none"),
        ("reproduce --quick", "--quick is for experiments; name some, or all"),
        ("reproduce all rb_table1", "all names every experiment; leave the other names out"),
        ("reproduce --write_docs --quick", "--quick is for experiments; name some, or all"),
        ("reproduce ig_beta --workdir=setup.py", "--workdir is setup.py, a file; expected a directory"),
        ("balance --dataset=curve --set=vae.latent_dim=3", "is what is searched; give --latent_dims=... instead"),
        ("diagnose --model=x.keras --outlier_dir=y", "--outlier_dir is of no use without --outliers=..."),
        ("diagnose --model=x.keras --dataset=faces --data_dir=y", "faces takes no option data_dir; leave --data_dir"),
        ("balance --latent_dim=3", "did you mean --latent_dims?"),
        ("serve --modle_name=x", "unknown flag --modle_name; did you mean --model_name?"),
        ("train --noquick=true", "--noquick=true does not take an argument"),
        ("serve --noenable_batching=1", "--noenable_batching=1 does not take an argument"),
        ("serve vae", "left over on the command line: vae"),
        ("serve --port=70000", "--port=70000: expected an integer in the range [0, 65535]"),
        ("serve --model_base_path=~nobody_here", "there is no user 'nobody_here'"),
        ("client smaple", "did you mean sample?"),
        ("client SAMPLE", "did you mean sample?"),
        ("train --Work_Dir=x", "unknown flag --Work_Dir; did you mean --workdir?"),
        ("client sample --out=x.png --cuont=3", "did you mean --count?"),
        ("client sample 7 --out=x.png", "unrecognized arguments: 7"),
        ("client --address=x:1 sample --out=x.png", "--address is a flag of sample, decode,"),
        ("client sample --out=~nobody_here/x.png", "there is no user 'nobody_here'"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_hint(words, message, capsys):
    code, _, error = ending(capsys, *words.split())
    assert code == 2 and message in error and error.startswith("error: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train.py", "dataset=mnist"], "did you mean --dataset=mnist?"),
        (["bench/train_steps.py", "rounds=1"], "did you mean --rounds=1?"),
        (["-m", "keras_vae.theory", "betta"], "unknown theorem 'betta'; known: affine"),
        (["-m", "keras_vae.theory", "BETA"], "did you mean 'beta'?"),
        (["-m", "keras_vae", "trian"], "unknown command 'trian'; known: balance"),
        (["-m", "keras_vae", "Train"], "did you mean keras-vae train?"),
        (["-m", "serving.bulk", "scroe"], "did you mean score?"),
        (["-m", "serving.bulk", "score", "more"], "are required: --export_dir"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_left_over_is_refused_by_processes_too(words, message):
    done = call(*words)
    assert done.returncode == 2
    assert message in done.stderr and "Traceback" not in done.stderr


COMMANDS = plugins.names(cli.COMMANDS)
OURS = [name for name in COMMANDS if hasattr(plugins.find(cli.COMMANDS, name, "command"), "FLAGS")]


def test_every_command_says_what_it_does_on_one_screen(capsys, monkeypatch):
    assert {"train", "evaluate", "export", "reproduce", "serve", "client", "balance"} <= set(COMMANDS)
    monkeypatch.setattr(sys, "argv", ["keras-vae"])
    with pytest.raises(SystemExit):
        cli.main()
    told = capsys.readouterr().out
    for name in COMMANDS:
        assert f"keras-vae {name} " in told
    for name in {*OURS, "serve"}:
        code, told, _ = ending(capsys, name, "--help")
        lines = told.splitlines()
        assert all(known in told for known in (*DATA_SETS, *PRESETS)) or name not in ("train", "balance")
        assert code == 0 and len(lines) <= 36 and max(map(len, lines)) <= 120
        assert lines[1].startswith(f"  keras-vae {name} ")


@pytest.mark.parametrize("name", OURS)
def test_a_tilde_behind_the_equals_sign_is_the_home_directory_in_every_path(name):
    values = plugins.find(cli.COMMANDS, name, "command").FLAGS
    paths = [flag for flag in values if flag.endswith(("dir", "path"))]
    cli.parse([name, *(f"--{flag}=~/a~b" for flag in paths)], values=values)
    told = {getattr(values, flag) for flag in paths}
    values.unparse_flags()
    assert told == {os.path.expanduser("~/a~b")}


def test_the_next_command_is_spelled_as_this_one_was(capsys, monkeypatch):
    steps = ("evaluate --workdir=W", "serve --port=1")
    for called, spelled in (("/x/train.py", "python {}.py"), ("/bin/keras-vae", "keras-vae {}")):
        monkeypatch.setattr(sys, "argv", [called])
        cli.told("trained", "W", *steps)
        lines = capsys.readouterr().out.splitlines()
        assert lines[:2] == ["trained: W", f"next: {spelled.format('evaluate')} --workdir=W"]
    assert lines[2] == "next: keras-vae serve --port=1"


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

    def main():
        raise eval(error)

    with pytest.raises(SystemExit) as stop:
        cli.guarded(main)
    assert stop.value.code == code
    assert capsys.readouterr().err.startswith("error: ") and "told" in error
    monkeypatch.setenv(cli.TRACE, "1")
    with pytest.raises(type(eval(error))):
        cli.guarded(main)


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
