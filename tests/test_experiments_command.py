"""reproduce.py as a process."""

import json

from experiments.common import runner
from tests.scripts import Script


def test_the_list_names_all_with_their_minutes(tmp_path):
    status, output = Script(tmp_path / "log", "reproduce.py", "--list").wait()
    assert status == 0, output
    lines = [line.split() for line in output.splitlines() if line]
    assert [line[0] for line in lines] == ["name", *runner.names(), "all"]
    quick, full = (sum(runner.find(name).MINUTES[mode] for name in runner.names()) for mode in ("quick", "full"))
    assert lines[-1] == ["all", str(quick), str(full)]


def test_an_experiment_is_run_printed_and_drawn(tmp_path):
    command = ["reproduce.py", "ig_figure3", "--quick", f"--workdir={tmp_path}"]
    status, output = Script(tmp_path / "log", *command).wait()
    assert status == 0, output
    assert "holds" in output and "Infinite gradients, section 4, Fig. 3" in output
    found = json.loads((tmp_path / "quick" / "ig_figure3.json").read_text())
    assert all(claim["holds"] for claim in found["claims"])
    assert (tmp_path / "quick" / "ig_figure3-slices.png").exists()


def test_what_is_missing_is_told_and_does_not_stop_the_others(tmp_path):
    command = ["reproduce.py", "rb_table4", "ig_figure3", "--quick", f"--data_dir={tmp_path}/none"]
    status, output = Script(tmp_path / "log", *command, f"--workdir={tmp_path}").wait()
    assert status == 1 and "Traceback" not in output
    assert "error: rb_table4: data_dir" in output and "is not a directory" in output
    assert "ig_figure3: Slices of the loss" in output
