"""The other methods of the gRPC services over a real socket."""

import io
import json
import re
import threading

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.server.calls import AccessLog
from serving.server.slow_clients import SlowClients
from tests.saved_models import export_scale, floats
from tests.served_grpc import CODES, Observations, fails, serving
from tests.served_models import eventually


@pytest.fixture(scope="module")
def observations():
    return Observations()


@pytest.fixture(scope="module")
def client(tmp_path_factory, observations):
    with serving(tmp_path_factory.mktemp("everything"), observations) as client:
        yield client


def test_metadata_shows_all_signatures(client):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "m"
    response = client.prediction.GetModelMetadata(request)
    assert (response.model_spec.name, response.model_spec.version.value) == ("m", 7)
    assert not response.model_spec.signature_name
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert {"__saved_model_init_op", "serving_default", "two"} <= set(signatures.signature_def)
    assert signatures.signature_def["serving_default"].inputs["x"].name == "serving_default_x:0"

    text = "GetModelMetadataRequest must specify at least one metadata_field"
    del request.metadata_field[:]
    fails(lambda: client.prediction.GetModelMetadata(request), CODES.INVALID_ARGUMENT, text)
    request.metadata_field.append("f")
    text = "Metadata field f is not supported"
    fails(lambda: client.prediction.GetModelMetadata(request), CODES.INVALID_ARGUMENT, text)


def test_status(client):
    request = get_model_status_pb2.GetModelStatusRequest()
    fails(lambda: client.model.GetModelStatus(request), CODES.INVALID_ARGUMENT, "Missing ModelSpec")
    request.model_spec.name = "m"
    (row,) = client.model.GetModelStatus(request).model_version_status
    assert (row.version, row.state, row.status.error_code) == (7, 30, 0)
    request.model_spec.version.value = 9
    fails(lambda: client.model.GetModelStatus(request), CODES.NOT_FOUND, "Could not find version 9 of model m")
    request.model_spec.name, text = "", "Could not find version 9 of model "
    fails(lambda: client.model.GetModelStatus(request), CODES.NOT_FOUND, text)
    request.model_spec.ClearField("version")
    request.model_spec.name = "n"
    fails(lambda: client.model.GetModelStatus(request), CODES.NOT_FOUND, "Could not find any versions of model n")


def test_reload_wants_a_list_of_models(client):
    text = (
        "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported"
    )
    request = model_management_pb2.ReloadConfigRequest()
    fails(lambda: client.model.HandleReloadConfigRequest(request), CODES.INVALID_ARGUMENT, text)


def test_health_is_unimplemented_unless_asked_for(client):
    check = client.channel.unary_unary("/grpc.health.v1.Health/Check")
    with pytest.raises(grpc.RpcError) as raised:
        check(b"")
    assert raised.value.code() == CODES.UNIMPLEMENTED


def examples(request, *values):
    request.model_spec.name = "m"
    for value in values:
        example = request.input.example_list.examples.add()
        example.features.feature["x"].float_list.value.append(value)
    return request


def test_classify(client):
    request = examples(classification_pb2.ClassificationRequest(), 1, 2.5)
    request.model_spec.signature_name = "classify"
    response = client.prediction.Classify(request)
    rows = [[(each.label, each.score) for each in row.classes] for row in response.result.classifications]
    assert rows == [[("2.000000", 2), ("no", -2)], [("5.000000", 5), ("no", -5)]]
    assert (response.model_spec.signature_name, response.model_spec.version.value) == ("classify", 7)


def test_regress_with_a_context_for_all_examples(client):
    request = regression_pb2.RegressionRequest()
    request.model_spec.name, request.model_spec.signature_name = "m", "regress"
    listed = request.input.example_list_with_context
    listed.context.features.feature["x"].float_list.value.append(4)
    listed.examples.add()
    listed.examples.add().features.feature["other"].int64_list.value.append(1)
    assert [each.value for each in client.prediction.Regress(request).result.regressions] == [8, 8]


def test_signatures_that_cannot_classify_or_regress(client):
    request = examples(regression_pb2.RegressionRequest(), 1)
    for signature, text in (
        ("two", "Expected one input Tensor."),
        ("text", "Expected one output Tensor."),
        ("classify", "Expected one output Tensor."),
        ("serving_default", "No regression inputs found in SignatureDef: inputs {"),
        ("no", "No signature was found with the name: no"),
    ):
        request.model_spec.signature_name = signature
        with pytest.raises(grpc.RpcError, match=re.escape(text)) as raised:
            client.prediction.Regress(request)
        assert raised.value.code() == CODES.INVALID_ARGUMENT
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name, request.model_spec.signature_name = "m", "classify"
    fails(lambda: client.prediction.Classify(request), CODES.INVALID_ARGUMENT, "Input is empty.")


def test_multi_inference(client):
    request = inference_pb2.MultiInferenceRequest()
    fails(lambda: client.prediction.MultiInference(request), CODES.INVALID_ARGUMENT, "ModelSpec has no name specified.")
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(3)
    for kind in ("classify", "regress"):
        task = request.tasks.add(method_name=f"tensorflow/serving/{kind}")
        task.model_spec.name, task.model_spec.signature_name = "m", kind
    classified, regressed = client.prediction.MultiInference(request).results
    assert classified.classification_result.classifications[0].classes[0].score == 6
    assert regressed.regression_result.regressions[0].value == 6
    assert (regressed.model_spec.signature_name, regressed.model_spec.version.value) == ("regress", 7)

    def refused(code, text):
        fails(lambda: client.prediction.MultiInference(request), code, text)

    request.tasks[1].method_name = "other"
    refused(CODES.UNIMPLEMENTED, "Unsupported signature method_name: other")
    request.tasks[1].model_spec.signature_name = "classify"
    refused(CODES.INVALID_ARGUMENT, "Duplicate evaluation of signature: classify")
    request.tasks[1].model_spec.signature_name = "no"
    refused(CODES.INVALID_ARGUMENT, "Requested signature not found in model graph: no")
    for name in ("n", ""):
        request.tasks[1].model_spec.name = name
        text = "All ModelSpecs in a MultiInferenceRequest must access the same model name."
        refused(CODES.INVALID_ARGUMENT, text)


def test_requests_are_observed(client, observations):
    observations.clear()
    client.predict(x=floats(1, 2, shape=[1, 2]))
    with pytest.raises(grpc.RpcError):
        client.predict(model="n")
    assert observations == [("m", "Predict", "GRPC", CODES.OK), ("n", "Predict", "GRPC", CODES.NOT_FOUND)]


def test_health_where_asked_for(tmp_path):
    with serving(tmp_path, with_health=True) as client:
        check = health_pb2_grpc.HealthStub(client.channel).Check
        for service in ("", "PredictionService", "ModelService"):
            assert (
                check(health_pb2.HealthCheckRequest(service=service)).status == health_pb2.HealthCheckResponse.SERVING
            )
        with pytest.raises(grpc.RpcError) as raised:
            check(health_pb2.HealthCheckRequest(service="other"))
        assert raised.value.code() == CODES.NOT_FOUND


def test_reload_over_the_wire(tmp_path):
    with serving(tmp_path / "m") as client:
        export_scale(tmp_path / "n", 1, 3)
        request = model_management_pb2.ReloadConfigRequest(metric_names=["what"])
        for name in ("m", "n"):
            path, platform = str(tmp_path / name), "tensorflow"
            request.config.model_config_list.config.add(name=name, base_path=path, model_platform=platform)
        response = client.model.HandleReloadConfigRequest(request, timeout=30)
        assert response.status.error_code == 0
        assert [metric.name for metric in response.metric] == ["what"]
        y = client.predict(model="n", x=floats(1, 2, shape=[1, 2])).outputs["y"]
        np.testing.assert_array_equal(y.float_val, [3, 6])
        (tmp_path / "empty").mkdir()
        request.config.model_config_list.config.add(
            name="e", base_path=str(tmp_path / "empty"), model_platform=platform
        )
        text = f"No versions of servable e found under base path {tmp_path / 'empty'}"
        text = f"1 model(s) did not become available: {{{{{{name: e}} due to error: NOT_FOUND: {text}}}, }}"
        fails(lambda: client.model.HandleReloadConfigRequest(request, timeout=30), CODES.UNKNOWN, text)


def test_health_follows_the_models_and_draining(tmp_path):
    with serving(tmp_path / "m", with_health=True) as client:
        health = health_pb2_grpc.HealthStub(client.channel)

        def status(service):
            return health_pb2.HealthCheckResponse.ServingStatus.Name(
                health.Check(health_pb2.HealthCheckRequest(service=service), timeout=20).status
            )

        assert (status(""), status("m")) == ("SERVING", "SERVING")
        request = model_management_pb2.ReloadConfigRequest()
        for name, path in (("m", tmp_path / "m"), ("n", tmp_path / "none")):
            request.config.model_config_list.config.add(name=name, base_path=str(path), model_platform="tensorflow")
        with pytest.raises(grpc.RpcError):
            client.model.HandleReloadConfigRequest(request, timeout=30)
        assert (status(""), status("m"), status("n")) == ("NOT_SERVING", "SERVING", "NOT_SERVING")
        del request.config.model_config_list.config[:]
        client.model.HandleReloadConfigRequest(request, timeout=30)
        assert (status(""), status("m"), status("n")) == ("NOT_SERVING", "SERVICE_UNKNOWN", "SERVICE_UNKNOWN")


def test_reflection_tells_the_services(tmp_path):
    with serving(tmp_path, with_health=True, with_reflection=True) as client:
        stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
        asks = [
            reflection_pb2.ServerReflectionRequest(list_services=""),
            reflection_pb2.ServerReflectionRequest(file_containing_symbol="tensorflow.serving.PredictionService"),
        ]
        listed, described = stub.ServerReflectionInfo(iter(asks), timeout=20)
    names = {service.name for service in listed.list_services_response.service}
    assert names >= {f"tensorflow.serving.{each}" for each in ("PredictionService", "ModelService")}
    assert "grpc.health.v1.Health" in names
    assert described.file_descriptor_response.file_descriptor_proto


def test_reflection_is_off_unless_asked_for(client):
    stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
    with pytest.raises(grpc.RpcError) as raised:
        list(stub.ServerReflectionInfo(iter([]), timeout=20))
    assert raised.value.code() == CODES.UNIMPLEMENTED


def test_calls_that_say_nothing_hold_no_thread_for_long(tmp_path):
    options = {"with_health": True, "with_reflection": True, "slow_clients": SlowClients(1)}
    with serving(tmp_path, **options) as client:
        calls = ("serving.PredictionService/Predict", "serving.ModelService/GetModelStatus")
        paths = [f"/tensorflow.{path}" for path in calls] + [
            f"/grpc.health.v1.Health/{name}" for name in ("Check", "Watch")
        ]
        paths.append("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        said, silent = threading.Event(), []
        for path in paths:
            silent += [client.channel.stream_stream(path)(saying_nothing(said)) for _ in range(12)]
        client.predict(x=floats(1, 2, shape=[1, 2]))
        check = health_pb2_grpc.HealthStub(client.channel).Check
        assert check(health_pb2.HealthCheckRequest(), timeout=20).status == health_pb2.HealthCheckResponse.SERVING
        watched = next(health_pb2_grpc.HealthStub(client.channel).Watch(health_pb2.HealthCheckRequest(), timeout=20))
        assert watched.status == health_pb2.HealthCheckResponse.SERVING
        for call in silent:
            call.cancel()
        said.set()


def saying_nothing(said):
    """The messages of a client that opens a call and sends none."""
    said.wait(60)
    yield from ()


def test_requests_have_ids_and_a_line_in_the_log(tmp_path):
    log = io.StringIO()
    with serving(tmp_path, access_log=AccessLog(log)) as client:
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "m"
        request.inputs["x"].CopyFrom(floats(1, 2, shape=[1, 2]))
        _, answered = client.prediction.Predict.with_call(request, metadata=[("x-request-id", "abc-1")])
        assert dict(answered.trailing_metadata())["x-request-id"] == "abc-1"
        request.model_spec.name = "n"
        with pytest.raises(grpc.RpcError) as raised:
            client.prediction.Predict(request)
        eventually(lambda: log.getvalue().count("\n") == 2)
        sound, missing = map(json.loads, log.getvalue().splitlines())
        assert dict(raised.value.trailing_metadata())["x-request-id"] == missing["request_id"] != "abc-1"
    assert (sound["request_id"], sound["model"], sound["status"], sound["method"]) == ("abc-1", "m", "OK", "GRPC")
    assert sound["path"] == "/tensorflow.serving.PredictionService/Predict" and sound["bytes_received"] > 0
    assert (missing["model"], missing["status"], missing["bytes_sent"]) == ("n", "NOT_FOUND", 0)
