"""Examples with models that are not ours: each runs, at a small size, and its page says what it should."""

import importlib
import pathlib

import nbclient
import nbformat
import numpy as np
import pytest
from PIL import Image

from keras_vae import metrics

NOTEBOOK = pathlib.Path(__file__).resolve().parents[1] / "examples" / "whole_way.ipynb"
second = {"model": "mixture"}


@pytest.mark.parametrize(
    ("name", "needs"), [("diagnose_keras", None), ("diagnose_pytorch", "torch")], ids=["keras", "pytorch"]
)
def test_a_vae_of_another_library_is_diagnosed(name, needs, tmp_path):
    if needs:
        pytest.importorskip(needs)
    example = importlib.import_module(f"examples.{name}")
    alone, both = example.main(tmp_path / "page", size=8, count=300, epochs=2, **second)
    assert alone.numbers["stochastic"] and alone.numbers["latent_dim"] == 16
    assert both.numbers == alone.numbers  # the same codes; only the samples are others
    assert "of the function sample" in (tmp_path / "page" / "report.html").read_text(encoding="utf-8")


def test_a_saved_model_is_diagnosed(tmp_path):
    from examples import diagnose_saved_model

    found = diagnose_saved_model.main(tmp_path, size=8, count=300, epochs=1)
    assert not found.numbers["stochastic"] and found.numbers["latent_dim"] == 12
    assert (tmp_path / "page" / "report.html").exists()


SMALL = [
    *(f"{stage}.{setting}" for stage in ("ae", "vae") for setting in ("epochs=2", "jit_compile=false")),
    "ae.network_options.width=0.1",
    "ae.latent_dim=16",
]


@pytest.mark.slow
def test_own_images_are_trained_on_judged_and_exported(tmp_path):
    from examples import own_images
    from keras_vae.data.sets import faces

    for number, image in enumerate(faces.draw(faces.factors("train", 100), (20, 20))):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    settings = [*SMALL, "second.epochs=2", "second.jit_compile=false", "second.batch_size=32"]
    stack, results, version = own_images.main(tmp_path, tmp_path / "run", (16, 16), settings)
    assert stack.sample(2).shape == (2, 16, 16, 3) and (version / "saved_model.pb").exists()
    assert results["verdict"]["word"] and (tmp_path / "run" / "report.html").exists()


@pytest.mark.slow
def test_outliers_are_screened(tmp_path):
    from examples import screen_outliers

    steps = [f"{stage}.{setting}" for stage in ("ae", "vae") for setting in ("batch_size=50", "epochs=20")]
    settings = [*SMALL, *steps, "data_options.count=1000", "data_options.image_size=[16,16]"]
    ordinary, strange = screen_outliers.main(tmp_path / "run", 0.1, settings)
    count = len(ordinary)
    assert count == len(strange) == 1000
    # Of labels without a meaning the AUROC has mean 1/2 and this deviation, the one of Mann and Whitney's statistic.
    deviation = np.sqrt((2 * count + 1) / (12 * count**2))
    shuffled = np.random.default_rng(0).permutation(np.concatenate([ordinary, strange]))
    assert abs(metrics.auroc(shuffled[:count], shuffled[count:]) - 0.5) < 5 * deviation
    assert metrics.auroc(ordinary, strange) > 0.5 + 10 * deviation
    # A tenth of ordinary images raises an alarm, but for chance: 1,000 were held out, and as many tested.
    found = metrics.rates_at(ordinary, strange, 0.9)
    assert abs(found["false_alarms"] - 0.1) < 5 * np.sqrt(0.1 * 0.9 * 2 / count)
    assert found["recall"] > found["false_alarms"] + 5 * np.sqrt(0.1 * 0.9 * 2 / count)


def test_the_notebook_is_stored_without_outputs():
    cells = nbformat.read(NOTEBOOK, 4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@pytest.mark.slow
def test_the_notebook_runs(tmp_path, monkeypatch):
    """Its own assertions hold, and it leaves the page and the export."""
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parents[1]))
    notebook = nbformat.read(NOTEBOOK, 4)
    nbclient.NotebookClient(notebook, timeout=None, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert (tmp_path / "notebook-run" / "report.html").exists()
    assert (tmp_path / "notebook-export" / "1" / "saved_model.pb").exists()
