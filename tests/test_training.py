"""The run directory: what training leaves there, what it refuses, and the stack that is loaded from it."""

import json
import os

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae import data, plugins
from keras_vae.config import Config, StageConfig, override
from keras_vae.files import write_text
from keras_vae.runs import RunDirectory
from keras_vae.training.building import check_gamma
from keras_vae.training.callbacks.guard import NotFiniteError
from keras_vae.training.train import on_this_machine
from tests import tiny
from tests.scripts import Script

CONFIG = tiny.CONFIG


def faces(count):
    return kv.data.load("faces", "test", image_size=(16, 24), count=count)


def test_a_run_is_a_directory(run):
    for stage in ("ae", "vae", "second"):
        for name in ("model.keras", "history.json", "diagnostics.json", "DONE", "reconstructions.png"):
            assert (run / stage / name).exists(), f"{stage}/{name}"
        assert (run / stage / "samples.png").exists() == (stage != "ae"), "an unregularised autoencoder has no prior"
        assert not (run / stage / "backup.npz").exists()
        history = json.loads((run / stage / "history.json").read_text())
        assert len(history) == 3
        assert {"loss", "gradient_norm", "gamma", "rmse", "active"} <= history[-1].keys()
    assert not [path for path in run.rglob("*") if path.name.endswith(".part")]


def test_the_public_methods(stack):
    images = faces(5)
    assert stack.stages == ["ae", "vae", "second"]
    assert stack.latent_dim == 6
    assert stack.active_dims.shape == (6,)
    mean, stddev = stack.encode(images)
    assert mean.shape == stddev.shape == (5, 6)
    assert np.all(stddev > 0)
    assert stack.encode(images, stage="ae")[0].shape == (5, 24)
    assert not stack.encode(images, stage="ae")[1].any()
    np.testing.assert_allclose(stack.reconstruct(images), stack.decode(mean), atol=tiny.ROUNDING)
    np.testing.assert_allclose(stack.encode(images / np.float32(255))[0], mean, atol=tiny.ROUNDING)
    for pictures in (stack.reconstruct(images), stack.sample(3), stack.sample(3, stage="ae")):
        assert pictures.dtype == np.float32
        assert pictures.shape[1:] == (16, 24, 3)
        assert pictures.min() >= 0
        assert pictures.max() <= 1


def test_a_sample_depends_on_its_seed_and_place_alone(stack):
    many = stack.sample(300, seed=7)
    np.testing.assert_allclose(stack.sample(2, seed=7), many[:2], atol=tiny.ROUNDING)
    assert np.abs(stack.sample(2, seed=8) - many[:2]).max() > 1e-3
    assert len(np.unique(many.round(4), axis=0)) == 300


def test_a_score_is_the_bound_and_does_not_depend_on_the_batch(stack):
    images = faces(9)
    score = stack.score(images)
    np.testing.assert_allclose(score["elbo"], -(score["reconstruction"] + score["kl"]), rtol=1e-6)
    # Of the terms, not of their sum: of an elbo near zero nothing may be left but rounding.
    for name in ("reconstruction", "kl"):
        np.testing.assert_allclose(stack.score(images[4:5])[name], score[name][4:5], rtol=1e-4, err_msg=name)
    # Against the definition, with many fresh draws.
    mean, stddev = (part[:1] for part in stack.encode(images))
    z = mean + stddev * np.random.default_rng(0).standard_normal((4000, 6)).astype(np.float32)
    gamma = float(stack.stage("vae").gamma.value)
    errors = np.sum((stack.decode(z) - images[:1] / np.float32(255)) ** 2, axis=(1, 2, 3)) / (2 * gamma)
    constant = images[0].size / 2 * np.log(2 * np.pi * gamma)
    noise = np.std(errors) / np.sqrt(4)  # of four antithetic pairs, whose halves may be alike
    assert score["reconstruction"][0] == pytest.approx(np.mean(errors) + constant, rel=1e-5, abs=5 * noise)
    kl = 0.5 * np.sum(mean**2 + stddev**2 - np.log(stddev**2) - 1)
    assert score["kl"][0] == pytest.approx(kl, rel=1e-4)


def test_a_second_stage_describes_draws(stack):
    """It was trained on z ~ q(z|x): of the means alone, its codes would vary less than the prior it was fitted to."""
    same = np.repeat(faces(1), 300, axis=0)
    mean, stddev = stack.encode(same)
    assert np.ptp(mean, axis=0).max() < 1e-4
    means = stack.encode(same, stage="second")[0]
    z = mean[:1] + stddev[:1] * np.random.default_rng(0).standard_normal((4000, 6)).astype(np.float32)
    expected = stack.stage("second").encode(z)[0].numpy()
    np.testing.assert_allclose(
        means.mean(axis=0), expected.mean(axis=0), atol=5 * expected.std(axis=0).max() / np.sqrt(300)
    )
    np.testing.assert_allclose(means.std(axis=0), expected.std(axis=0), rtol=0.25)
    np.testing.assert_allclose(stack.encode(same[:7], stage="second")[0], means[:7], atol=1e-5)


def test_a_second_stage_trains_on_fresh_draws(run, monkeypatch):
    """Each step draws z ~ q(z|x) anew from the cached posterior, and the encoder below is not asked again."""
    stack = kv.load(run)
    stack.activate("second")
    stack.compile("adam", jit_compile=False)
    asked = []
    for below in (stack.stage("ae"), stack.stage("vae")):
        monkeypatch.setattr(below, "encode", lambda *args: asked.append(args))
    seen = []
    stage = stack.stage("second")
    objective = type(stage).objective
    monkeypatch.setattr(stage, "objective", lambda x, *rest: (seen.append(x.numpy()), objective(stage, x, *rest))[1])
    mean, stddev = np.zeros((50, 6), np.float32), np.full((50, 6), 2.0, np.float32)
    for _ in range(40):
        stack.terms((mean, stddev), training=True)
    assert not asked
    assert np.std(seen) == pytest.approx(2.0, rel=0.05)
    assert not np.array_equal(seen[0], seen[1])


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 16, 24), np.float32), r"images has shape \(2, 16, 24\); expected \(n, 16, 24, 3\)"),
        (np.zeros((2, 16, 23, 3), np.float32), r"images has shape"),
        (np.zeros((0, 16, 24, 3), np.float32), r"images is empty"),
        (
            np.full((2, 16, 24, 3), 255.0, np.float32),
            r"images has values in \[255, 255\]; expected float32 in \[0, 1\]",
        ),
        (np.full((2, 16, 24, 3), np.nan, np.float32), r"images has 2304 values that are NaN or infinite"),
        (np.zeros((2, 16, 24, 3), np.int64), r"images has dtype int64; expected float32"),
    ],
)
def test_wrong_images_are_refused(stack, images, message):
    for method in (stack.encode, stack.reconstruct, stack.score):
        with pytest.raises(ValueError, match=message):
            method(images)


def test_wrong_codes_counts_and_stages_are_refused(stack):
    with pytest.raises(ValueError, match=r"codes has shape \(2, 5\); expected \(n, 6\)"):
        stack.decode(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="count is 0; expected a whole number of at least 1"):
        stack.sample(0)
    with pytest.raises(ValueError, match="unknown stage 'third'; this stack has: ae, vae, second"):
        stack.encode(faces(1), stage="third")


def test_a_stage_file_loads_in_a_process_that_only_imports_the_package(run, tmp_path):
    path = str(run / "vae" / "model.keras")
    (tmp_path / "load.py").write_text(f"import keras, keras_vae\nprint(keras.saving.load_model({path!r}).beta)")
    assert Script(tmp_path / "log", tmp_path / "load.py").wait() == (0, "1.0\n")


def test_the_same_command_again_changes_nothing(run, capsys):
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    kv.train(CONFIG, run)
    assert capsys.readouterr().err.count("done before") == 3
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_another_configuration_is_refused(run):
    with pytest.raises(ValueError, match=r"holds another configuration.*\n  stages.vae.epochs: 3 != 4\n"):
        kv.train(override(CONFIG, ["vae.epochs=4"]), run)


def test_a_directory_of_other_things_is_refused(tmp_path):
    write_text(tmp_path / "thesis.tex", "precious")
    with pytest.raises(ValueError, match="is not empty and holds no run"):
        kv.train(CONFIG, tmp_path)
    with pytest.raises(ValueError, match="holds no run: it has no config.json"):
        kv.load(tmp_path)


def test_a_stage_needs_those_below_it(tmp_path):
    with pytest.raises(ValueError, match="stage vae needs ae below it"):
        kv.train(CONFIG, tmp_path / "run", stage="vae")
    with pytest.raises(ValueError, match="unknown stage 'vea'; this stack has: ae, vae, second, or all"):
        kv.train(CONFIG, tmp_path / "other", stage="vea")
    assert not (tmp_path / "other").exists()


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    config = override(CONFIG, ["ae.learning_rate=1e30"])
    with pytest.raises(NotFiniteError, match=r"stage ae: (squared_error|loss) stopped being finite at step \d+"):
        kv.train(config, tmp_path / "run")
    with pytest.raises(ValueError, match="no stage is trained yet"):
        kv.load(tmp_path / "run")


def test_the_last_good_weights_are_kept(tmp_path):
    """A weight becomes NaN in the third epoch; those after the second are saved, and are finite."""

    class Break(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                bias = self.model.active_stage.encoder.get_layer("mean").bias
                bias.assign(bias + np.nan)

    with pytest.raises(NotFiniteError, match=r"at step 11; the last good weights, after epoch \d, are in .*last_good"):
        kv.train(CONFIG, tmp_path / "run", stage="ae", callbacks=[Break()])
    kept = keras.saving.load_model(tmp_path / "run" / "ae" / "last_good.keras", compile=False)
    assert all(np.isfinite(weight.numpy()).all() for weight in kept.weights)


def test_images_that_are_all_the_same_are_refused_before_the_run_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "load", lambda *args, **options: np.zeros((40, 16, 24, 3), np.uint8))
    with pytest.raises(ValueError, match="faces: the 40 held-out examples are all the same; nothing to learn"):
        kv.train(kv.presets.faces_vae_plus.quick(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("gamma", "message"),
    [
        (
            {"momentum": 0.5},
            "vae.gamma of mode learned takes no option 'momentum'; it takes: ceiling, floor, initial, mod",
        ),
        ({"mode": "fixed", "floor": 0.1}, "vae.gamma of mode fixed takes no option 'floor'; it takes: initial, mode"),
        (
            {"mode": "optimal", "rate": 2.0},
            "vae.gamma of mode optimal takes no option 'rate'; it takes: ceiling, floor, i",
        ),
    ],
)
def test_options_of_gamma_that_its_mode_does_not_use_are_refused_and_gone_on_with(gamma, message, tmp_path):
    """Of a new run; one of an earlier version goes on."""
    stage = StageConfig("vae", "gaussian_vae", "affine", 2, 1, 20, 1e-3, gamma=gamma, strategy="single")
    config = Config("subspace", (stage,), data_options={"count": 60, "dimension": 4})
    with pytest.raises(ValueError, match=message):
        kv.train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    RunDirectory(tmp_path / "run").claim(on_this_machine(config))
    assert kv.train(config, tmp_path / "run").stages == ["vae"]


@pytest.mark.parametrize("name", plugins.names("keras_vae.presets"))
def test_presets_give_gamma_what_its_mode_uses(name):
    preset = plugins.find("keras_vae.presets", name, "preset")
    for stage in (*preset.paper().stages, *preset.quick().stages):
        check_gamma(stage)


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_text(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device: .*file"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
