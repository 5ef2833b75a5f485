"""Examples with models that are not ours: each runs, at a small size, and its page says what it should."""

import importlib

import pytest
from PIL import Image

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

    settings = [*SMALL, "data_options.count=200", "data_options.image_size=[16,16]", "ae.epochs=10"]
    area, ordinary, strange = screen_outliers.main(tmp_path / "run", 0.1, settings)
    # After 30 steps no more than the direction can be asked for; docs/serving.md has what trained models reach.
    assert area > 0.5 and ordinary < 0.3 and 0 <= strange <= 1
