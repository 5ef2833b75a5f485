"""train.py as a process: killed for real and started again, on two workers, and given mistakes."""

import json
import re
import signal

import keras
import numpy as np
import pytest

import keras_vae  # noqa: F401  registers the classes that .keras files name
from keras_vae.commands import _recipe, train
from keras_vae.files import write_text
from tests import tiny
from tests.scripts import Script

SETTINGS = [
    *tiny.FLAGS,
    "--set=vae.latent_dim=6",
    "--set=second.latent_dim=6",
    *[f"--set={stage}.epochs=3" for stage in ("ae", "vae", "second")],
    *[f"--set={stage}.batch_size=16" for stage in ("ae", "vae", "second")],
]


def start(workdir, *flags, **options):
    return Script(workdir.with_suffix(".log"), "train.py", f"--workdir={workdir}", *SETTINGS, *flags, **options)


def finished(script):
    status, output = script.wait()
    assert status == 0, output
    return output


def test_a_killed_run_ends_bit_for_bit_where_the_uninterrupted_one_ends(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    uninterrupted = start(whole)
    for place in (("ae/backup.npz", 2), ("ae/posteriors", 1), ("second/backup.npz", 2)):
        # Inside the first stage, when its codes are about to appear, inside the last.
        assert start(killed, dies_before=place).wait()[0] == -signal.SIGKILL
    output = finished(start(killed))
    assert "ae: done before" in output
    assert "second: going on after epoch 1 of 3" in output
    finished(uninterrupted)
    for stage in ("ae", "vae", "second"):
        one, other = (keras.saving.load_model(run / stage / "model.keras", compile=False) for run in (whole, killed))
        for mine, theirs in zip(one.weights, other.weights):
            np.testing.assert_array_equal(mine.numpy(), theirs.numpy(), err_msg=f"{stage} {mine.path}")
        histories = [json.loads((run / stage / "history.json").read_text()) for run in (whole, killed)]
        assert histories[0] == histories[1]


def test_a_tilde_in_an_option_is_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    words = [
        "train.py",
        "--dataset=folder",
        "--set=data_options.data_dir=~/images",
        "--set",
        "data_options.cache_dir=~",
    ]
    values = train.FLAGS
    values(words)
    try:
        options = _recipe.configuration(values).data_options
    finally:
        values.unparse_flags()
    assert options["data_dir"] == str(tmp_path / "images") and options["cache_dir"] == str(tmp_path)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--dataset=fases"], "unknown data set 'fases'; known: celeb_a, cifar10, curve, faces"),
        (["--preset=vae"], "unknown preset 'vae'; known: affine, celeb_a_ae_vae"),
        (["--image_size=16x"], "--image_size=16x: expected HxW"),
        (["--strategy=fast"], "unknown strategy 'fast'; known: auto, mirrored, multi_worker, single"),
        (["--set=vae.latent_dim=0"], "vae.latent_dim is 0; expected a whole number of at least 1"),
        (
            ["--set=ae.batch_size=1000"],
            "the batch size, 1000, is larger than the 160 training examples; choose a smaller one, for example "
            "--set STAGE.batch_size=128",
        ),
        (["--set=vae.schedule=warm"], "unknown learning-rate schedule 'warm'; known: burda, constant, cosine"),
        (["--image_size=30"], "30x30"),
        (["--set=second.network=mlp"], "unknown network 'mlp'; known: affine"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(flags, message, tmp_path):
    values = train.FLAGS
    values(["train.py", f"--workdir={tmp_path / 'run'}", *SETTINGS, *flags])
    try:
        with pytest.raises(ValueError, match=re.escape(message)):
            train.main(values)
    finally:
        values.unparse_flags()
    assert not (tmp_path / "run").exists()


def test_errors_are_one_message_without_a_stack_trace(tmp_path):
    write_text(tmp_path / "file", "precious")
    for flags, message in (
        (["--dataset=folder", f"--data_dir={tmp_path}"], "error: "),
        ([f"--workdir={tmp_path / 'file'}"], "is a file; --workdir must name a directory"),
    ):
        status, output = start(tmp_path / "run", *flags).wait()
        assert status == 2, output
        assert message in output
        assert "Traceback" not in output
    assert (tmp_path / "file").read_text() == "precious"
