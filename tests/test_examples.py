"""Examples with models that are not ours: each runs, at a small size, and its page says what it should."""

import importlib

import pytest

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
