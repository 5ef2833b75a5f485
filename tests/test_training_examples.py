"""Examples of a run: it goes on with those that it was begun with, whichever stage was killed, and with no others."""

import json

import keras
import numpy as np
import PIL.Image
import pytest

import keras_vae as kv
from keras_vae.data import store
from tests import tiny

STAGES = [kv.StageConfig(name, "gaussian_vae", "asperti_dense", 3, **tiny.NUMBERS) for name in ("vae", "second")]
STAGES[1] = kv.config.replace(STAGES[1], network="concat_mlp", network_options={"width": 8, "depth": 1})


class Kill(keras.callbacks.Callback):
    """Ends a training like Ctrl-C, in the last epoch of a stage."""

    def __init__(self, stage):
        super().__init__()
        self.stage = stage

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2 and self.model.active_stage.name == self.stage:
            raise KeyboardInterrupt


def begun(config, workdir, killed_in, **options):
    with pytest.raises(KeyboardInterrupt):
        kv.train(config, workdir, callbacks=[Kill(killed_in)], **options)


@pytest.mark.parametrize("killed_in", ["vae", "second"])
def test_a_run_goes_on_with_its_own_examples_alone(tmp_path, killed_in):
    config = kv.Config("faces", tuple(STAGES))
    images, held_out = tiny.images(48), tiny.images(16, seed=1)
    begun(config, tmp_path, killed_in, examples=(images, held_out))
    changed, others = images.copy(), held_out.copy()
    changed[47, 3, 5, 0] ^= 1
    others[0, 0, 0, 0] ^= 1
    for name, examples in (
        ("train", (changed, held_out)),
        ("held out", (images, others)),
        ("train", (images[1:],) * 2),
    ):
        with pytest.raises(ValueError, match=f"was begun with other examples .*{name}: .*; restore the"):
            kv.train(config, tmp_path, examples=examples)
    stack = kv.train(config, tmp_path, examples=(images, held_out))
    undisturbed = kv.train(config, tmp_path / "undisturbed", examples=(images, held_out))
    for stage in stack.stages:
        np.testing.assert_array_equal(tiny.weights(stack.stage(stage)), tiny.weights(undisturbed.stage(stage)))


def add(folder):
    PIL.Image.fromarray(np.zeros((4, 6), np.uint8)).save(folder / "train" / "new.png")


def remove(folder):
    (folder / "train" / "3.png").unlink()


def alter(folder):
    PIL.Image.fromarray(np.zeros((4, 6), np.uint8)).save(folder / "train" / "3.png")


@pytest.mark.parametrize("change", [add, remove, alter])
@pytest.mark.parametrize("kept", [10**9, 0], ids=["memory", "store"])
def test_a_folder_that_changed_is_noticed_in_the_first_stage(tmp_path, monkeypatch, change, kept):
    monkeypatch.setattr(store, "IN_MEMORY", kept)
    folder = tmp_path / "images"
    for split in ("train", "validation"):
        (folder / split).mkdir(parents=True)
        for number, image in enumerate(tiny.images(32)):
            PIL.Image.fromarray(image[..., 0]).save(folder / split / f"{number}.png")
    config = kv.Config("folder", (STAGES[0],), {"data_dir": str(folder)})
    begun(config, tmp_path / "run", "vae")
    change(folder)
    with pytest.raises(ValueError, match=r"train: 32 of 4x6x1 uint8, checksum \w{8}, now 3[123] of 4x6x1 uint8, check"):
        kv.train(config, tmp_path / "run")


def test_a_run_of_an_earlier_version_goes_on_and_is_kept_to_its_examples_from_then_on(tmp_path):
    config, images = kv.Config("faces", (STAGES[0],)), tiny.images(48)
    begun(config, tmp_path, "vae", examples=(images, images))
    path = tmp_path / "examples.json"
    assert json.loads(path.read_text()).keys() == {"train", "held out"}
    path.write_text("[]")
    with pytest.raises(ValueError, match="examples.json is damaged .*; delete it to go on without comparing"):
        kv.train(config, tmp_path, examples=(images, images))
    path.unlink()
    begun(config, tmp_path, "vae", examples=(images, images))
    assert path.exists()


def test_a_store_that_is_cut_short_in_training_is_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "IN_MEMORY", 0)
    options = {"image_size": [4, 4], "count": 4000, "cache_dir": str(tmp_path / "stores")}
    config = kv.Config("faces", (STAGES[0],), options)

    class Cut(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            (path,) = tmp_path.glob("stores/faces-train-*/rows.raw")
            with open(path, "r+b") as file:
                file.truncate(5000)

    with pytest.raises(OSError, match=r"cut short while it was in use; start again: '.*rows.raw'$"):
        kv.train(config, tmp_path / "run", callbacks=[Cut()])
