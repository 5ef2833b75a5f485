"""Entries of a directory of images that are no plain files: links, to directories and to nowhere, pipes, sockets."""

import os
import socket

import numpy as np
import pytest

from keras_vae import data
from keras_vae.data import image_files
from keras_vae.data.sets import folder
from tests.folders import load_all, save


def test_links_that_lead_nowhere_are_unreadable_files(tmp_path):
    pixels = save(tmp_path / "train" / "image.png")
    (tmp_path / "train" / "link.png").symlink_to("image.png")
    (tmp_path / "train" / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "train" / "loop.png").symlink_to("loop.png")
    (tmp_path / "train" / "folder.png").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="gone.png cannot be read; train/loop.png cannot be read"):
        data.load("folder", "train", data_dir=str(tmp_path))
    with pytest.warns(UserWarning, match="skipped 2 image files"):
        found = data.load("folder", "train", data_dir=str(tmp_path), skip_bad_files=True)
    np.testing.assert_array_equal(found, [pixels, pixels])


@pytest.mark.parametrize("name", folder.SPLITS)
def test_a_split_that_is_a_link_to_nowhere_is_refused(tmp_path, name):
    """Whichever split is read: without train/ all others would be split by name, the pictures of test/ too."""
    for k in range(4):
        save(tmp_path / "others" / f"{k}.png", seed=k)
    (tmp_path / name).symlink_to(tmp_path / "not mounted")
    for split in folder.SPLITS:
        with pytest.raises(FileNotFoundError, match=f"/{name} is a symbolic link that leads nowhere; mend or remove"):
            data.load("folder", split, data_dir=str(tmp_path), skip_bad_files=True)


def test_a_folder_that_is_a_link_to_nowhere_counts_as_a_bad_file(tmp_path):
    for k in range(4):
        save(tmp_path / "cats" / f"{k}.png", seed=k)
    (tmp_path / "dogs").symlink_to(tmp_path / "not mounted")
    (tmp_path / "notes.txt").symlink_to(tmp_path / "not mounted")
    (tmp_path / "LICENSE").symlink_to(tmp_path / "cats" / "0.png")
    with pytest.raises(ValueError, match="cannot use 1 image file in .*: dogs cannot be read"):
        load_all(tmp_path)
    with pytest.warns(UserWarning, match="skipped 1 image file in .*: dogs cannot be read"):
        assert sum(map(len, load_all(tmp_path, skip_bad_files=True).values())) == 4


def test_links_to_directories_are_followed_but_not_in_a_circle(tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    pixels = [save(elsewhere / f"{k}.png", seed=k) for k in range(2)]
    for split in ("train", "validation", "test"):
        save(elsewhere / "splits" / split / "own.png", seed=7)
    root.mkdir()
    for split in ("train", "validation", "test"):
        (root / split).symlink_to(elsewhere / "splits" / split)
    (elsewhere / "splits" / "train" / "class").symlink_to(elsewhere / "class")
    (elsewhere / "class").mkdir()
    for k in range(2):
        (elsewhere / f"{k}.png").rename(elsewhere / "class" / f"{k}.png")
    (elsewhere / "class" / "back").symlink_to(root)
    (elsewhere / "class" / "self").symlink_to(".")
    paths = image_files.listing(root, (".png",)).paths
    assert [path for path in paths if path.startswith("train/")] == [
        "train/class/0.png",
        "train/class/1.png",
        "train/own.png",
    ]
    np.testing.assert_array_equal(data.load("folder", "train", data_dir=str(root))[:2], pixels)
    twice = tmp_path / "twice"
    twice.mkdir()
    for name in ("a", "b"):
        (twice / name).symlink_to(elsewhere / "splits" / "test")
    assert image_files.listing(twice, (".png",)).paths == ["a/own.png", "b/own.png"]


def test_pipes_sockets_and_files_full_of_nothing_are_unreadable_and_never_waited_for(tmp_path, monkeypatch):
    pixels = save(tmp_path / "train" / "image.png")
    os.mkfifo(tmp_path / "train" / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listening, monkeypatch.context() as patch:
        patch.chdir(tmp_path / "train")
        listening.bind("socket.png")  # its path must be short
    save(tmp_path / "train" / "vast.png")
    os.truncate(tmp_path / "train" / "vast.png", 2**30)  # takes no room on the disk, and would in memory
    with pytest.raises(ValueError, match=r"pipe.png cannot be read; \S+socket.png cannot be read; \S+vast.png cannot"):
        data.load("folder", "train", data_dir=str(tmp_path))
    with pytest.warns(UserWarning, match="skipped 3 image files"):
        found = data.load("folder", "train", data_dir=str(tmp_path), skip_bad_files=True)
    np.testing.assert_array_equal(found, [pixels])


def test_a_file_that_became_a_pipe_after_it_was_listed_is_not_waited_for(tmp_path, monkeypatch):
    for name in ("a", "b"):
        save(tmp_path / "train" / f"{name}.png")
    decoded = folder._decoded

    def replaced(*arguments):
        (tmp_path / "train" / "b.png").unlink()
        os.mkfifo(tmp_path / "train" / "b.png")
        return decoded(*arguments)

    monkeypatch.setattr(folder, "_decoded", replaced)
    with pytest.raises(ValueError, match="train/b.png cannot be read"):
        data.load("folder", "train", data_dir=str(tmp_path))
