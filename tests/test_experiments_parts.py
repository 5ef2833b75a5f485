"""The own machinery of single experiments: watched training, a disturbed variable, slices, outliers beside a curve."""

import numpy as np
import pytest

import keras_vae as kv
import tests.tiny as tiny
from experiments import ig_figure1, ig_figure3, vc_methodology
from experiments.common.laboratory import Laboratory
from experiments.common.watching import watch
from experiments.vc_figure7 import Disturbed
from keras_vae.config import Config, StageConfig, override
from keras_vae.data.sets import subspace
from keras_vae.networks import residual_mlp
from keras_vae.theory.affine import affine_optimum


def test_training_is_watched_from_the_start_to_the_end(tmp_path):
    stage = StageConfig("vae", "gaussian_vae", "affine", 2, 2, 10, 1e-2, steps_per_execution=3)
    config = Config("subspace", (stage,), data_options={"count": 60, "dimension": 4})
    seen = watch(Laboratory(tmp_path), "seen", config, lambda stack: float(stack.stage().gamma.value))
    assert [step for step, _ in seen] == [0, 3, 6, 9, 12]
    assert seen[0][1] == pytest.approx(1.0) and len({gamma for _, gamma in seen}) == 5
    assert watch(Laboratory(tmp_path), "seen", config, None) == seen


def test_watched_trainings_are_kept_by_everything_that_decides_them(tmp_path, monkeypatch):
    """Data set, widths, gamma, rate and schedule too; not by where the data lie."""
    stage = StageConfig("vae", "gaussian_vae", "affine", 2, 2, 10, 1e-2)
    config = Config("subspace", (stage,), data_options={"count": 60})
    trained = []
    monkeypatch.setattr(kv, "train", lambda config, workdir, callbacks: trained.append(config))
    changes = ["dataset=curve", "data_options.count=70", "vae.network_options.width=3", "vae.gamma.mode=fixed"]
    changes += [
        "vae.learning_rate=1e-3",
        "vae.schedule=cosine",
        "vae.model_options.beta=0.5",
        "precision=mixed_bfloat16",
    ]
    for each in (config, *(override(config, [change]) for change in changes)):
        for _ in range(2):
            watch(lab := Laboratory(tmp_path), "seen", each, None)
        watch(lab, "seen", override(each, ["data_options.data_dir=elsewhere"]), None)
    assert len(trained) == 1 + len(changes)
    (record,) = lab.used.values()
    assert (record["epochs"], record["batch_size"], record["seed"]) == (2, 10, 0) and "subspace" in record["what"]


def test_noise_reaches_one_dimension_in_training_alone():
    encoder, decoder = tiny.networks()
    vae = Disturbed(encoder, decoder, kept=[True, True, False], name="vae")
    z = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    quiet = vae.decode(z).numpy()
    np.testing.assert_array_equal(quiet, vae.decode(z * [1, 1, 0]).numpy())
    np.testing.assert_allclose(quiet, decoder(z * [1, 1, 0]).numpy(), rtol=1e-6)
    vae.deviations.assign([0.0, 0.0, 9.0])  # a dimension that the decoder never sees
    np.testing.assert_array_equal(vae.decode(z, training=True).numpy(), quiet)
    vae.deviations.assign([0.0, 9.0, 0.0])
    np.testing.assert_array_equal(vae.decode(z).numpy(), quiet)
    assert np.abs(vae.decode(z, training=True).numpy() - quiet).max() > 0.01


def test_slices_pass_through_the_optimal_sparse_representation():
    """At zero the loss is the closed form of Theorem 1, at the gamma that the optimum is made for."""
    points = subspace.load("train", dimension=ig_figure3.DIMENSION, rank=ig_figure3.RANK, count=ig_figure3.COUNT)
    vae, parameters = ig_figure3._optimum(points)
    np.testing.assert_allclose(vae.encode(points)[1][0] ** 2, parameters.s2, rtol=1e-4)
    covariance = np.cov(points.T, bias=True)
    expected = affine_optimum(covariance, ig_figure3.SPARSE, ig_figure3.KAPPA).W
    np.testing.assert_allclose(vae.decoder.get_layer("first").kernel.numpy().T, expected, atol=1e-6)
    used, unused = ig_figure3.RANK - 1, ig_figure3.RANK
    *_, (kernel, step) = ig_figure3._swap(vae, parameters)
    moved = kernel.numpy() + step
    np.testing.assert_allclose(moved[used], 0.0, atol=1e-6)
    np.testing.assert_allclose(moved[unused], 0.9 * kernel.numpy()[used], rtol=1e-5)


def test_an_output_without_a_sigmoid_leaves_the_unit_interval():
    z = 100 * np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    sigmoid, linear = (residual_mlp.decoder(3, (2, 2, 1), width=5, activation=name)(z) for name in (None, "linear"))
    assert np.min(sigmoid) >= 0 and np.max(sigmoid) <= 1 and np.min(linear) < 0


def test_outliers_are_beside_the_curve():
    points = np.stack([np.linspace(-1, 1, 200), np.zeros(200)], axis=1).astype(np.float32)
    points[0, 1] = 1.0  # something to make the box two-dimensional
    found = ig_figure1._beside(points)
    distances = np.sqrt(np.min(np.sum((found[:, None] - points[None]) ** 2, axis=-1), axis=1))
    assert len(found) == ig_figure1.OUTLIERS and distances.min() >= ig_figure1.NEAREST


def test_errors_of_rounding_are_ties():
    row = ig_figure1._row(2, np.full(10, 1e-15), np.full(10, 3e-14))
    assert row["AUROC"] == 0.5
    line = np.stack([np.arange(20.0), 2 * np.arange(20.0)], axis=1)
    np.testing.assert_allclose(ig_figure1._pca_errors(line, 1, line), 0.0, atol=1e-20)
    np.testing.assert_allclose(ig_figure1._pca_errors(line, 1, line[:1] + [2.0, -1.0]), [5.0])


def test_the_methodology_is_repeated_where_other_experiments_were(tmp_path, monkeypatch):
    """Its search is told of a folder of its own, not of the laboratory's, where it would find foreign things."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "rb_table1.json").touch()
    asked = []
    lab = Laboratory(tmp_path)
    monkeypatch.setattr(vc_methodology.kv.data, "load", lambda *_, **__: np.zeros((20, 28, 28, 1), np.uint8))
    monkeypatch.setattr(lab, "train", lambda config: asked.append(config) or pytest.skip())
    with pytest.raises(pytest.skip.Exception):
        vc_methodology.measure(lab)
    assert len(asked) == 1 and not (tmp_path / "trials").exists()
