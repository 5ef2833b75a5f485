"""Section 7's methodology on made-up stacks, and on points of a subspace."""

import functools
import importlib
import sys

import numpy as np
import pytest
from PIL import Image

import keras_vae as kv
from keras_vae import cli
from keras_vae.config import Config, StageConfig

NUMBERS = {"epochs": 1, "batch_size": 20, "learning_rate": 1e-3}
VAE = StageConfig("vae", "gaussian_vae", "affine", 3, **NUMBERS)
CONFIG = Config("subspace", (VAE, StageConfig("second", "gaussian_vae", "affine", 3, **NUMBERS)))


class Posterior:
    """A stack with `rank` dimensions in use, for which the law fails where lambda is below `least`."""

    def __init__(self, config, rank, least):
        (stage,) = config.stages
        beta, self.latent_dim = stage.model_options["beta"], stage.latent_dim
        self.used, self.scale = np.arange(self.latent_dim) < rank, 1.0 if beta >= least else 2.0

    def encode(self, points):
        signs = np.where(np.arange(len(points)) % 2, 1.0, -1.0)[:, None]
        mean = self.scale * self.used * signs
        return mean, np.broadcast_to(np.where(self.used, 1e-3, 1.0), mean.shape)

    def decode(self, codes):
        return np.zeros((len(codes), 20), np.float32)


def test_kappa_grows_until_sparsity_and_lambda_falls_while_the_law_holds(tmp_path):
    asked = []

    def train(config, workdir):
        asked.append(workdir.name)
        return Posterior(config, rank=3, least=0.5)

    found = kv.find_balance(CONFIG, tmp_path, (1, 2, 4, 8), (1.0, 0.5, 0.25, 0.125), train)
    assert (found.latent_dim, found.beta) == (4, 0.5)
    assert asked == [
        f"kappa-{name}" for name in ("1-lambda-1", "2-lambda-1", "4-lambda-1", "4-lambda-0.5", "4-lambda-0.25")
    ]
    assert [trial.active for trial in found.trials] == [1, 2, 3, 3, 3]
    (stage,) = found.config.stages
    assert stage.latent_dim == 4 and stage.model_options == {"beta": 0.5}
    assert "law fails" in str(found) and str(found).endswith("kappa = 4, lambda = 0.5")


def test_what_is_not_found_is_none(tmp_path):
    found = kv.find_balance(CONFIG, tmp_path, (1, 2), (1.0, 0.5), lambda config, _: Posterior(config, 9, least=2.0))
    assert (found.latent_dim, found.beta) == (None, None)
    assert [trial.latent_dim for trial in found.trials] == [1, 2]


def test_a_trained_subspace_has_its_rank(tmp_path):
    """Of four dimensions for points of rank 2 two stay unused, and the law holds."""
    fast = {"epochs": 6, "batch_size": 50, "learning_rate": 2e-2, "schedule": "cosine"}
    vae = StageConfig("vae", "gaussian_vae", "affine", 3, gamma={"mode": "fixed", "initial": 0.1}, **fast)
    data = {"dimension": 6, "rank": 2, "count": 25_000}
    found = kv.find_balance(Config("subspace", (vae,), data), tmp_path, (4,), (1.0,))
    assert (found.latent_dim, found.beta) == (4, 1.0)
    assert [trial.active for trial in found.trials] == [2]


def test_mistakes_are_told(tmp_path):
    with pytest.raises(ValueError, match="latent_dims is .* expected rising"):
        kv.find_balance(CONFIG, tmp_path, latent_dims=(4, 2))
    with pytest.raises(ValueError, match="betas is .* expected falling"):
        kv.find_balance(CONFIG, tmp_path, betas=(0.5, 1.0))
    deterministic = Config("subspace", (StageConfig("ae", "autoencoder", "affine", 3, **NUMBERS),))
    with pytest.raises(ValueError, match="no gaussian_vae stage to tune; its models are: autoencoder"):
        kv.find_balance(deterministic, tmp_path)
    with pytest.raises(ValueError, match="train is 3; expected a function of a Config and a directory"):
        kv.find_balance(CONFIG, tmp_path, train=3)


def test_a_kappa_that_cannot_be_built_is_told_before_the_first_is_trained(tmp_path):
    """The codes of strided_conv are maps, here of 4x6 places."""
    vae = StageConfig("vae", "gaussian_vae", "strided_conv", 24, network_options={"width": 0.1}, **NUMBERS)
    faces, asked = Config("faces", (vae,), {"image_size": [16, 24], "count": 40}), []
    with pytest.raises(ValueError, match="latent_dim must be a multiple of 24, got 25"):
        kv.find_balance(faces, tmp_path / "search", (24, 25), train=lambda config, workdir: asked.append(workdir))
    assert not asked and not (tmp_path / "search").exists()


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty and holds no trials; choose another --workdir"):
        kv.find_balance(CONFIG, tmp_path)
    with pytest.raises(ValueError, match="notes.txt, a file; expected a directory"):
        kv.find_balance(CONFIG, tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_command_says_what_to_train_next_and_draws(tmp_path, monkeypatch, capsys):
    """keras-vae balance, with stacks that are made up instead of trained."""
    search = importlib.import_module("keras_vae.training.find_balance")
    monkeypatch.setattr(sys, "argv", ["keras-vae"])
    workdir, words = tmp_path / "found", ["--dataset=subspace", "--latent_dims=2,4", "--betas=1,0.5,0.25"]
    for least, last in ((0.5, "--set=vae.model_options.beta=0.5"), (2.0, "the same command with longer training")):
        made_up = functools.partial(
            search.find_balance, train=lambda config, _, least=least: Posterior(config, 3, least)
        )
        monkeypatch.setitem(vars(kv), "find_balance", made_up)
        with pytest.raises(SystemExit) as stop:
            cli.command("balance", [*words, f"--workdir={workdir}"])
        told = capsys.readouterr().out
        assert stop.value.code == 0 and f": {workdir / 'balance.png'}" in told and last in told
        with Image.open(workdir / "balance.png") as picture:
            assert picture.width > 800
        assert "kappa = 4" in (workdir / "balance.txt").read_text()
    for wrong in ("--latent_dims=4,x", "--latent_dims=4,2", "--betas=0"):
        with pytest.raises(SystemExit) as stop:
            cli.command("balance", [*words, f"--workdir={workdir}", wrong])
        assert stop.value.code == 2
