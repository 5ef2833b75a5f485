"""Versions of an export: whole or not there, counting up, never changed; and export.py as a process."""

import os
import shutil
import signal

import pytest
import tensorflow as tf

from keras_vae.exporting import export
from keras_vae.exporting.version_directory import checked_base, new_version
from tests.scripts import Script


def test_versions_count_up_and_are_never_changed(tmp_path):
    for expected in ("1", "2"):
        with new_version(tmp_path) as draft:
            (draft.path / "saved_model.pb").write_bytes(b"x")
        assert draft.path == tmp_path / expected
    with new_version(tmp_path, 40) as draft:
        (draft.path / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(ValueError, match="40 exists; a published version is never changed"), new_version(tmp_path, 40):
        pass
    with pytest.raises(ZeroDivisionError), new_version(tmp_path) as draft:
        (draft.path / "half").write_bytes(b"x")
        raise ZeroDivisionError
    assert sorted(path.name for path in tmp_path.iterdir()) == [".latest", "1", "2", "40"]


def test_the_number_of_a_deleted_version_is_not_given_again(tmp_path):
    for expected in ("1", "2", "3"):
        with new_version(tmp_path) as draft:
            (draft.path / "saved_model.pb").write_bytes(b"x")
        assert draft.path.name == expected
        shutil.rmtree(draft.path)
    with pytest.raises(ValueError, match="3 was given before, and servers may still have what is deleted"):
        checked_base(tmp_path, 3)


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    """Nothing would be overwritten, but versions do not belong among photos, or into a run. Versions of another program
    and a server's configuration may be there."""
    (tmp_path / "photo.png").write_bytes(b"x")
    with pytest.raises(ValueError, match="is not empty and holds no versions of a model; choose another --export_dir"):
        checked_base(tmp_path)
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "saved_model.pb").write_bytes(b"x")
    assert checked_base(tmp_path) == tmp_path
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "models.config").write_text("")
    with new_version(tmp_path / "new") as draft:
        (draft.path / "saved_model.pb").write_bytes(b"x")
    assert draft.path.name == "1"


def test_names_that_no_server_reads_are_no_versions(tmp_path):
    for name in ("٣", "9" * 20, "7.5", "notes"):
        (tmp_path / name).mkdir()
    (tmp_path / ".latest").write_text("")  # as a power cut may leave it
    with new_version(tmp_path) as draft:
        (draft.path / "saved_model.pb").write_bytes(b"x")
    assert draft.path.name == "1"
    (tmp_path / str(2**63 - 1)).mkdir()
    with pytest.raises(ValueError, match="the largest that a server reads; export to another one"):
        checked_base(tmp_path)


def test_a_draft_that_was_killed_goes_and_one_that_is_written_stays(tmp_path):
    (tmp_path / ".tmp-killed").mkdir()
    with new_version(tmp_path) as first, new_version(tmp_path) as second:
        assert sorted(tmp_path.glob(".tmp-*")) == sorted([first.path, second.path])
        for draft in (first, second):
            (draft.path / "saved_model.pb").write_bytes(b"x")


def test_a_version_is_readable_to_other_users_under_any_umask(tmp_path):
    base = tmp_path / "new" / "base"
    before = os.umask(0o077)
    try:
        with new_version(base) as draft:
            (draft.path / "variables").mkdir()
            (draft.path / "variables" / "variables.index").write_bytes(b"x")
    finally:
        os.umask(before)
    modes = {
        path.relative_to(draft.path.parent).as_posix(): path.stat().st_mode & 0o777 for path in draft.path.rglob("*")
    }
    assert modes == {"1/variables": 0o755, "1/variables/variables.index": 0o644}
    assert [each.stat().st_mode & 0o777 for each in (draft.path, base, base.parent)] == [0o755] * 3


def test_two_exports_at_once_take_two_numbers(tmp_path):
    with new_version(tmp_path) as first, new_version(tmp_path) as second:
        for draft in (first, second):
            (draft.path / "saved_model.pb").write_bytes(b"x")
    assert {first.path, second.path} == {tmp_path / "1", tmp_path / "2"}


@pytest.mark.parametrize("place", ["manifest.json", "1"])
def test_a_killed_export_leaves_no_version(place, points, tmp_path):
    """Killed when half of its files are written, and when all are but the version has no name yet."""
    base = tmp_path / "models"
    command = ["export.py", f"--workdir={points}", f"--export_dir={base}"]
    status, output = Script(tmp_path / "log", *command, dies_before=(f"/{place}", 1)).wait()
    assert status == -signal.SIGKILL, output
    assert any(base.rglob("saved_model.pb")) and not [path for path in base.iterdir() if path.name.isdecimal()]
    with new_version(base) as draft:
        (draft.path / "saved_model.pb").write_bytes(b"x")
    assert draft.path == base / "1"


def test_the_command_exports(points, tmp_path):
    base = tmp_path / "export"
    status, output = Script(tmp_path / "log", "export.py", f"--workdir={points}", f"--export_dir={base}").wait()
    assert status == 0 and f"exported: {base / '1'}\nnext: " in output
    assert (base / "1" / "saved_model.pb").exists()


def test_places_of_data_that_the_data_set_does_not_take_are_refused(points, tmp_path):
    with pytest.raises(ValueError, match="takes no option data_dir; leave --data_dir out"):
        export(points, tmp_path / "e", data_dir=tmp_path)
    assert not (tmp_path / "e").exists()


def test_a_full_disk_is_said_in_a_line(points, tmp_path, monkeypatch):
    """By TensorFlow's error, as it was on a full tmpfs."""

    def full(*_, **__):
        words = "{{function_node __wrapped__SaveV2}} /e/.tmp-x/variables/part-0; No space left on device [Op:SaveV2]"
        raise tf.errors.ResourceExhaustedError(None, None, words)

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(OSError, match="exported: the export could not be written: No space left on device$"):
        export(points, tmp_path / "exported")
    assert not [path for path in (tmp_path / "exported").iterdir() if path.is_dir()]


def test_what_cannot_be_exported_is_said_in_a_line(tmp_path):
    command = ["export.py", f"--workdir={tmp_path / 'none'}", f"--export_dir={tmp_path / 'e'}"]
    status, output = Script(tmp_path / "log", *command).wait()
    assert status == 2 and "holds no run" in output and "Traceback" not in output
    assert not (tmp_path / "e").exists()
