"""Files of version 0.1 still work: a run, an unfinished run and an export, with the answers that they gave then.

The archive has run/ and unfinished/ (the same configuration, killed in its last stage), export/1 of the run, and
answers.npz. Other processors round otherwise, so numbers agree to 1e-4, or 1e-5 of an image's range.
"""

import pathlib
import shutil
import tarfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.maths.arrays import unit
from keras_vae.runs import RunDirectory
from serving.server.servable import Servable

ARCHIVE = pathlib.Path(__file__).parent / "written_before" / "version_0_1.tar.xz"
STAGES = ("ae", "vae", "second")


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The unpacked archive; tests must not change it."""
    folder = tmp_path_factory.mktemp("written_before")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def answers(before):
    with np.load(before / "answers.npz") as stored:
        return dict(stored)


def agree(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def same_weights(one, other):
    assert [weight.path for weight in one.weights] == [weight.path for weight in other.weights]
    for mine, theirs in zip(one.weights, other.weights):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-5, err_msg=mine.path)


def test_an_old_run_answers_as_it_did(before, answers):
    stack, images = kv.load(before / "run"), answers["images"]
    assert tuple(stack.stages) == STAGES and stack.inference_stage == "vae"
    mean, stddev = stack.encode(images)
    agree(mean, answers["mean"])
    agree(stddev, answers["stddev"])
    agree(stack.encode(images, stage="second")[0], answers["second_mean"])
    agree(stack.decode(answers["mean"]), answers["decoded"])
    agree(stack.sample(4, seed=7), answers["sample"])
    agree(stack.sample(4, seed=7, stage="vae"), answers["first"])
    score = stack.score(images)
    for name in ("elbo", "reconstruction", "kl"):
        agree(score[name], answers[name])


@pytest.mark.parametrize("stage", STAGES)
def test_an_old_stage_file_loads_by_keras_alone(before, stage):
    loaded = keras.saving.load_model(before / "run" / stage / "model.keras", compile=False)
    same_weights(loaded, kv.load(before / "run").stage(stage))


def test_an_old_run_is_done(before, tmp_path, capfd):
    """Its own configuration is not another one, and nothing is trained again."""
    shutil.copytree(before / "run", tmp_path / "run")
    kv.train(RunDirectory(before / "run").config(), tmp_path / "run")
    assert capfd.readouterr().err.count("done before") == 3


def test_an_old_unfinished_run_ends_where_the_uninterrupted_one_ended(before, tmp_path, capfd):
    shutil.copytree(before / "unfinished", tmp_path / "run")
    config = RunDirectory(before / "unfinished").config()
    stack = kv.train(config, tmp_path / "run")
    assert "second: going on after epoch 1 of 2" in capfd.readouterr().err
    same_weights(stack.stage("second"), kv.load(before / "run").stage("second"))


def test_an_old_export_answers_in_tensorflow(before, answers):
    loaded = tf.saved_model.load(str(before / "export" / "1"))
    call = loaded.signatures
    agree(call["encode"](images=tf.constant(unit(answers["images"])))["mean"], answers["mean"])
    agree(call["encode_uint8"](images=tf.constant(answers["images"]))["stddev"], answers["stddev"])
    score = call["score_uint8"](images=tf.constant(answers["images"]))
    for name in ("elbo", "reconstruction", "kl"):
        agree(score[name], answers[name])
    decode = call["decode"]
    (argument,) = decode.structured_input_signature[1]
    agree(decode(**{argument: tf.constant(answers["mean"])})["images"], answers["decoded"])


def test_an_old_export_is_served(before, answers):
    servable = Servable("m", 1, str(before / "export" / "1"))
    try:
        for name, images in (("encode", unit(answers["images"])), ("encode_uint8", answers["images"])):
            signature = servable.signatures[name]
            outputs = [signature.outputs[key].name for key in ("mean", "stddev")]
            mean, stddev = servable.run({signature.inputs["images"].name: images}, outputs)
            agree(mean, answers["mean"])
            agree(stddev, answers["stddev"])
        signature = servable.signatures["decode"]
        (code,) = signature.inputs.values()
        (images,) = servable.run({code.name: answers["mean"]}, [signature.outputs["images"].name])
        agree(images, answers["decoded"])
    finally:
        servable.close()
