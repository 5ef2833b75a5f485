"""Wrong names: whatever is named, in whichever case, the answer suggests the nearest that there is."""

import re

import numpy as np
import pytest

import keras_vae as kv
from experiments.common import runner
from keras_vae import plugins
from keras_vae.adopted import loading
from keras_vae.models import DecoderVariance, PenalizedAutoencoder
from keras_vae.training import building, schedules, strategy
from tests import tiny

CODES = np.zeros((4, 2), np.float32)
STACK = tiny.CONFIG


def overridden(assignment):
    return kv.config.override(STACK, [assignment])


WRONG = {
    "data set": (lambda: kv.data.load("MNIST", "train"), "'mnist'"),
    "option of a data set": (lambda: kv.data.load("faces", "train", Count=3), "'count'"),
    "preset": (lambda: plugins.find("keras_vae.presets", "Faces_VAE_Plus", "preset"), "'faces_vae_plus'"),
    "part": (lambda: kv.evaluate("nowhere", ["SWD"]), "'swd'"),
    "features": (lambda: kv.metrics.features.find("Pixel"), "'pixels'"),
    "option of features": (lambda: kv.metrics.features.load("classifier", data_set="mnist"), "'dataset'"),
    "stage": (lambda: STACK.settings("AE"), "'ae'"),
    "stage of a stack": (lambda: kv.Stack([tiny.vae()]).stage("VAE"), "'vae'"),
    "network": (lambda: building.find_network("ResNet"), "'resnet'"),
    "model": (lambda: building.find_model("GaussianVAE"), "'gaussian_vae'"),
    "schedule": (lambda: schedules.LearningRate(1.0, "cosin", 1), "'cosine'"),
    "gamma": (lambda: DecoderVariance("learn"), "'learned'"),
    "error space": (lambda: tiny.vae(error_space="pixel"), "'pixels'"),
    "penalty": (lambda: PenalizedAutoencoder(*tiny.networks(stochastic=False), g="Log"), "'log'"),
    "kernel": (lambda: kv.metrics.mmd(CODES, CODES, kernel="IMQ"), "'imq'"),
    "strategy": (lambda: strategy.resolve("Mirror"), "'mirrored'"),
    "strategy of a stage": (lambda: overridden("vae.strategy=singel"), "'single'"),
    "precision": (lambda: building.policy("mixed_bfloat").__enter__(), "'mixed_bfloat16'"),
    "spread": (lambda: kv.GaussianVAE(*tiny.halves(), spread="log_var"), "'log_variance'"),
    "spread of a file": (lambda: loading.load("x.keras", spread="std_dev"), "'stddev'"),
    "assignment": (lambda: overridden("VAE.epochs=3"), "'vae'"),
    "experiment": (lambda: runner.find("RB_Table1"), "'rb_table1'"),
    "setting of a second stage": (lambda: kv.second_stage(lambda x: x, CODES.repeat(16, 0), epoch=3), "'epochs'"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_name_is_answered_with_the_nearest(kind):
    call, nearest = WRONG[kind]
    with pytest.raises(ValueError, match=rf"did you mean {re.escape(nearest)}\?$"):
        call()


def test_a_name_that_is_far_from_all_is_answered_with_all():
    with pytest.raises(ValueError, match="^unknown preset 'zzz'; known: affine, .*two_stage_vae$"):
        plugins.find("keras_vae.presets", "zzz", "preset")
    with pytest.raises(ValueError, match="^unknown kernel None; known: imq, rbf$"):
        kv.metrics.mmd(CODES, CODES, kernel=None)


@pytest.mark.parametrize("precision", ["float64", "float16", "bfloat16", "int8"])
def test_a_precision_that_layers_do_not_take_is_refused(precision, tmp_path):
    """Keras knows it; a network with BatchNorm failed at its first step, when the run was there."""
    config = kv.config.override(STACK, [f"precision={precision}"])
    with pytest.raises(ValueError, match="^unknown precision .*; known: float32, mixed_bfloat16, mixed_float16"):
        kv.train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
