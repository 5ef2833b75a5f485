"""A mixture as the top stage of a run: fitted, loaded, sampled, measured and exported like a second stage."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae import config as configs
from keras_vae.exporting.signatures import signatures
from keras_vae.presets.celeb_a_mixture import with_mixture
from keras_vae.training.building import build_stage
from keras_vae.training.fit_mixture import fit_mixture
from keras_vae.training.train import on_this_machine
from tests import tiny

CONFIG = with_mixture(tiny.CONFIG)


@pytest.fixture(scope="module")
def mixed(run, tmp_path_factory):
    """The directory of the small run with a mixture in place of its second stage."""
    workdir = shutil.copytree(run, tmp_path_factory.mktemp("mixed") / "run")
    shutil.rmtree(workdir / "second")
    (workdir / "config.json").write_text(configs.to_json(on_this_machine(CONFIG)))
    kv.train(CONFIG, workdir)
    return workdir


def test_the_number_of_components_is_that_of_the_best_held_out_likelihood():
    """Three clusters far apart want at least three; of codes of one Gaussian, one is enough."""
    random = np.random.default_rng(0)
    clusters = random.standard_normal((900, 2)) + 20 * random.integers(0, 3, 900)[:, None]
    found, history = fit_mixture("second", clusters[:600], clusters[600:], 64, 100, seed=0)
    assert found.components >= 3
    losses = {epoch["components"]: epoch["val_loss"] for epoch in history}
    assert losses[found.components] == min(losses.values()) and losses[1.0] > losses[found.components] + 1
    exact = -np.mean(found.log_density(clusters[600:].astype(np.float32)))
    assert exact == pytest.approx(losses[found.components], rel=1e-4), "scikit-learn's own likelihood"
    one, _ = fit_mixture("second", random.standard_normal((300, 4)), random.standard_normal((300, 4)), 64, 100, seed=0)
    assert one.components == 1


def test_it_is_a_second_stage(mixed):
    stack, images = kv.load(mixed), kv.data.load("faces", "test", image_size=(16, 24), count=40)
    assert (
        stack.stages == ["ae", "vae", "second"] and stack.inference_stage == "vae" and stack.codec.is_second("second")
    )
    whole = stack.sample(5, seed=3)
    np.testing.assert_allclose(stack.sample(2, seed=3), whole[:2], atol=tiny.ROUNDING)
    # What is sampled are decoded draws of p(z): the means of q(u) lead back to the codes.
    codes, deviation = stack.encode(images, stage="second")
    assert codes.shape == (40, 7) and np.all(deviation[:, 1:] == 0)
    nll = kv.metrics.second_stage_nll(stack, images)
    assert nll.shape == (40,) and np.all(np.isfinite(nll))
    history = json.loads((mixed / "second" / "history.json").read_text())
    assert {"components", "loss", "val_loss"} <= history[-1].keys()


def test_it_is_measured(mixed):
    results = kv.evaluate(mixed, ["likelihood", "mismatch"], count=40)
    titles = {table["title"]: table["rows"] for table in results["tables"]}
    assert [row[0] for row in titles["Likelihood of codes"]] == ["second, exact"]
    assert [row[0] for row in titles["Mismatch to the prior"]] == ["stage vae", "stage second"]


def test_its_export_samples_without_this_library(mixed, tmp_path):
    """The signature alone: all of them, of other stacks, are in test_exporting.py."""
    codec, seeds = kv.load(mixed).codec, np.array([7, 8, 9], np.int64)
    module = tf.Module()
    module.weights = [variable.value for variable in codec.variables]
    sample = signatures(codec)["sample"].traced().get_concrete_function()
    tf.saved_model.save(module, str(tmp_path), signatures={"sample": sample})
    loaded = tf.saved_model.load(str(tmp_path))
    images = loaded.signatures["sample"](seed=tf.constant(seeds))["images"]
    np.testing.assert_allclose(images, codec.sample(tf.constant(seeds)), atol=tiny.ROUNDING)
    again = loaded.signatures["sample"](seed=tf.constant(seeds[1:2]))["images"]
    np.testing.assert_allclose(again, images[1:2], atol=tiny.ROUNDING)


@pytest.mark.parametrize(
    ("index", "change", "message"),
    [
        (2, "second.latent_dim=6", "second.latent_dim is 6; expected 7: a mixture takes one number more"),
        (2, "second.network=affine", "second.network is 'affine'; model mixture has none"),
        (2, "second.model_options.beta=1", "model mixture takes no option 'beta'; it takes: components"),
        (1, "vae.network=null", "stage vae has no network, which model gaussian_vae needs"),
        (0, "ae.model=mixture", "stage ae: model mixture is fitted to the codes of a stage below; it has none"),
    ],
)
def test_a_senseless_configuration_is_refused(index, change, message):
    config = configs.override(CONFIG, [change])
    if index == 0:
        config = configs.override(config, ["ae.network=null", "ae.network_options={}"])
    with pytest.raises(ValueError, match=message):
        build_stage(config, index, (6,))
