"""Estimate of what a recipe costs, told before its first step: measured for each stage, and of no effect on the run."""

import numpy as np

import keras_vae as kv
from keras_vae.config import override, replace
from keras_vae.presets import celeb_a_vae_plus
from keras_vae.training import devices, estimate
from tests import tiny

IMAGES = np.zeros((1000, 128, 128, 3), np.uint8)


def rates(monkeypatch, **known):
    """Let each stage have a speed, and keep the trials that were asked for."""
    asked = []

    def measured(config, index, images, steps, epochs):
        name = config.stages[index].name
        asked.append((name, steps))
        return float(known[name])

    monkeypatch.setattr(devices, "examples_per_second", measured)
    return asked


def test_a_long_recipe_is_told_whole_with_its_stages_and_the_other_way(monkeypatch, capfd):
    asked = rates(monkeypatch, ae=1.0, vae=2.0, second=1e6)
    config = override(celeb_a_vae_plus.paper(), ["ae.epochs=4000"])
    estimate.tell_cost(config, IMAGES, ["ae", "vae", "second"])
    first, line = capfd.readouterr().err.splitlines()
    assert first == "measuring what this recipe costs on this machine"
    assert line == (
        "this recipe: about 7 weeks on this machine (ae 7 weeks, vae 2 days, second 1 minute). "
        "Where a preset has --quick, that takes minutes to hours instead"
    )
    # What two steps cannot time is timed again with more.
    assert asked == [("ae", 2), ("vae", 2), ("second", 2), ("second", estimate.MOST)]


def test_the_quick_recipe_is_measured_too_at_its_own_size(monkeypatch, capfd):
    shapes = []

    def measured(config, index, images, steps, epochs):
        shapes.append(images.shape)
        return 100.0 if images.shape[1] == 64 else 1.0

    monkeypatch.setattr(devices, "examples_per_second", measured)
    config, quick = override(celeb_a_vae_plus.paper(), ["ae.epochs=4000"]), celeb_a_vae_plus.quick()
    assert estimate.tell_cost(config, IMAGES, ["ae"], quick)
    assert (
        capfd.readouterr().err.splitlines()[1] == "this recipe: about 7 weeks on this machine; --quick: about 7 minutes"
    )
    assert (1000, 64, 64, 3) in shapes and (1000, 128, 128, 3) in shapes
    assert not estimate.tell_cost(quick, IMAGES[:10], ["ae"], quick) and capfd.readouterr().err == ""


def test_what_cannot_be_timed_is_left_out(monkeypatch, capfd):
    asked = rates(monkeypatch, ae=0.0, second=50.0)
    config = override(celeb_a_vae_plus.paper(), ["ae.epochs=10000", "second.epochs=1"])
    estimate.tell_cost(config, IMAGES, ["ae"])
    assert capfd.readouterr().err.splitlines()[1:] == []
    estimate.tell_cost(config, IMAGES, ["ae", "second"])
    assert capfd.readouterr().err.splitlines()[1] == "this recipe: about 1 minute on this machine (second 1 minute)"
    estimate.tell_cost(config, IMAGES, ["ae"])  # nothing of one run is kept for the next
    assert capfd.readouterr().err.splitlines()[1:] == []
    assert asked == [("ae", 2), ("ae", 2), ("second", 2), ("ae", 2)]


def test_one_stage_is_told_alone(monkeypatch, capfd):
    asked = rates(monkeypatch, ae=1.0)
    estimate.tell_cost(override(celeb_a_vae_plus.paper(), ["ae.epochs=10000"]), IMAGES, ["ae"])
    assert capfd.readouterr().err.splitlines()[1].startswith("this recipe: about 17 weeks on this machine. Where")
    assert asked == [("ae", 2)]


def test_a_small_recipe_is_begun_at_once(monkeypatch, capfd):
    asked = rates(monkeypatch)
    estimate.tell_cost(tiny.CONFIG, IMAGES[:80, :16, :24], ["ae", "vae", "second"])
    assert asked == [] and capfd.readouterr().err == ""


def test_codes_are_small_and_pixels_large():
    """The second stage sees codes, the VAE below it the pixels of its error too."""
    config = celeb_a_vae_plus.paper()
    sizes = [estimate._numbers(config, IMAGES, [(index, each)]) for index, each in enumerate(config.stages)]
    assert sizes == [1000 * 400 * each for each in (128 * 128 * 3, 128 * 128 * 3, 64)]


def test_measuring_changes_nothing(monkeypatch, tmp_path, capfd):
    numbers = {**tiny.NUMBERS, "epochs": 1}
    stages = (
        kv.StageConfig("vae", "gaussian_vae", "affine", 3, **numbers),
        kv.StageConfig("second", "gaussian_vae", "affine", 3, **numbers),
    )
    config = kv.Config("subspace", stages, {"dimension": 6, "rank": 2, "count": 64})
    plain = kv.train(config, tmp_path / "plain")
    monkeypatch.setattr(estimate, "LARGE", 0)
    measured = kv.train(replace(config), tmp_path / "measured")
    assert "this recipe: about 1 minute on this machine (vae 1 minute, second 1 minute)" in capfd.readouterr().err
    for name in plain.stages:
        np.testing.assert_array_equal(tiny.weights(plain.stage(name)), tiny.weights(measured.stage(name)))
