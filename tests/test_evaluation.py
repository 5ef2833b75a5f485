"""evaluate.py on a small trained run: every part, its numbers against the metrics themselves, and the page."""

import importlib
import json
import os
import re
import shutil

import numpy as np
import PIL.Image
import pytest

import keras_vae as kv
from keras_vae import config as configs
from keras_vae import plugins, report
from keras_vae.config import Config, StageConfig
from keras_vae.data import store
from keras_vae.data.subset import subset
from keras_vae.evaluation import evaluate
from keras_vae.evaluation.evaluation import Evaluation
from keras_vae.evaluation.parts import pictures
from keras_vae.report import compare
from keras_vae.runs import RunDirectory

NUMBERS = {"epochs": 2, "batch_size": 50, "learning_rate": 1e-3, "jit_compile": False}
CONFIG = Config(
    dataset="faces",
    data_options={"image_size": [16, 16], "count": 1100},
    stages=(
        StageConfig("vae", "gaussian_vae", "asperti_dense", 5, **NUMBERS),
        StageConfig("second", "gaussian_vae", "concat_mlp", 5, network_options={"width": 16}, **NUMBERS),
    ),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("runs") / "run"
    kv.train(CONFIG, workdir)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.import_module("keras_vae.metrics.swd"), "DIRECTIONS", 8)  # each costs two sorts
        evaluate(workdir, count=300)
    return workdir


def test_the_test_images_are_drawn_by_the_seed_of_the_evaluation():
    """From the whole split, outliers too, and pictures from all of these; not the beginnings."""
    whole = kv.data.load("faces", "test", **CONFIG.data_options)
    first, other = (Evaluation(None, CONFIG, None, 300, seed, outliers="faces") for seed in (0, 1))
    for seed, each in ((0, first), (1, other)):
        np.testing.assert_array_equal(each.test, subset(whole, 300, seed))
        np.testing.assert_array_equal(each.outlier_images, subset(whole, 300, seed))
        assert len(set(each.shown(32))) == 32 and max(each.shown(32)) > 100
    assert not np.array_equal(first.test, other.test) and not np.array_equal(first.shown(32), other.shown(32))
    assert Evaluation(None, CONFIG, None, 5000).test.shape == whole.shape


def test_a_store_that_is_cut_short_in_an_evaluation_is_told_and_ends_no_process(run, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "IN_MEMORY", 0)
    evaluation = Evaluation(kv.load(run), configs.moved(CONFIG, cache_dir=tmp_path), tmp_path)
    assert isinstance(evaluation.test, np.memmap) and isinstance(evaluation.train, np.memmap)
    samples = evaluation.stack.sample(2)
    for path in tmp_path.glob("*/rows.raw"):
        os.truncate(path, 5_000)
    for read in (
        lambda: evaluation.posterior,
        lambda: evaluation.stack.score(evaluation.test),
        lambda: pictures._neighbours(evaluation.train, samples),
        lambda: subset(evaluation.train, 500, 0),
    ):
        with pytest.raises(OSError, match="cut short while it was in use; start again: '.*rows.raw'"):
            read()


def test_every_part_leaves_its_results(run):
    results = json.loads((run / "results.json").read_text())
    titles = {table["title"] for table in results["tables"]}
    measured = {"NDB", "Likelihood", "Reconstruction", "Mismatch to the prior", "Frechet distance, pixels"}
    assert measured | {"Sliced Wasserstein distance", "Likelihood of codes"} == titles
    assert results["verdict"]["word"] in ("balanced", "over-regularised", "under-regularised")
    assert len(results["latents"]["reconstruction_gain"]) == 5
    assert [(each["stage"], each["has_prior"]) for each in results["verdicts"]] == [("vae", True), ("second", True)]
    assert results["verdicts"][0]["word"] == results["verdict"]["word"]
    assert results["protocol"] == {"split": "test", "images": 300, "drawn from": 1100, "samples": 300, "seed": 0}
    for picture in results["pictures"]:
        assert (run / picture["file"]).exists()
    parts = plugins.names("keras_vae.evaluation.parts")
    parts.remove("outliers")  # has nothing to say without another data set
    assert sorted(json.loads((run / "evaluation.json").read_text())["parts"]) == parts


def test_numbers_are_those_of_the_metrics(run):
    results, stack = json.loads((run / "results.json").read_text()), kv.load(run)
    test = subset(kv.data.load("faces", "test", image_size=(16, 16), count=1100), 300, seed=0)
    headline = {entry["name"]: entry["value"] for entry in results["headline"]}
    nll = kv.metrics.importance_weighted_nll(stack, test, samples=50, seed=0)
    assert headline["NLL"] == pytest.approx(float(np.mean(nll)), rel=1e-6)
    error = np.mean(np.sum((test / np.float32(255) - stack.reconstruct(test)) ** 2, axis=(1, 2, 3)))
    assert headline["squared error"] == pytest.approx(float(error), rel=1e-5)
    samples = np.round(stack.sample(300, seed=0, stage="second") * 255)  # "clean" compares what a file would hold
    fid = kv.metrics.frechet_distance(*(images.reshape(300, -1) / np.float32(255) for images in (test, samples)))
    assert results["frechet"]["clean"]["samples of second"]["value"] == pytest.approx(fid, rel=1e-4)


def test_what_does_not_fit_in_memory_is_the_same(run, monkeypatch):
    kept = (kv.load(run), RunDirectory(run).config(), run, 300)
    before, mapped = Evaluation(*kept), Evaluation(*kept)
    monkeypatch.setattr(store, "GENERATED_IN_MEMORY", 0)
    monkeypatch.setattr(store, "AT_ONCE", 256)
    for stage in ("vae", "second"):
        assert isinstance(mapped.samples[stage], np.memmap)
        np.testing.assert_array_equal(mapped.samples[stage], kept[0].sample(300, 0, stage))
    np.testing.assert_array_equal(mapped.reconstructions, kept[0].decode(before.posterior[0]))


def test_a_traversal_moves_one_dimension_and_keeps_the_others():
    mean = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32) * np.float32([1, 3, 0.01, 2])
    assert pictures.most_active(mean, 0.1 + 0 * mean) == [1, 3, 0], "inactive ones are left out"
    codes = pictures.traversals(mean, 0.1 + 0 * mean, mean[7], [1, 3])
    assert codes.shape == (2, pictures.STEPS + 1, 4)
    for row, moved in ((0, 1), (1, 3)):
        assert np.all(np.diff(codes[row, :, moved]) > 0)
        others = np.delete(codes[row], moved, axis=1)
        np.testing.assert_array_equal(others, np.broadcast_to(np.delete(mean[7], moved), others.shape))


def test_parts_measured_again_replace_only_themselves(run):
    before = json.loads((run / "evaluation.json").read_text())["parts"]
    evaluate(run, parts=["reconstruction"], count=300)
    assert json.loads((run / "evaluation.json").read_text())["parts"] == before
    with pytest.raises(ValueError, match="unknown part 'recon'; known: bins, frechet, latents"):
        evaluate(run, parts=["recon"])


def test_another_protocol_loses_nothing(run, tmp_path):
    """Its results stand apart, in the JSON and on the page, until the first protocol is measured again."""
    run = shutil.copytree(run, tmp_path / "run")
    before = json.loads((run / "results.json").read_text())
    found = evaluate(run, ["reconstruction", "pictures"], count=40)
    assert found["protocol"]["images"] == 40 and len(found["tables"]) == 1
    (other,) = found["others"]
    assert other == before
    pictures = [each["file"] for each in (*found["pictures"], *before["pictures"])]
    assert len(set(pictures)) == len(pictures) and all((run / file).exists() for file in pictures)
    page = report.write(run).read_text(encoding="utf-8")
    assert "Other protocols" in page and "images 300" in page and page.count('<section id="metrics"') == 1
    again = evaluate(run, ["reconstruction"], count=300)
    assert again["verdict"] == before["verdict"] and again["tables"] == before["tables"]
    assert [each["protocol"]["images"] for each in again["others"]] == [40]


def test_of_one_image_each_part_says_what_it_cannot_give(run, tmp_path):
    run = shutil.copytree(run, tmp_path / "run")
    found = evaluate(run, count=1)
    notes = {table["title"]: table["note"] for table in found["tables"]}
    assert notes["frechet"] == (
        "Not measured: reals has 1 images; expected at least 4, for two halves with a covariance each."
    )
    assert notes["latents"] == (
        "Not measured: one image has no variance to explain, and no active dimensions; expected at least 2."
    )
    assert notes["mismatch"].startswith("Not measured: ") and notes["bins"].startswith("Not measured: NDB needs 1,000")
    assert {"Likelihood", "Reconstruction", "Sliced Wasserstein distance"} <= notes.keys()
    assert "verdict" not in found and len(found["pictures"]) == 4, "all but interpolations and traversals"
    page = report.write(run).read_text(encoding="utf-8")
    assert "Not measured: reals has 1 images" in page and "0.0%" not in page


def test_outliers_are_told_apart_and_kept(run, tmp_path):
    """Pictures of noise are stranger than faces; evaluating again without them does not lose what was found."""
    run = shutil.copytree(run, tmp_path / "run")  # what it adds must not meet the other tests
    random = np.random.default_rng(0)
    for number in range(20):
        noise = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        (tmp_path / "test").mkdir(exist_ok=True), (tmp_path / "train").mkdir(exist_ok=True)
        PIL.Image.fromarray(noise).save(tmp_path / "test" / f"{number}.png")
    found = evaluate(run, ["outliers"], count=300, outliers="folder", outlier_dir=str(tmp_path))
    table = next(table for table in found["tables"] if table["title"] == "Outliers: folder")
    exact = [dict(zip(table["columns"], row)) for row in table["rows"] if not row[0].startswith("strangeness")]
    for row in exact:  # a strangeness has ties: what is stranger than all that was held out
        assert row["AUROC"] > 0.99 and row["AUPR"] > 0.9 and row["false alarms at 95% found"] < 0.05, row
    assert len(exact) == 3
    assert table in evaluate(run, count=300)["tables"]
    with pytest.raises(ValueError, match="--outliers=subspace has images of shape"):
        evaluate(run, ["outliers"], count=300, outliers="subspace")


@pytest.mark.parametrize(
    "foreign", ["[]", "3", '{"x": 1}', '{"head": {}, "parts": []}', '{"head": {}, "parts": {"latents": 3}}']
)
def test_a_file_of_something_else_is_told_and_kept(foreign, run, tmp_path):
    run = shutil.copytree(run, tmp_path / "run")
    (run / "evaluation.json").write_text(foreign)
    with pytest.raises(ValueError, match="evaluation.json is damaged .*; delete it"):
        evaluate(run, ["mismatch"], count=40)
    assert (run / "evaluation.json").read_text() == foreign
    (run / "results.json").write_text(foreign)
    for wrong in (foreign, '{"run": {"stages": 3}}', '{"run": {"dataset": "x", "stages": []}, "tables": [3]}'):
        (run / "results.json").write_text(wrong)
        with pytest.raises(ValueError, match="results.json is damaged .*; delete it"):
            compare.write(run, run)


def test_the_page_is_written(run):
    page = report.write(run).read_text(encoding="utf-8")
    assert "data:image/png;base64" in page
    text = re.sub("<[^>]*>", "", page)  # words are links to the glossary where they first appear
    for words in ("Verdict", "NDB", "Frechet distance, pixels"):
        assert words in text
