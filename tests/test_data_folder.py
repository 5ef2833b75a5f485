"""Directories of images: splits, sizes, channels, and files that cannot be used."""

import os
import pathlib
import warnings

import numpy as np
import PIL.Image
import pytest

from keras_vae import data
from keras_vae.data import image_files
from keras_vae.data.sets import folder
from tests.folders import load_all, save


@pytest.fixture
def mixed(tmp_path):
    """9 images of 12 x 10, one of 8 x 8, a truncated JPEG, and a text file that is named like a PNG."""
    for k in range(9):
        save(tmp_path / f"good{k}.png", seed=k)
    save(tmp_path / "sub" / "small.png", (8, 8, 3))
    save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:-60])
    (tmp_path / "text.png").write_text("not an image")
    return tmp_path


def test_files_fall_into_three_disjoint_splits(tmp_path):
    images = {save(tmp_path / f"{k}" / "image.png", seed=k).tobytes() for k in range(40)}
    splits = load_all(tmp_path)
    assert all(len(split) >= 1 for split in splits.values())
    assert {image.tobytes() for split in splits.values() for image in split} == images
    assert sum(len(split) for split in splits.values()) == 40
    np.testing.assert_array_equal(splits["train"], load_all(tmp_path)["train"])


def test_three_images_are_one_for_each_split(tmp_path):
    for k in range(3):
        save(tmp_path / f"{k}.png", seed=k)
    assert [len(split) for split in load_all(tmp_path).values()] == [1, 1, 1]


def test_two_images_are_too_few(tmp_path):
    save(tmp_path / "a.png"), save(tmp_path / "b.png")
    with pytest.raises(ValueError, match=r"too few usable images \(2\)"):
        load_all(tmp_path)


def test_a_new_file_moves_no_other(tmp_path):
    def members(paths):
        splits = ("train", "validation", "test")
        return {split: {paths[n] for n in image_files.members(paths, tmp_path, split)} for split in splits}

    paths = [f"{k}.png" for k in range(200)]
    before, after = members(paths), members(sorted([*paths, "new.png"]))
    assert {split: inside - {"new.png"} for split, inside in after.items()} == before
    assert 170 <= len(before["train"]) <= 190


def test_sub_directories_are_the_splits(tmp_path):
    for k, split in enumerate(("train", "validation", "test")):
        pixels = save(tmp_path / split / "deep" / "image.PNG", seed=k)
        np.testing.assert_array_equal(data.load("folder", split, data_dir=str(tmp_path)), pixels[None])


def test_a_missing_sub_directory_is_named(tmp_path):
    save(tmp_path / "train" / "image.png")
    with pytest.raises(FileNotFoundError, match="has train/ but no images in test/"):
        data.load("folder", "test", data_dir=str(tmp_path))


def test_missing_and_empty_directories(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere' is not a directory"):
        data.load("folder", "train", data_dir=str(tmp_path / "nowhere"))
    (tmp_path / "image.gif").touch()
    with pytest.raises(FileNotFoundError, match=r"no images in .*: looked for files named \.png, \.jpg, \.jpeg"):
        data.load("folder", "train", data_dir=str(tmp_path))


def test_bad_files_are_named_and_counted(mixed):
    with pytest.raises(ValueError) as caught:
        load_all(mixed)
    message = str(caught.value)
    assert "cannot use 2 image files" in message
    assert "text.png cannot be read" in message
    assert "sub/small.png is 8x8, not 12x10 as most" in message
    assert "--skip_bad_files" in message and "--image_size=HxW" in message


def test_names_that_are_no_text_are_told_on_one_line(tmp_path):
    """A newline, the beginning of an escape sequence, bytes that are no UTF-8: of bad files, and of good ones read."""
    for k, name in enumerate((b"new\nline", b"\x1b[31mred", b"\xff\xfe", "größe".encode())):
        save(tmp_path / f"{k}.png", seed=k)
        os.rename(tmp_path / f"{k}.png", os.fsencode(tmp_path) + b"/" + name + b".png")
    assert sum(map(len, load_all(tmp_path).values())) == 4
    for path in tmp_path.iterdir():
        path.write_text("not an image")
    with pytest.raises(ValueError) as caught:
        load_all(tmp_path)
    for shown in (r"'new\nline.png'", r"'\x1b[31mred.png'", r"'\udcff\udcfe.png'", "größe.png"):
        assert f"{shown} cannot be read" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_truncated_file_is_unreadable(mixed):
    (mixed / "text.png").unlink()
    (mixed / "sub" / "small.png").unlink()
    with pytest.raises(ValueError, match=r"cannot use 1 image file in .*: cut\.jpg cannot be read"):
        load_all(mixed)


def test_at_most_five_files_are_named(tmp_path):
    for k in range(8):
        (tmp_path / f"{k}.png").write_text("not an image")
    with pytest.raises(ValueError, match=r"cannot use 8 image files .*4\.png cannot be read; and 3 more"):
        load_all(tmp_path)


def test_bad_files_are_skipped_with_a_warning(mixed):
    with pytest.warns(UserWarning) as caught:
        splits = load_all(mixed, skip_bad_files=True)
    lines = "\n".join(str(warning.message) for warning in caught)
    assert "skipped 2 image files" in lines and "small.png is 8x8" in lines
    assert lines.count("cut.jpg cannot be read") == 1
    assert sum(len(split) for split in splits.values()) == 9
    assert all(split.shape[1:] == (12, 10, 3) for split in splits.values())


@pytest.mark.filterwarnings("ignore:skipped")
def test_images_do_not_depend_on_how_many_are_decoded_at_once(mixed, monkeypatch):
    whole = load_all(mixed, skip_bad_files=True)
    for bytes_at_once in (1, 700, 1500):  # a file of noise has more than 1080
        monkeypatch.setattr(folder, "AT_ONCE", bytes_at_once)
        parts = load_all(mixed, skip_bad_files=True)
        assert all(np.array_equal(whole[split], parts[split]) for split in whole)


def test_files_are_in_the_order_of_pathlib(tmp_path):
    for k, name in enumerate(("a/b", "a-b", "a/c/d", "a.b", "B", "a/b.c", "ä/b")):
        save(tmp_path / f"{name}.png", seed=k)
    expected = sorted(path for path in tmp_path.rglob("*.png"))
    listed = image_files.listing(tmp_path, (".png",))
    assert [tmp_path / path for path in listed.paths] == expected
    assert listed.states.tolist() == [[path.stat().st_size, path.stat().st_mtime_ns] for path in expected]


def test_a_bad_file_is_told_before_the_others_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(image_files, "CHUNK", 4)
    for k in range(12):
        save(tmp_path / f"{k:02}.png", seed=k)
    (tmp_path / "02.png").write_text("not an image")
    with pytest.raises(ValueError, match=r"cannot use 1 image file in .* \(of the first 4\): 02\.png cannot"):
        load_all(tmp_path)


@pytest.mark.parametrize(("change", "word"), [(pathlib.Path.unlink, "vanished"), (pathlib.Path.touch, "changed")])
def test_files_that_vanish_or_change_are_told_at_once(tmp_path, monkeypatch, change, word):
    for k in range(8):
        save(tmp_path / f"{k}.png", seed=k)
    survey = image_files.survey

    def changed_after(*args):
        found = survey(*args)
        change(tmp_path / "3.png")
        return found

    monkeypatch.setattr(image_files, "survey", changed_after)
    with pytest.raises(ValueError, match=f"3.png {word} while images were read"):
        data.load("folder", "train", data_dir=str(tmp_path), skip_bad_files=True)


def test_many_headers_are_read_once(tmp_path, monkeypatch):
    for k in range(8):
        save(tmp_path / f"{k}.png", (9, 7), seed=k)
    (tmp_path / "bad.png").write_text("not an image")
    monkeypatch.setattr(image_files, "KEPT_FROM", 9)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first = load_all(tmp_path, skip_bad_files=True)
        (kept,) = tmp_path.rglob("headers-*.json")
        kept_text = kept.read_text()
        monkeypatch.setattr(PIL.Image, "open", None)  # would fail now
        second = load_all(tmp_path, skip_bad_files=True)
    assert all(np.array_equal(first[split], second[split]) for split in first)
    assert ["bad.png cannot be read" in str(each.message) for each in caught] == 6 * [True]
    with pytest.raises(ValueError, match="cannot use 1 image file in .*: bad.png cannot be read"):
        load_all(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(image_files, "KEPT_FROM", 9)
    for damaged in ('{"size": [9, 8]', "[]", kept_text.replace("9", "8", 1)):
        kept.write_text(damaged)
        with pytest.warns(UserWarning, match="bad.png cannot be read"):
            again = load_all(tmp_path, skip_bad_files=True)
        assert all(np.array_equal(first[split], again[split]) for split in first) and kept.read_text() == kept_text


def test_image_size_brings_all_to_one_size(mixed):
    (mixed / "cut.jpg").unlink()
    with pytest.warns(UserWarning, match="skipped 1 image file .*text.png"):
        splits = load_all(mixed, image_size=(6, 4), skip_bad_files=True)
    assert sum(len(split) for split in splits.values()) == 10
    assert all(split.shape[1:] == (6, 4, 3) for split in splits.values())


def test_all_grey_files_have_one_channel(tmp_path):
    pixels = [save(tmp_path / split / "image.png", (9, 7)) for split in ("train", "validation", "test")]
    np.testing.assert_array_equal(data.load("folder", "train", data_dir=str(tmp_path)), pixels[0][None, ..., None])


def test_grey_among_colour_is_rgb_in_every_split(tmp_path):
    grey = save(tmp_path / "train" / "grey.png", (9, 7))
    save(tmp_path / "validation" / "alpha.png", (9, 7, 4))
    save(tmp_path / "test" / "colour.jpg", (9, 7, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        splits = load_all(tmp_path)
    np.testing.assert_array_equal(splits["train"][0], np.stack([grey] * 3, axis=-1))
    assert all(split.shape == (1, 9, 7, 3) for split in splits.values())
