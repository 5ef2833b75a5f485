"""Adopted models from files: .keras files, SavedModels, exports, and the command that judges them."""

import json

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae import cli
from keras_vae.adopted.loading import load, posterior
from keras_vae.maths.arrays import unit
from tests import tiny

SHAPE = tiny.SHAPE


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with models in files: both.keras, encoder.keras, decoder.keras, and a SavedModel of either side."""
    folder, (encoder, decoder) = tmp_path_factory.mktemp("models"), tiny.halves()
    encoder.name, decoder.name = "encoder", "decoder"
    keras.Model(encoder.inputs[0], decoder(encoder(encoder.inputs[0])[:, :3])).save(folder / "both.keras")
    encoder.save(folder / "encoder.keras"), decoder.save(folder / "decoder.keras")
    encoder.export(folder / "encoder", verbose=False), decoder.export(folder / "decoder" / "3", verbose=False)
    return folder


def test_models_are_read_from_files(files):
    x, z = unit(tiny.images(5)), np.ones((2, 3), np.float32)
    encoder, decoder = (keras.saving.load_model(files / f"{side}.keras") for side in ("encoder", "decoder"))
    out = np.asarray(encoder(x))
    for found in (
        load(model=files / "both.keras", spread="log_variance"),
        load(encoder=files / "encoder.keras", decoder=files / "decoder.keras", spread="log_variance"),
        load(encoder=files / "encoder", decoder=files / "decoder", spread="log_variance"),
    ):
        mean, stddev = found.encode(x)
        np.testing.assert_allclose(mean, out[:, :3], rtol=1e-5)
        np.testing.assert_allclose(stddev, np.exp(out[:, 3:] / 2), rtol=1e-5)
        np.testing.assert_allclose(found.decode(z), decoder(z), rtol=1e-5)
        assert found.data_shape == SHAPE


def test_a_wrong_word_about_the_encoder_is_told(files):
    """Its one output is taken for codes, or for halves that are none."""
    found = load(encoder=files / "encoder.keras", decoder=files / "decoder.keras")
    with pytest.raises(ValueError, match=r"gives codes of shape \(6,\) by --spread=stddev; the decoder takes \(3,\)"):
        kv.diagnose(found.encode, found.decode, tiny.images(20))


def test_a_dictionary_of_outputs_is_read_by_their_names():
    values = {"z_log_var": np.zeros((1, 2)), "z_mean": np.full((1, 2), 3.0), "z": np.ones((1, 2))}
    mean, stddev = posterior(values, "log_variance")
    assert mean.tolist() == [[3, 3]] and stddev.tolist() == [[1, 1]]
    mean, stddev = posterior({"output_1": np.ones((1, 2)), "output_0": np.full((1, 2), 3.0)}, "stddev")
    assert mean.tolist() == [[3, 3]] and stddev.tolist() == [[1, 1]]
    with pytest.raises(ValueError, match="outputs called dense_1, dense_2"):
        posterior({"dense_1": np.ones((1, 2)), "dense_2": np.ones((1, 2))}, "stddev")


def test_a_stage_of_ours_is_read(tmp_path):
    """A .keras file with methods encode and decode."""
    vae = tiny.vae()
    vae.save(tmp_path / "vae.keras")
    found, x = load(model=tmp_path / "vae.keras"), unit(tiny.images(5))
    np.testing.assert_allclose(found.encode(x), vae.encode(x), rtol=1e-5)
    assert found.data_shape == SHAPE and found.decode(np.ones((2, 3), np.float32)).shape == (2, *SHAPE)


def test_an_export_of_ours_is_read_by_its_names(exported):
    found = load(model=exported.parent)
    mean, stddev = found.encode(np.zeros((2, 16, 24, 3), np.float32))
    assert mean.shape == stddev.shape == (2, 6) and (stddev > 0).all() and found.data_shape == (16, 24, 3)
    assert found.decode(mean).shape == (2, 16, 24, 3)


def test_files_that_are_no_model_are_refused(files, tmp_path):
    (tmp_path / "text.keras").write_text("text")
    for options, error, message in (
        ({"model": tmp_path / "none.keras"}, FileNotFoundError, "there is no such file"),
        ({"model": tmp_path / "text.keras"}, ValueError, "text.keras cannot be loaded: "),
        ({"model": tmp_path}, ValueError, "holds no saved_model.pb"),
        (
            {"model": __file__},
            ValueError,
            "is no model; expected a file .keras or .h5, or the folder",
        ),
        ({"model": files / "encoder.keras"}, ValueError, "neither encode nor encoder; it has: "),
        ({"encoder": files / "encoder.keras"}, ValueError, "expected --model, or both --encoder and --decoder"),
        ({"model": files / "both.keras", "spread": "variance"}, ValueError, "--spread=variance: expected stddev or"),
    ):
        with pytest.raises(error, match=message):
            load(**options)


def test_images_that_a_signature_does_not_take_are_told_in_a_line(exported):
    with pytest.raises(ValueError, match=r"^the model does not take an array of shape \(2, 5, 5, 3\): [^\n]*$"):
        load(model=exported).encode(np.zeros((2, 5, 5, 3), np.float32))


def test_the_command_writes_the_page(exported, tmp_path, capsys):
    words = [f"--model={exported}", "--dataset=faces", "--count=30", f"--out={tmp_path / 'page'}"]
    for extra, code in (([], 0), (["--image_size=8"], 2)):
        with pytest.raises(SystemExit) as ended:
            cli.command("diagnose", [*words, *extra])
        assert ended.value.code == code
    results = json.loads((tmp_path / "page" / "results.json").read_text())
    assert results["protocol"]["image"] == [16, 24, 3], "the image size is the model's"
    out, err = capsys.readouterr()
    assert f"diagnosed: {tmp_path / 'page' / 'report.html'}" in out
    assert out.startswith("judged by 30 of 1,000 images: test, of faces\n")
    assert results["protocol"]["split"] == "test, of faces"
    assert "test, of faces" in (tmp_path / "page" / "report.html").read_text(encoding="utf-8")
    assert "faces has images of shape (8, 8, 3); the model takes (16, 24, 3)" in err
