"""Loading real SavedModels: good ones, broken ones, and their warm-up."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.server.errors import ServingError
from serving.server.servable import Servable
from serving.server.warm_up import MAX_RECORDS, warm_up
from tests.saved_models import export_everything, export_scale, floats, write_warm_up
from tests.served_models import CODES, config, refuses, settle, starting, version_used


@pytest.fixture
def start():
    with starting() as start:
        yield start


def outputs(servable, x):
    signature = servable.signatures["serving_default"]
    return servable.run({signature.inputs["x"].name: x}, [signature.outputs["y"].name])[0]


def load_warm(name, version, path):
    servable = Servable(name, version, path)
    warm_up(servable, path)
    return servable


def test_versions_of_a_real_model(tmp_path, start):
    export_scale(tmp_path, 1, 3)
    models = start(config(("m", tmp_path)), load_warm)
    staged = export_scale(tmp_path / ".staging", 2, 5)
    models.poll()
    x = np.array([[1, 2]], np.float32)
    with models.use("m") as old:
        np.testing.assert_array_equal(outputs(old, x), [[3, 6]])
        staged.rename(tmp_path / "2")
        settle(models, {2: "AVAILABLE", 1: "UNLOADING"})
        np.testing.assert_array_equal(outputs(old, x), [[3, 6]])
    with models.use("m") as new:
        np.testing.assert_array_equal(outputs(new, x), [[5, 10]])


def spoil_nothing(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def spoil_graph(folder):
    (folder / "saved_model.pb").write_bytes(b"\xff" * 100)


def spoil_variables(folder):
    (data,) = (folder / "variables").glob("variables.data*")
    data.write_bytes(data.read_bytes()[:2])


def spoil_index(folder):
    (folder / "variables" / "variables.index").write_bytes(b"")


def spoil_folder(folder):
    shutil.rmtree(folder)
    folder.write_text("not a folder")


def spoil_warm_up(folder):
    write_warm_up(folder)
    (folder / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"x" * 50)


def spoil_variables_behind_warm_up(folder):
    write_warm_up(folder, warm_up_log())
    shutil.rmtree(folder / "variables")


def warm_up_log(signature="", alias="x"):
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.signature_name = signature
    log.predict_log.request.inputs[alias].CopyFrom(floats(1, 2, shape=[1, 2]))
    return log


@pytest.mark.parametrize(
    ("spoil", "code", "text"),
    [
        (spoil_nothing, "NOT_FOUND", "does not appear to contain a SavedModel bundle"),
        (spoil_graph, "DATA_LOSS", "as binary proto"),
        (spoil_variables, None, ""),
        (spoil_index, None, ""),
        (spoil_folder, "NOT_FOUND", "does not appear to contain a SavedModel bundle"),
        (spoil_warm_up, "DATA_LOSS", "Please verify your warmup data is in TFRecord format."),
        (spoil_variables_behind_warm_up, "FAILED_PRECONDITION", ""),
        (lambda folder: write_warm_up(folder, warm_up_log("no")), "FAILED_PRECONDITION", '"no" not found'),
        (lambda folder: write_warm_up(folder, warm_up_log(alias="z")), "INVALID_ARGUMENT", "alias: x"),
    ],
)
def test_corrupt_versions(tmp_path, start, spoil, code, text):
    export_scale(tmp_path, 1, 3)
    models = start(config(("m", tmp_path)), load_warm)
    folder = export_scale(tmp_path, 2, 5)
    spoil(folder)
    settle(models, {2: "END", 1: "AVAILABLE"})
    status = models.status("m", 2)[0]
    assert status.code == code or (code is None and status.code != "OK")
    assert text in status.message
    assert version_used(models) == 1


def test_variables_that_are_missing_are_found_out_by_requests(tmp_path):
    folder = export_scale(tmp_path, 1, 3)
    shutil.rmtree(folder / "variables")
    servable = Servable("m", 1, str(folder))
    with pytest.raises(ServingError) as raised:
        outputs(servable, np.ones([1, 2], np.float32))
    assert raised.value.code == CODES.FAILED_PRECONDITION


def test_tags_must_be_there(tmp_path):
    folder = export_scale(tmp_path, 1, 3)
    text = (
        "Could not find meta graph def matching supplied tags: { gpu serve }. To inspect available tag-sets in the "
        "SavedModel, please use the SavedModel CLI: `saved_model_cli`"
    )
    refuses(lambda: Servable("m", 1, str(folder), ["gpu", "serve"]), CODES.NOT_FOUND, text)


def test_warm_up_replays_every_kind(tmp_path):
    folder = export_everything(tmp_path, 1)
    logs = [warm_up_log(), prediction_log_pb2.PredictionLog()]
    for kind in ("classify", "regress"):
        log = prediction_log_pb2.PredictionLog()
        request = getattr(log, f"{kind}_log").request
        request.model_spec.signature_name = kind
        request.input.example_list.examples.add().features.feature["x"].float_list.value.append(1)
        logs.append(log)
    write_warm_up(folder, *logs)
    runs = []
    servable = Servable("m", 1, str(folder))
    run, servable.run = servable.run, lambda *arguments: runs.append(arguments) or run(*arguments)
    warm_up(servable, str(folder), iterations=2)
    assert len(runs) == 6


def test_warm_up_has_limits(tmp_path):
    folder = export_scale(tmp_path, 1, 3)
    servable = Servable("m", 1, str(folder))
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    write_warm_up(folder, *[prediction_log_pb2.PredictionLog()] * (MAX_RECORDS + 1))
    text = f"Number of warmup records exceeds the maximum (1000) at {file}"
    refuses(lambda: warm_up(servable, str(folder)), CODES.INVALID_ARGUMENT, text)
    log = prediction_log_pb2.PredictionLog()
    log.session_run_log.SetInParent()
    write_warm_up(folder, log)
    refuses(lambda: warm_up(servable, str(folder)), CODES.UNIMPLEMENTED, "Unsupported log_type for warmup: 5")
    with tf.io.TFRecordWriter(str(file)) as writer:
        writer.write(b"\xff\xff")
    with pytest.raises(ServingError, match="Failed to parse warmup record") as raised:
        warm_up(servable, str(folder))
    assert raised.value.code == CODES.INVALID_ARGUMENT
