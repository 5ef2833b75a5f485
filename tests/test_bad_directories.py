"""Directories that cannot be those of a run, an export or a diagnosis are told before there is work to be lost."""

import os

import pytest

import keras_vae as kv
from keras_vae.adopted.diagnose import check_free
from keras_vae.training import find_balance as balance
from tests import tiny


@pytest.mark.parametrize("below", ["", "run"])
@pytest.mark.parametrize("target", ["nowhere", "link"])
def test_a_symbolic_link_that_leads_nowhere_is_no_workdir(target, below, tmp_path):
    os.symlink(tmp_path / target, tmp_path / "link")
    with pytest.raises(ValueError, match="a symbolic link that leads nowhere|Too many levels of symbolic links"):
        kv.train(tiny.CONFIG, tmp_path / "link" / below)


def test_a_workdir_below_a_file_or_in_a_loop_is_told_before_data_are_read(tmp_path):
    (tmp_path / "file").write_text("precious")
    os.symlink(tmp_path / "loop", tmp_path / "loop")
    for below, message in (
        ("file/run", "lies below a file"),
        ("loop/run", "symbolic link"),
        ("x" * 999 + "/run", "long"),
    ):
        with pytest.raises(ValueError, match=message):
            kv.train(tiny.CONFIG, tmp_path / below)
    assert (tmp_path / "file").read_text() == "precious"


def test_a_directory_that_may_not_be_written_to_is_told_before_there_is_work_to_be_lost(run, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # tests may run as root, who may do all
    workdir = tmp_path / "not" / "there"
    for write in (
        lambda: kv.train(tiny.CONFIG, workdir),
        lambda: kv.export(run, workdir),
        lambda: balance.find_balance(tiny.CONFIG, workdir, (2,), (1.0,)),
        lambda: check_free(workdir),  # of a diagnosis
    ):
        with pytest.raises(PermissionError, match=f"{tmp_path} may not be written to; choose another"):
            write()
    monkeypatch.setattr(os, "access", lambda path, mode: path != run)
    with pytest.raises(PermissionError, match="run may not be written to"):
        kv.evaluate(run)
    assert kv.train(tiny.CONFIG, run).stages, "nothing is left to do, so nothing is written"


def test_nothing_is_made_of_a_search_that_is_refused(tmp_path):
    with pytest.raises(ValueError, match="workdir is 3"):
        balance.find_balance(tiny.CONFIG, 3, (2,), (1.0,))
    assert not list(tmp_path.iterdir())
