"""Stores: whole or not there, the rows that memory would hold, made again where damaged, by one process at a time."""

import concurrent.futures
import errno
import json
import os
import pathlib
import shutil
import warnings

import numpy as np
import PIL.Image
import pytest

from keras_vae import checks, data
from keras_vae.data import checksums, mapped, store, tfds_reader
from keras_vae.data.pipeline import Epochs
from keras_vae.files import read_json

ROWS = np.random.default_rng(0).integers(0, 256, (1000, 4, 3), dtype=np.uint8)
KEY = {"split": "train"}


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """Everything is large enough for a store, blocks are small, and every block is followed by a cursor."""
    monkeypatch.setattr(store, "IN_MEMORY", 0)
    monkeypatch.setattr(checksums, "BLOCK", 500)
    monkeypatch.setattr(store, "EVERY", -1.0)
    monkeypatch.setattr(store, "CACHE", str(tmp_path / "cache"))


class Source:
    """Examples of ROWS in blocks of 70, which notes where it was asked to begin, and fails once before `fails`."""

    def __init__(self, fails=None):
        self.asked, self.fails = [], fails

    def examples(self, home=None, files="1"):
        return store.Examples(lambda _: store.Plan(len(ROWS), ROWS.shape[1:], self.blocks, "test"), files, home)

    def blocks(self, start):
        self.asked.append(start)
        for first in range(start, len(ROWS), 70):
            if self.fails is not None and first >= self.fails:
                self.fails = None
                raise KeyboardInterrupt
            yield ROWS[first : first + 70], []


def the_store(folder):
    (found,) = [path for path in pathlib.Path(folder).iterdir() if path.is_dir()]
    return found


def test_rows_are_read_once_and_mapped(tmp_path):
    source = Source()
    for _ in range(2):
        found = store.load(source.examples(tmp_path), "rows", KEY)
        assert isinstance(found, np.memmap) and not found.flags.writeable
        np.testing.assert_array_equal(found, ROWS)
    assert source.asked == [0]
    assert the_store(tmp_path / ".keras_vae").name.startswith("rows-")
    assert sorted(path.name for path in the_store(tmp_path / ".keras_vae").iterdir()) == ["header.json", "rows.raw"]


def test_batches_are_those_of_memory(tmp_path):
    opened = store.load(Source().examples(tmp_path), "rows", KEY)
    one, other = (Epochs([array], 64, seed=3) for array in (ROWS, opened))
    for epoch in (0, 1):
        one.begin(epoch), other.begin(epoch)
        for mine, theirs in zip(one.dataset(), other.dataset(), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_gathers_are_rows_also_of_parts_of_a_store(tmp_path):
    opened = store.load(Source().examples(tmp_path), "rows", KEY)
    rows = np.random.default_rng(0).permutation(len(ROWS))[:64]
    for part, expected in ((opened, ROWS), (opened[:, 1], ROWS[:, 1]), (opened[3:], ROWS[3:]), (opened.copy(), ROWS)):
        rows = rows % len(expected)
        np.testing.assert_array_equal(mapped.gather(part, rows), expected[rows])
    np.testing.assert_array_equal(mapped.in_order(opened), ROWS)


def test_a_store_that_is_cut_short_in_use_is_told_and_ends_no_process(tmp_path):
    """Whoever reads: a batch, a slice of a slice, one row, a loop, and what takes its argument for an array first."""
    opened = store.load(Source().examples(tmp_path), "rows", KEY)
    later = opened[500:]
    os.truncate(the_store(tmp_path / ".keras_vae") / "rows.raw", 5_000)
    for read in (
        lambda: mapped.gather(opened, np.array([900])),
        lambda: opened[900:910],
        lambda: opened[900],
        lambda: later[100:][[1, 2]],
        lambda: list(opened),
        lambda: checks.checked_examples(opened.reshape(len(opened), -1), "rows")[900:],
        lambda: checksums._sums(opened),
    ):
        with pytest.raises(OSError, match="cut short while it was in use; start again: '.*rows.raw'"):
            read()


def test_what_is_read_or_computed_from_a_store_is_no_store(tmp_path):
    opened = store.load(Source().examples(tmp_path), "rows", KEY)
    for rows, expected in (
        (opened[[3, 5]], ROWS[[3, 5]]),
        (opened[3:5] + 1, ROWS[3:5] + 1),
        (opened.mean(axis=0), ROWS.mean(axis=0)),
    ):
        assert type(rows) is np.ndarray
        np.testing.assert_array_equal(rows, expected)
    assert isinstance(opened.mean(), float) and isinstance(opened[3:], mapped.Mapped)


def test_a_checksum_stands_for_every_byte_and_not_for_the_place(tmp_path, monkeypatch):
    opened = store.load(Source().examples(tmp_path), "rows", KEY)
    found = {checksums.checksum(rows) for rows in (opened, ROWS, opened.copy(), opened[:], np.asarray(opened))}
    assert len(found) == 1
    changed = ROWS.copy()
    changed[777, 2, 1] ^= 1
    others = {
        checksums.checksum(rows) for rows in (changed, opened[1:], opened[::-1], ROWS[:, ::-1], ROWS.astype(float))
    }
    assert len(others) == 5 and not others & found
    monkeypatch.setattr(checksums, "_sums", None)
    assert checksums.checksum(opened) in found, "the store has kept it"


@pytest.mark.parametrize("killed", [0, 350, 980])
def test_a_killed_writer_goes_on(tmp_path, killed, capfd):
    source = Source(fails=killed)
    with pytest.raises(KeyboardInterrupt):
        store.load(source.examples(tmp_path), "rows", KEY)
    np.testing.assert_array_equal(store.load(source.examples(tmp_path), "rows", KEY), ROWS)
    assert source.asked == [0, killed]
    assert capfd.readouterr().err.count("going on") == (killed > 0)


def test_other_files_options_or_cursors_make_another_store(tmp_path):
    source = Source(fails=350)
    with pytest.raises(KeyboardInterrupt):
        store.load(source.examples(tmp_path, "1"), "rows", KEY)
    for files, key in (("2", KEY), ("1", {**KEY, "limit": 3}), ("1", KEY)):
        store.load(source.examples(tmp_path, files), "rows", key)
    assert source.asked == [0, 0, 0, 350]


def shorten(path):
    os.truncate(path / "rows.raw", 11_999)


def flip(path):
    content = bytearray((path / "rows.raw").read_bytes())
    content[7_654] ^= 4
    (path / "rows.raw").write_bytes(content)


DAMAGES = {
    "has 11,999 bytes, not 12,000": shorten,
    "block 15 of 24 of rows.raw is not what was written": flip,
    "header.json": lambda path: (path / "header.json").write_text(""),
    "No such file": lambda path: (path / "rows.raw").unlink(),
}


@pytest.mark.parametrize("message", DAMAGES)
def test_a_damaged_store_is_named_and_made_again(tmp_path, message):
    source = Source()
    before = store.load(source.examples(tmp_path), "rows", KEY)
    path = the_store(tmp_path / ".keras_vae")
    whole = shutil.copytree(path, tmp_path / "whole")
    shutil.rmtree(path), shutil.copytree(whole, path)  # a file of its own: `before` must not see the damage
    DAMAGES[message](path)
    with pytest.warns(UserWarning, match=f"{path.name} is damaged and made again: .*{message}") as caught:
        np.testing.assert_array_equal(store.load(source.examples(tmp_path), "rows", KEY), ROWS)
    assert len(caught) == 1 and source.asked == [0, 0]
    np.testing.assert_array_equal(before, ROWS)


def test_a_damaged_beginning_of_a_killed_writer_is_noticed(tmp_path):
    source = Source(fails=700)
    with pytest.raises(KeyboardInterrupt):
        store.load(source.examples(tmp_path), "rows", KEY)
    with open(the_store(tmp_path / ".keras_vae") / "rows.raw", "r+b") as file:
        file.write(b"\x00\x01\x02")
    with pytest.warns(UserWarning, match="block 0 of 24"):
        np.testing.assert_array_equal(store.load(source.examples(tmp_path), "rows", KEY), ROWS)
    assert source.asked == [0, 700, 0]


def flipped(change):
    """Function that changes a JSON file by `change`, as a flipped bit may."""

    def damage(file):
        found = read_json(file)
        change(found)
        file.write_text(json.dumps(found))

    return damage


CURSORS = {
    "asked": flipped(lambda found: found.update(asked=found["asked"] - 70)),
    "rows": flipped(lambda found: found.update(rows=found["rows"] - 70)),
    "a list": lambda file: file.write_text("[]"),
    "the key alone": flipped(lambda found: [found.pop(name) for name in [*found] if name != "key"]),
    "no rows.raw": lambda file: file.with_name("rows.raw").unlink(),
}


@pytest.mark.parametrize("damage", CURSORS)
def test_a_damaged_cursor_of_a_killed_writer_is_not_gone_on_from(tmp_path, damage):
    source = Source(fails=700)
    with pytest.raises(KeyboardInterrupt):
        store.load(source.examples(tmp_path), "rows", KEY)
    CURSORS[damage](the_store(tmp_path / ".keras_vae") / "cursor.json")
    np.testing.assert_array_equal(store.load(source.examples(tmp_path), "rows", KEY), ROWS)
    assert source.asked == [0, 0]


def test_a_writer_that_is_killed_twice_goes_on_twice(tmp_path):
    source = Source(fails=350)
    for source.fails in (350, 700):
        with pytest.raises(KeyboardInterrupt):
            store.load(source.examples(tmp_path), "rows", KEY)
    np.testing.assert_array_equal(store.load(source.examples(tmp_path), "rows", KEY), ROWS)
    assert source.asked == [0, 350, 700]


@pytest.mark.parametrize("change", [{"shape": [3, 4]}, {"dtype": "int8"}, {"left_out": ["x"]}])
def test_a_header_with_other_values_is_damaged(tmp_path, change):
    source = Source()
    store.load(source.examples(tmp_path), "rows", KEY)
    flipped(lambda found: found.update(change))(the_store(tmp_path / ".keras_vae") / "header.json")
    with pytest.warns(UserWarning, match="header.json is not what was written"):
        np.testing.assert_array_equal(store.load(source.examples(tmp_path), "rows", KEY), ROWS)


def test_of_many_at_once_one_writes(tmp_path):
    sources = [Source() for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda source: store.load(source.examples(tmp_path), "rows", KEY), sources))
    assert sum(len(source.asked) for source in sources) == 1
    assert all(np.array_equal(rows, ROWS) for rows in found)


def test_a_full_disk_is_one_line_and_the_next_goes_on(tmp_path, monkeypatch):
    source, synchronised = Source(), []

    def fsync(handle, real=os.fsync):
        synchronised.append(handle)
        if len(synchronised) == 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(OSError, match="No space left on device; another --cache_dir takes it elsewhere; .*rows-"):
            store.load(source.examples(tmp_path), "rows", KEY)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 100))
        with pytest.raises(OSError, match=r"0\.0 GB are needed and 0\.0 GB free; another --cache_dir"):
            store.load(source.examples(tmp_path), "rows", KEY)
    np.testing.assert_array_equal(store.load(source.examples(tmp_path), "rows", KEY), ROWS)
    assert source.asked[0] == 0 and source.asked[1] > 0


def test_a_read_only_directory_is_left_alone(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o555)
    store.load(Source().examples(tmp_path / "data"), "rows", KEY)
    assert not list((tmp_path / "data").iterdir()) and the_store(tmp_path / "cache").exists()
    store.load(Source().examples(tmp_path / "data"), "rows", KEY, str(tmp_path / "elsewhere"))
    assert the_store(tmp_path / "elsewhere").exists()


def test_what_is_small_stays_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "IN_MEMORY", ROWS.nbytes)
    found = store.load(Source().examples(tmp_path), "rows", KEY)
    np.testing.assert_array_equal(found, ROWS)
    assert not isinstance(found, np.memmap) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("limit", [0, 10**9])
def test_what_is_generated_lies_in_memory_or_in_a_file_without_a_name(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(store, "GENERATED_IN_MEMORY", limit)
    monkeypatch.setattr(store, "AT_ONCE", 300)
    found = store.temporary(len(ROWS), ROWS.shape[1:], "uint8", lambda rows: ROWS[rows], tmp_path)
    np.testing.assert_array_equal(found, ROWS)
    assert isinstance(found, np.memmap) == (limit == 0) and not list(tmp_path.iterdir())


@pytest.fixture
def folder(tmp_path):
    """40 small images, one of which cannot be decoded though its header is fine."""
    for k, pixels in enumerate(np.random.default_rng(1).integers(0, 256, (40, 9, 7, 3), dtype=np.uint8)):
        path = tmp_path / "images" / f"{k:02}.png"
        path.parent.mkdir(exist_ok=True)
        PIL.Image.fromarray(pixels).save(path)
    (tmp_path / "images" / "11.png").write_bytes((tmp_path / "images" / "11.png").read_bytes()[:-60])
    return tmp_path / "images"


def test_stores_of_a_folder_hold_what_memory_would(folder, tmp_path, monkeypatch):
    """Also the second time, when nothing is decoded, and with the same warnings."""

    def load_all():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            options = {"data_dir": str(folder), "skip_bad_files": True, "cache_dir": str(tmp_path / "stores")}
            splits = [data.load("folder", split, **options) for split in ("train", "validation", "test")]
        return splits, [str(each.message) for each in caught]

    written, opened = load_all(), load_all()
    assert len(list((tmp_path / "stores").glob("folder-*-*/rows.raw"))) == 3
    monkeypatch.setattr(store, "IN_MEMORY", 10**6)
    shutil.rmtree(tmp_path / "stores")
    in_memory = load_all()
    for one, other, rows in zip(written[0], opened[0], in_memory[0], strict=True):
        np.testing.assert_array_equal(one, rows)
        np.testing.assert_array_equal(other, rows)
    assert written[1] == opened[1] == in_memory[1]
    assert in_memory[1] == [f"skipped 1 image file in {folder}: 11.png cannot be read"]
    assert sum(map(len, in_memory[0])) == 39


def test_a_changed_file_makes_a_new_store(folder, tmp_path):
    (folder / "11.png").unlink()
    options = {"data_dir": str(folder), "cache_dir": str(tmp_path / "stores")}
    before = data.load("folder", "train", **options)
    pixels = np.zeros((9, 7, 3), np.uint8)
    PIL.Image.fromarray(pixels).save(folder / "00.png")
    after = data.load("folder", "train", **options)
    assert before.shape == after.shape and not np.array_equal(before, after)
    assert len(list((tmp_path / "stores").glob("folder-train-*/"))) == 2


def test_drawn_faces_may_be_a_store(tmp_path):
    faces = data.load("faces", "test", image_size=(8, 8), count=300, cache_dir=str(tmp_path))
    assert isinstance(faces, np.memmap)
    np.testing.assert_array_equal(faces[:7], data.find("faces").draw(data.find("faces").factors("test", 7), (8, 8)))


@pytest.mark.real_data
def test_records_go_on_where_a_killed_writer_stopped(real_data_dir, tmp_path, monkeypatch):
    options = {"data_dir": real_data_dir, "limit": 1000, "cache_dir": str(tmp_path)}
    batches = tfds_reader._batches

    def killed(*args):
        for number, batch in enumerate(batches(*args)):
            if number == 2:
                raise KeyboardInterrupt
            yield batch

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tfds_reader, "_batches", killed)
        data.load("mnist", "test", **options)
    found = data.load("mnist", "test", **options)
    monkeypatch.setattr(store, "IN_MEMORY", 10**9)
    np.testing.assert_array_equal(found, data.load("mnist", "test", data_dir=real_data_dir, limit=1000))
