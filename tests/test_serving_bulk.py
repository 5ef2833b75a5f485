"""Bulk work: the plan, the parts and their rows; with Ray, in the slow tests, a killed worker and a killed command."""

import io
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import numpy as np
import psutil
import pyarrow
import pytest
from PIL import Image
from pyarrow import dataset, parquet

from serving.bulk import __main__ as command_line
from serving.bulk import plan
from serving.bulk.model import plain, read
from serving.bulk.worker import Worker, unreadable
from serving.client import ROWS_PER_REQUEST, Client
from tests import tiny_served

COUNT = 150


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_served.export(tmp_path_factory.mktemp("vae"))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """COUNT pictures in two folders, three files that cannot be read, and one of another kind."""
    folder = tmp_path_factory.mktemp("lake")
    draw = np.random.default_rng(3)
    for number in range(COUNT):
        path = folder / f"{number % 2}" / f"{number:04d}.{'png' if number % 3 else 'jpg'}"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (16, 20, 3), dtype=np.uint8)).save(path)
    (folder / "0" / "cut.png").write_bytes((folder / "0" / "0002.png").read_bytes()[:100])
    (folder / "0" / "empty.png").touch()
    (folder / "1" / "text.JPG").write_text("no picture")
    (folder / "notes.txt").write_text("no picture either")
    return folder


def planned(out, base, lake, command, files_per_part=plan.FILES_PER_PART):
    """The Plan of all files, sorted: the broken ones are in the middle."""
    out.mkdir()
    request = {"command": command, "model": str(base / "1"), "export_dir": str(base), "images": str(lake)}
    return plan.write(out, request, sorted(plan.find(lake)), files_per_part)


def asked(client, command, files):
    answer = getattr(client, command)(files)
    return dict(zip(("mean", "stddev"), answer)) if command == "encode" else answer


def test_rows_are_those_of_the_client_bit_for_bit(base, lake, tmp_path):
    with tiny_served.served("--model_name=vae", f"--model_base_path={base}") as (_, grpc), Client(grpc) as client:
        for command in ("encode", "score", "screen"):
            found = planned(tmp_path / command, base, lake, command)
            assert Worker(found.out)({"part": np.array([0])})["errors"] == [3]
            rows = parquet.read_table(found.file(0)).to_pydict()
            good = [place for place, error in enumerate(rows["error"]) if error is None]
            assert len(good) == COUNT > 2 * ROWS_PER_REQUEST and rows["path"] == found.paths(0)
            expected = asked(client, command, [pathlib.Path(rows["path"][place]).read_bytes() for place in good])
            expected.pop("heat_maps", None)
            assert rows.keys() == {"path", "error", *expected}
            for name, values in expected.items():
                np.testing.assert_array_equal(np.float32([rows[name][place] for place in good]), values)
                assert sum(each is None for each in rows[name]) == 3


def test_a_file_that_cannot_be_read_has_a_reason_and_no_numbers(base, lake, tmp_path):
    found = planned(tmp_path / "out", base, lake, "score")
    Worker(found.out)({"part": np.array([0])})
    rows = {pathlib.Path(row["path"]).name: row for row in parquet.read_table(found.file(0)).to_pylist()}
    assert "notes.txt" not in rows and len(rows) == COUNT + 3
    assert rows["empty.png"]["error"] == "is empty" and rows["empty.png"]["elbo"] is None
    assert rows["text.JPG"]["error"] == "is neither a PNG nor a JPEG file"
    assert rows["cut.png"]["error"] == "Invalid PNG data, size 100"
    assert unreadable(found.file(0)) == 3


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("assertion failed: [a picture has no pixels] [0]\n\t [[{{node f/Assert}}]]", "a picture has no pixels"),
        ("{{function_node __f_1}} Bad PNG,\n size 3\n\t [[{{node map/Decode}}]]", "Bad PNG, size 3"),
        (
            "2 root error(s) found.\n  (0) INVALID_ARGUMENT: Bad JPEG\n\t [[{{node a}}]]\n\t [[b/_3]]\n"
            "  (1) INVALID_ARGUMENT: Bad JPEG\n\t [[{{node a}}]]\n0 successful operations.\n",
            "Bad JPEG",
        ),
    ],
)
def test_an_error_is_a_line_without_the_graph(message, line):
    assert plain(message) == line


def test_a_plan_is_cut_into_parts_and_knows_what_is_missing(base, lake, tmp_path):
    found = planned(tmp_path / "out", base, lake, "encode", files_per_part=64)
    assert (found.files, found.parts, found.missing()) == (COUNT + 3, 3, [0, 1, 2])
    assert [found.size(part) for part in range(3)] == [64, 64, 25]
    assert sum((found.paths(part) for part in range(3)), []) == sorted(plan.find(lake))
    worker = Worker(found.out)
    worker({"part": [1]})
    first = found.file(1).read_bytes(), found.file(1).stat().st_mtime_ns
    assert plan.Plan(found.out).missing() == [0, 2]
    worker({"part": [1]})  # asked again: by Ray, where a worker died before it could tell
    assert (found.file(1).read_bytes(), found.file(1).stat().st_mtime_ns) == first
    assert dataset.dataset(found.out, format="parquet").count_rows() == 64  # the list of files is none of the rows


def test_no_half_file_is_left(tmp_path):
    with pytest.raises(OSError, match="disk"), plan.whole_file(tmp_path / "part") as file:
        file.write(b"half")
        raise OSError("disk")
    assert not list(tmp_path.iterdir())
    (tmp_path / f"{plan.UNFINISHED}abc").write_bytes(b"half")  # of a killed worker
    plan.remove_unfinished(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_glob_finds_what_it_matches(lake):
    assert set(plan.find(f"{lake}/0/*.png")) == {str(path) for path in (lake / "0").glob("*.png")}


def test_links_to_folders_are_followed_but_not_in_a_circle(tmp_path):
    for name in ("a/1.png", "other/2.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    (tmp_path / "a" / "link").symlink_to(tmp_path / "other")
    (tmp_path / "a" / "back").symlink_to(tmp_path / "a")
    found = {os.path.relpath(path, tmp_path / "a") for path in plan.find(tmp_path / "a")}
    assert found == {"1.png", "link/2.png"}


def test_what_is_no_file_is_listed_has_a_reason_and_is_not_waited_for(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "gone.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    for images in (tmp_path, f"{tmp_path}/*.png"):
        assert {os.path.basename(path): read(path) for path in plan.find(images)} == {
            "gone.png": (None, "No such file or directory"),
            "pipe.png": (None, "is not a regular file"),
        }


def run(*arguments):
    """(exit code, standard error) of the command line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream := io.StringIO())
        return command_line.main([str(each) for each in arguments]), stream.getvalue()


def test_mistakes_are_told_in_one_line(base, lake, tmp_path):
    def error(export_dir, images, out):
        code, text = run("score", f"--export_dir={export_dir}", f"--images={images}", f"--out={out}")
        assert code == 2 and "Traceback" not in text
        return text.splitlines()[-1]

    out = tmp_path / "out"
    assert "--export_dir: " in error(tmp_path / "absent", lake, out)
    assert "has no versions" in error(lake / "0", lake, out)
    assert "--images: no PNG or JPEG files in" in error(base, tmp_path / "nothing", out)
    assert not out.exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.parquet").write_bytes(b"mine")
    assert "other Parquet files" in error(base, lake, other) and (other / "mine.parquet").read_bytes() == b"mine"
    planned(tmp_path / "encoded", base, lake, "encode")
    assert "is of command encode, not score" in error(base, lake, tmp_path / "encoded")
    with command_line.alone_in(out):
        assert "another command is at work" in error(base, lake, out)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"no parquet"),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_bytes(b""),
        lambda path: parquet.write_table(pyarrow.table({"path": ["a"]}), path),
        lambda path: parquet.write_table(
            pyarrow.table({"path": ["a"]}).replace_schema_metadata({"request": "[]"}), path
        ),
        lambda path: parquet.write_table(
            pyarrow.table({"path": ["a"]}).replace_schema_metadata({"request": '{"command": "score"}'}), path
        ),
    ],
    ids=["text", "truncated", "empty", "foreign", "no request", "half a request"],
)
def test_a_list_of_files_that_is_none_is_told(base, lake, tmp_path, damage):
    out = planned(tmp_path / "out", base, lake, "score").out
    damage(out / plan.FILE)
    code, text = run("score", f"--export_dir={base}", f"--images={lake}", f"--out={out}")
    assert code == 2 and text.count("\n") == 1
    assert "_files.parquet is damaged, or not of this command; choose another folder" in text


@pytest.mark.parametrize("content", [b"no parquet", b"", b"PAR1"])
def test_a_damaged_part_is_told(base, lake, tmp_path, content):
    found = planned(tmp_path / "out", base, lake, "score")
    found.file(0).write_bytes(content)
    message = f"--out: {found.file(0)} is damaged; delete it: the same command makes it again"
    with pytest.raises(ValueError, match=re.escape(message)):
        command_line.work_off(found, None)
    parquet.write_table(pyarrow.table({"path": ["a"]}), found.file(0))
    with pytest.raises(ValueError, match=re.escape(message)):
        command_line.work_off(found, None)


@pytest.mark.slow
def test_killed_workers_and_commands_lose_nothing(base, lake, tmp_path):
    pytest.importorskip("ray", reason="ray is not installed; pip install 'keras_vae[bulk]'")
    images, out = tmp_path / "images", tmp_path / "out"
    for copy in range(60):
        shutil.copytree(lake, images / str(copy))
    home = tempfile.mkdtemp(prefix="ray")  # short: sockets lie in it
    command = [sys.executable, "-m", "serving.bulk", "score"]
    command += [f"--export_dir={base}", f"--images={images}", f"--out={out}"]
    environment = {**os.environ, "RAY_TMPDIR": home, "HOME": home}

    def begun(until):
        """The process of the command, when as many parts are there."""
        process = subprocess.Popen(command, cwd=tiny_served.ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        while process.poll() is None and len(list(out.glob("part-*"))) < until:
            psutil.wait_procs([psutil.Process(process.pid)], timeout=0.05)
        return process

    try:
        first = begun(until=1)
        workers = [
            each for each in psutil.Process(first.pid).children(recursive=True) if "MapWorker" in each.cmdline()[0]
        ]
        workers[0].kill()
        while first.poll() is None and len(list(out.glob("part-*"))) < 4:
            psutil.wait_procs([psutil.Process(first.pid)], timeout=0.05)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        kept = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
        second = begun(until=1000)
        assert second.returncode == 0 and "180 could not be read" in second.communicate()[0]
        assert kept and all(path.stat().st_mtime_ns == time for path, time in kept.items())
        rows = dataset.dataset(out, format="parquet").to_table().to_pydict()
        assert sorted(rows["path"]) == sorted(plan.find(images)) and len(rows["path"]) == 60 * (COUNT + 3)
        assert not list(out.glob(f"{plan.UNFINISHED}*"))
    finally:
        shutil.rmtree(home, ignore_errors=True)
