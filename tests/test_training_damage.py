"""Files of a run that are truncated, empty or have a flipped bit: noticed, named, and lost as little as possible."""

import os
import shutil
import warnings

import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.config import override
from keras_vae.data import store
from keras_vae.data.codes import posteriors
from keras_vae.training.callbacks.backup import Backup
from keras_vae.training.callbacks.best import Best
from tests import tiny


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    path.write_bytes(b"")


def flip(path, where=0.5):
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 16
    path.write_bytes(content)


DAMAGES = (truncate, empty, flip)


@pytest.fixture
def backup(tmp_path):
    """A Backup that was saved after one epoch with ones, and after two with twos."""
    variables = [tf.Variable(tf.zeros(shape)) for shape in ((3, 500), ())]
    found = Backup(tmp_path / "backup.npz", variables)
    for epochs in (1, 2):
        for variable in variables:
            variable.assign(tf.zeros_like(variable) + epochs)
        found.save([{"loss": 0.0}] * epochs)
    return found


def restored(backup):
    for variable in backup.variables:
        variable.assign(tf.zeros_like(variable) - 1)
    history = backup.restore()
    (value,) = {float(value) for variable in backup.variables for value in np.unique(variable.numpy())}
    return len(history), value


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_gives_way_to_the_one_before(backup, damage):
    damage(backup.path)
    with pytest.warns(UserWarning, match=r"backup.npz is damaged \(.*\); the one before it is used"):
        assert restored(backup) == (1, 1.0)


def test_no_flipped_bit_of_a_backup_is_believed(backup):
    """Either it does not matter, or the backup before is used."""
    whole = backup.path.read_bytes()
    for where in np.linspace(0, 0.9999, 97):
        backup.path.write_bytes(whole)
        flip(backup.path, where)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert restored(backup) in ((1, 1.0), (2, 2.0))


def test_backups_that_are_all_damaged_are_named(backup):
    truncate(backup.path), empty(backup.previous)
    message = (
        r"/backup.npz and .*previous-backup.npz: damaged \(.*\); delete them to train this stage from its beginning"
    )
    with pytest.raises(ValueError, match=message):
        backup.restore()


def test_a_backup_that_did_not_appear_leaves_the_one_before(backup):
    backup.path.unlink()  # a kill between the two renames
    assert restored(backup) == (1, 1.0)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_best_epoch_is_named(tmp_path, damage):
    path, codes = tmp_path / "second" / "best.npz", (np.zeros((4, 24), np.float32), np.ones((4, 24), np.float32))
    stage = tiny.vae()
    best = Best(path, stage, codes, seed=0)
    best.loss, best.epoch, best.saved = 1.5, 2, False
    best.weights = [np.ones(1000, np.float32)] * len(stage.variables)  # so that the middle of the file is in a weight
    best.save()
    assert Best(path, stage, codes, seed=0).epoch == 2
    damage(path)
    with pytest.raises(ValueError, match=r"second/best.npz is damaged \(.*\); delete .*/second to train"):
        Best(path, stage, codes, seed=0)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_stage_is_named(run, tmp_path, damage):
    run = shutil.copytree(run, tmp_path / "run")
    damage(run / "vae" / "model.keras")
    with pytest.raises(ValueError, match=r"vae/model.keras is damaged \(.*\): restore it, or delete .*/vae and"):
        kv.load(run)


@pytest.mark.parametrize("name", ["config.json", "vae/diagnostics.json"])
def test_damaged_texts_are_named(run, tmp_path, name):
    run = shutil.copytree(run, tmp_path / "run")
    empty(run / name)
    with pytest.raises(ValueError, match=f"{name} is damaged"):
        kv.load(run)


IMAGES = tiny.images(10_000)


def encode(images, first):
    """Of image i: its mean, and i."""
    mean = images.reshape(len(images), -1)[:, :3] / np.float32(255)
    return mean, np.arange(first, first + len(images), dtype=np.float32)[:, None].repeat(3, axis=1)


def test_codes_are_streamed_and_a_killed_computation_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "EVERY", -1.0)
    asked = []

    def killed(images, first):
        asked.append(first)
        if first == 8192 and asked.count(8192) == 1:
            raise KeyboardInterrupt
        return encode(images, first)

    with pytest.raises(KeyboardInterrupt):
        posteriors(tmp_path, 3, killed, IMAGES)
    mean, stddev = posteriors(tmp_path, 3, killed, IMAGES)
    posteriors(tmp_path, 3, killed, IMAGES)
    assert asked == [0, 4096, 8192, 8192]
    for found, expected in zip((mean, stddev), encode(IMAGES, 0), strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.flags.c_contiguous and not isinstance(found, np.memmap)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_codes_are_computed_again(tmp_path, damage):
    posteriors(tmp_path, 3, encode, IMAGES)
    damage(tmp_path / "posteriors" / "rows.raw")
    with pytest.warns(UserWarning, match="posteriors is damaged and made again"):
        np.testing.assert_array_equal(posteriors(tmp_path, 3, encode, IMAGES)[0], encode(IMAGES, 0)[0])


def test_codes_of_other_images_are_refused(tmp_path):
    posteriors(tmp_path, 3, encode, IMAGES)
    with pytest.raises(ValueError, match="holds the codes of 10000 images, but the data set has 9999 now; train in"):
        posteriors(tmp_path, 3, encode, IMAGES[1:])
    with pytest.raises(ValueError, match="holds the codes of other images than the data set has now; train in a new"):
        posteriors(tmp_path, 3, encode, 255 - IMAGES)


def test_codes_of_a_second_stage_do_not_depend_on_the_parts(stack):
    """Its draws are numbered by the images' place among all."""
    images = kv.data.load("faces", "test", image_size=(16, 24), count=40)
    whole, part = stack.encode(images, "second"), stack.encode(images[30:], "second", first=30)
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_allclose(one[30:], other, atol=tiny.ROUNDING)


def test_a_stage_trained_from_stores_is_the_one_from_memory(run, tmp_path, monkeypatch):
    """Images and codes are mapped, and gathered in the same order."""
    monkeypatch.setattr(store, "IN_MEMORY", 0)
    workdir = shutil.copytree(run, tmp_path / "run")
    for stage in ("vae", "second"):
        shutil.rmtree(workdir / stage)
    config = override(tiny.CONFIG, [f"data_options.cache_dir={tmp_path / 'stores'}"])
    stack = kv.train(config, workdir, stage="vae")
    assert len(list((tmp_path / "stores").glob("faces-*-*"))) == 2
    np.testing.assert_array_equal(tiny.weights(stack.stage("vae")), tiny.weights(kv.load(run).stage("vae")))
