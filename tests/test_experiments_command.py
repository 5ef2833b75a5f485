"""reproduce.py as a process."""

import json

import pytest

from experiments.common import runner
from keras_vae.commands import reproduce
from tests.scripts import Script


def test_the_list_names_all_with_their_minutes(tmp_path):
    status, output = Script(tmp_path / "log", "reproduce.py", "--list").wait()
    assert status == 0, output
    lines = [line.split() for line in output.splitlines() if line]
    assert [line[0] for line in lines] == ["name", *runner.names(), "all"]
    quick, full = (sum(runner.find(name).MINUTES[mode] for name in runner.names()) for mode in ("quick", "full"))
    assert lines[-1] == ["all", str(quick), str(full)]


def test_an_experiment_is_run_printed_and_drawn(tmp_path):
    workdir = tmp_path / "laboratory"
    command = ["reproduce.py", "ig_figure3", "--quick", f"--workdir={workdir}"]
    status, output = Script(tmp_path / "log", *command).wait()
    assert status == 0, output
    assert "holds" in output and "Infinite gradients, section 4, Fig. 3" in output
    found = json.loads((workdir / "quick" / "ig_figure3.json").read_text())
    assert all(claim["holds"] for claim in found["claims"])
    assert (workdir / "quick" / "ig_figure3-slices.png").exists()


def test_what_is_missing_is_told_and_does_not_stop_the_others(tmp_path):
    command = ["reproduce.py", "rb_table4", "ig_figure3", "--quick", f"--data_dir={tmp_path}/none"]
    status, output = Script(tmp_path / "log", *command, f"--workdir={tmp_path / 'laboratory'}").wait()
    assert status == 1 and "Traceback" not in output
    assert "error: rb_table4: data_dir" in output and "is not a directory" in output
    assert "ig_figure3: Slices of the loss" in output


def test_a_folder_of_other_things_is_refused_and_left_as_it_is(tmp_path):
    for name in ("beach.jpg", "full/beach.jpg", "stacks/hay.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="is not empty and holds no results of experiments; choose another --workdir"):
        repeated(tmp_path, "ig_figure3")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "kept", ["stacks/mnist-vae-1/environment.json", "computed/noise-1.json", "full/x.json", "quick/x.json"]
)
def test_a_folder_of_an_earlier_command_is_gone_on_with(kept, tmp_path):
    """Whichever folder was the first; an unknown name is refused after the folder."""
    (tmp_path / kept).parent.mkdir(parents=True)
    (tmp_path / kept).write_text("{}")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match="unknown experiment 'no_such'"):
        repeated(tmp_path, "no_such")


def repeated(workdir, name):
    reproduce.FLAGS.unparse_flags()
    reproduce.FLAGS(["reproduce", f"--workdir={workdir}", "--quick"])
    try:
        reproduce.main(reproduce.FLAGS, name)
    finally:
        reproduce.FLAGS.unparse_flags()
