"""Loading real SavedModels: good ones, broken ones, and their warm-up."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.server import config_protos, versions
from serving.server import models as models_module
from serving.server.batching import Merger, Parameters, Workers
from serving.server.errors import ServingError
from serving.server.servable import Servable
from serving.server.warm_up import MAX_RECORDS, warm_up
from tests.saved_models import export_everything, export_scale, floats, write_warm_up
from tests.served_models import CODES, config, refuses, settle, starting, states, statuses, version_used


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
    data.write_bytes(bytes(data.stat().st_size))


def spoil_folder(folder):
    shutil.rmtree(folder)
    folder.write_text("not a folder")


def spoil_warm_up(folder):
    write_warm_up(folder)
    (folder / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"x" * 50)


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
        (spoil_variables, "DATA_LOSS", ""),
        (spoil_folder, "NOT_FOUND", "does not appear to contain a SavedModel bundle"),
        (spoil_warm_up, "DATA_LOSS", "cannot be read as TFRecords: "),
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
    (_, _, found, message), *_ = statuses(models, version=2)
    assert found == code
    assert text in message
    assert version_used(models) == 1


@pytest.mark.parametrize("late", ["variables", "variables/variables.index", "variables/variables.data-00000-of-00001"])
def test_a_half_copied_version_waits_until_it_is_whole(tmp_path, start, late, monkeypatch):
    monkeypatch.setattr(models_module, "INCOMPLETE_WAIT_S", 0)
    export_scale(tmp_path / "m", 1, 3)
    models = start(config(("m", tmp_path / "m")), load_warm)
    whole = export_scale(tmp_path / "staged", 2, 5)
    (whole / late).rename(tmp_path / "late")
    whole.rename(tmp_path / "m" / "2")
    settle(models, {2: "LOADING", 1: "AVAILABLE"})
    x = np.array([[1, 2]], np.float32)
    for _ in range(20):
        with models.use("m") as servable:
            np.testing.assert_array_equal(outputs(servable, x), [[3, 6]])
    assert states(models) == {2: "LOADING", 1: "AVAILABLE"}
    (tmp_path / "late").rename(tmp_path / "m" / "2" / late)
    settle(models, {2: "AVAILABLE", 1: "END"})
    with models.use("m") as servable:
        np.testing.assert_array_equal(outputs(servable, x), [[5, 10]])


@pytest.mark.parametrize("spoil", [spoil_graph, spoil_variables, lambda folder: (folder / "saved_model.pb").unlink()])
def test_a_version_that_failed_is_tried_again_when_its_folder_changes(tmp_path, start, spoil):
    whole = export_scale(tmp_path / "staged", 2, 5)
    export_scale(tmp_path / "m", 1, 3)
    models = start(config(("m", tmp_path / "m")), load_warm)
    folder = tmp_path / "m" / "2"
    shutil.copytree(whole, folder)
    spoil(folder)
    settle(models, {2: "END", 1: "AVAILABLE"})
    shutil.copytree(whole, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    settle(models, {2: "AVAILABLE", 1: "END"})
    assert version_used(models) == 2


def cut(file):
    file.write_bytes(file.read_bytes()[:2])


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda folder: shutil.rmtree(folder), "lacks the index or the data"),
        (lambda folder: cut(folder / "variables.index"), "variables.index cannot be read"),
        (lambda folder: cut(folder / "variables.data-00000-of-00001"), "holds 2 bytes of data"),
        (
            lambda folder: (folder / "variables.data-00000-of-00001").rename(folder / "variables.data-00000-of-00002"),
            "1 of 2 shards",
        ),
    ],
)
def test_variables_that_are_missing_are_named(tmp_path, spoil, text):
    folder = export_scale(tmp_path, 1, 3)
    spoil(folder / "variables")
    with pytest.raises(versions.IncompleteError, match=text):
        Servable("m", 1, str(folder))


def test_a_model_without_variables_needs_no_files_of_them(tmp_path):
    module = tf.Module()
    module.double = tf.function(lambda x: {"y": 2 * x}, input_signature=[tf.TensorSpec([None, 2], tf.float32, "x")])
    tf.saved_model.save(module, str(tmp_path / "1"), signatures=module.double)
    shutil.rmtree(tmp_path / "1" / "variables")
    np.testing.assert_array_equal(outputs(Servable("m", 1, str(tmp_path / "1")), np.ones([1, 2], np.float32)), [[2, 2]])


def test_tags_must_be_there(tmp_path):
    folder = export_scale(tmp_path, 1, 3)
    with pytest.raises(
        ServingError, match=r"tags 'gpu', 'serve' could not be found .* available tags '\[{'serve'}\]'"
    ) as raised:
        Servable("m", 1, str(folder), ["gpu", "serve"])
    assert raised.value.code == CODES.NOT_FOUND


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


def test_warm_up_covers_the_largest_batch(tmp_path):
    folder = export_everything(tmp_path, 1)
    write_warm_up(folder, warm_up_log(), warm_up_log())
    parameters = Parameters(config_protos.BatchingParameters(max_batch_size={"value": 16}))
    servable = Servable("m", 1, str(folder), merger=Merger(parameters, Workers(1)))
    sizes = []
    run, servable.run = servable.run, lambda feeds, *rest: sizes.append(len(*feeds.values())) or run(feeds, *rest)
    warm_up(servable, str(folder))
    assert sizes == [1, 16, 1]


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
    refuses(
        lambda: warm_up(servable, str(folder)), CODES.UNIMPLEMENTED, "Unsupported log_type for warmup: session_run_log"
    )
    with tf.io.TFRecordWriter(str(file)) as writer:
        writer.write(b"\xff\xff")
    with pytest.raises(ServingError, match="Failed to parse warmup record") as raised:
        warm_up(servable, str(folder))
    assert raised.value.code == CODES.INVALID_ARGUMENT
