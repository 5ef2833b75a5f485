"""reproduce.py as a process."""

import json
import pathlib
import subprocess
import sys

from experiments.common import runner

ROOT = pathlib.Path(__file__).resolve().parents[1]


def reproduce(*arguments):
    command = [sys.executable, "reproduce.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_the_list_names_all_with_their_minutes():
    done = reproduce("--list")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line]
    assert [line[0] for line in lines] == ["name", *runner.names(), "all"]
    quick, full = (sum(runner.find(name).MINUTES[mode] for name in runner.names()) for mode in ("quick", "full"))
    assert lines[-1] == ["all", str(quick), str(full)]


def test_an_experiment_is_run_printed_and_drawn(tmp_path):
    done = reproduce("ig_figure3", "--quick", f"--workdir={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert "holds" in done.stdout and "Infinite gradients, section 4, Fig. 3" in done.stdout
    found = json.loads((tmp_path / "quick" / "ig_figure3.json").read_text())
    assert all(claim["holds"] for claim in found["claims"])
    assert (tmp_path / "quick" / "ig_figure3-slices.png").exists()


def test_what_is_missing_is_told_and_does_not_stop_the_others(tmp_path):
    done = reproduce("rb_table4", "ig_figure3", "--quick", f"--data_dir={tmp_path}/none", f"--workdir={tmp_path}")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "error: rb_table4: data_dir" in done.stderr and "is not a directory" in done.stderr
    assert "ig_figure3: Slices of the loss" in done.stdout
