"""Choice of devices: what is measured where there are GPUs, what is recorded, and what goes on as it was begun.

Two logical processors stand for the GPUs.
"""

import functools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.config import override, replace
from keras_vae.runs import RunDirectory
from keras_vae.training import devices, strategy
from keras_vae.training.callbacks import backup
from keras_vae.training.train import on_this_machine
from tests import tiny

# Smaller networks where stages are really trained: what is tested is the way that they take.
DENSE = {"network": "asperti_dense", "network_options": {"hidden": [8]}}
AFFINE = {"network": "affine", "network_options": {}}
AE, VAE, SECOND = tiny.CONFIG.stages
CONFIG = replace(
    tiny.CONFIG,
    stages=(
        replace(AE, jit_compile=None, epochs=2),
        replace(SECOND, latent_dim=6, epochs=2, jit_compile=None),
    ),
)
ALL, ONE, ONE_XLA = (None, False), ("single", False), ("single", True)


@pytest.fixture
def gpus(monkeypatch):
    names = [device.name for device in tf.config.list_logical_devices("CPU")]
    monkeypatch.setattr(strategy, "gpus", lambda: names)
    return names


def speeds(monkeypatch, **rates):
    """Let each way have a speed, by stage: that of all GPUs, of one, and of one inside XLA."""

    def measured(config, index, images):
        stage = config.stages[index]
        return float(rates[stage.name][0 if stage.strategy is None else 1 + stage.jit_compile])

    monkeypatch.setattr(devices, "examples_per_second", measured)


def test_one_device_leaves_nothing_to_measure():
    assert strategy.resolve("auto") == "single"
    assert [devices.ways(CONFIG, index) for index in (0, 1)] == [[(None, False)], [(None, True)]]
    settings, rates = devices.choose(CONFIG, 1, np.zeros((80, 16, 24, 3), np.uint8))
    assert settings == on_this_machine(CONFIG).stages[1] and rates == {}


def test_what_is_left_open_is_tried(gpus, monkeypatch):
    assert devices.ways(CONFIG, 0) == [ALL, ONE, ONE_XLA]
    assert devices.ways(CONFIG, 1) == [(None, True), ONE_XLA, ONE]  # the network's own comes first
    assert devices.ways(override(CONFIG, ["ae.jit_compile=false"]), 0) == [ALL, ONE]
    assert devices.ways(override(CONFIG, ["ae.batch_size=15"]), 0) == [ONE, ONE_XLA]  # two cannot share it
    assert devices.ways(override(CONFIG, ["ae.strategy=mirrored"]), 0) == [("mirrored", False)]
    assert devices.ways(replace(CONFIG, strategy="mirrored"), 0) == [ALL]
    assert devices.ways(replace(CONFIG, strategy="single"), 0) == [(None, False), (None, True)]
    monkeypatch.setattr(strategy, "gpus", lambda: gpus[:1])
    assert devices.ways(CONFIG, 0) == [(None, False), (None, True)]


def test_the_fastest_is_taken_and_what_went_without_measuring_where_it_is_as_fast(gpus, monkeypatch):
    for rates, expected in (((9, 8, 7), ALL), ((9, 9.5, 9.5), ALL), ((9, 8, 12), ONE_XLA), ((0, 3, 0), ONE)):
        speeds(monkeypatch, ae=rates)
        settings, measured = devices.choose(CONFIG, 0, None)
        assert (settings.strategy, settings.jit_compile) == expected
        assert measured == dict(zip(("all GPUs", "one GPU", "one GPU, XLA"), map(float, rates)))


def test_a_run_keeps_what_it_chose_and_goes_on_with_it(gpus, monkeypatch, tmp_path):
    """ae on both, second on one inside XLA; killed after the first epoch of each, where clocks say the opposite."""
    monkeypatch.setattr(backup, "EVERY", 0.0)
    speeds(monkeypatch, ae=(9, 1, 1), second=(1, 2, 9))
    ae, second = CONFIG.stages
    config = replace(CONFIG, stages=(replace(ae, jit_compile=False, **DENSE), replace(second, **AFFINE)))
    kv.train(config, tmp_path / "whole")
    found = RunDirectory(tmp_path / "whole").config()
    assert found.strategy == "mirrored"
    assert [(each.strategy, each.jit_compile) for each in found.stages] == [ALL, ONE_XLA]
    rates = json.loads((tmp_path / "whole" / "devices.json").read_text())
    assert rates["second"] == {"all GPUs": 1.0, "one GPU": 2.0, "one GPU, XLA": 9.0}

    def stop(stage):
        class Stop(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if self.model.active_stage.name == stage:
                    raise KeyboardInterrupt

        return Stop()

    for stage in ("ae", "second"):
        with pytest.raises(KeyboardInterrupt):
            kv.train(config, tmp_path / "killed", callbacks=[stop(stage)])
        speeds(monkeypatch, ae=(1, 9, 1), second=(9, 1, 1))
    kv.train(config, tmp_path / "killed")
    assert RunDirectory(tmp_path / "killed").config() == found
    whole, killed = (kv.load(tmp_path / name) for name in ("whole", "killed"))
    for name in ("ae", "second"):
        np.testing.assert_array_equal(tiny.weights(whole.stage(name)), tiny.weights(killed.stage(name)))


def test_stages_are_timed_with_the_inputs_that_they_train_on(gpus, monkeypatch):
    brief = functools.partial(devices.examples_per_second, steps=2, epochs=2)
    monkeypatch.setattr(devices, "examples_per_second", brief)
    images = kv.data.load("faces", "train", **tiny.CONFIG.data_options)
    stages = (replace(AE, **DENSE), VAE, replace(SECOND, **AFFINE))
    config = replace(tiny.CONFIG, strategy="auto", stages=stages)
    for index, stage in enumerate(config.stages):  # the second measures its error in the pixels
        settings, rates = devices.choose(config, index, images)
        assert set(rates) == {"all GPUs", "one GPU"} and min(rates.values()) > 0, stage.name
        assert settings.jit_compile is False and settings.strategy in (None, "single")


def test_a_strategy_of_a_stage_is_checked(monkeypatch):
    with pytest.raises(ValueError, match="ae.strategy is 'fast'; expected single, mirrored or null"):
        override(CONFIG, ["ae.strategy=fast"])
    with pytest.raises(ValueError, match="ae.strategy is 'single'; workers share every stage: set it to null"):
        on_this_machine(override(CONFIG, ["ae.strategy=single", "strategy=multi_worker"]))
