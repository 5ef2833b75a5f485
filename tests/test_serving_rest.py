"""The REST API on models that are plain functions: paths, bodies, codes and texts."""

import base64
import json

import pytest

from serving.server.calls import Call
from serving.server.monitoring import Monitoring
from serving.server.rest import Rest
from tests.fake_models import FUNCTIONS, fake_models


@pytest.fixture(scope="module")
def models():
    return fake_models()


@pytest.fixture
def ask(models):
    """ask(method, path, body) -> (status, body)"""
    rest = Rest(models, Monitoring())
    return lambda method, path, body="": rest.answer(method, path, body.encode())


def error(answer):
    return answer[0], json.loads(answer[1])["error"]


def test_predict_by_rows_and_by_columns(ask):
    assert ask("POST", "/v1/models/m:predict", '{"instances": [1, 2.5]}') == (
        200,
        b'{"predictions": [2.0, 5.0]}\n',
    )
    status, body = ask("POST", "/v1/models/m:predict", '{"inputs": [[1, 2]]}')
    assert (status, json.loads(body)) == (200, {"outputs": [[2, 4]]})
    rows = '{"signature_name": "two", "instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}'
    status, body = ask("POST", "/v1/models/m/versions/2:predict", rows)
    encoded = [{"b64": base64.b64encode(text).decode()} for text in (b"2", b"4")]
    expected = [{"sum": total, "b_bytes": text} for total, text in zip((3, 7), encoded)]
    assert (status, json.loads(body)) == (200, {"predictions": expected})


def test_names_in_urls(ask):
    body = '{"instances": [1]}'
    for where in ("m", "%6d", "m/versions/12", "m/versions/0012", "m/labels/stable", "m/labels/%73table"):
        assert ask("POST", f"/v1/models/{where}:predict", body)[0] == 200
    assert ask("POST", "/V1/Models/m:predict", body)[0] == 200
    assert error(ask("POST", "/v1/models/n:predict", body)) == (404, "Servable not found for request: Latest(n)")
    missing = error(ask("POST", "/v1/models/m/versions/9:predict", body))
    assert missing == (404, "Servable not found for request: Specific(m, 9)")
    unknown = error(ask("POST", "/v1/models/m/labels/l:predict", body))
    assert unknown == (400, "Unrecognized servable version label: l")
    for number in ("9223372036854775808", "1" + "0" * 5000):
        assert ask("POST", f"/v1/models/m/versions/{number}:predict", body) == (400, b"")
        assert ask("GET", f"/v1/models/m/versions/{number}") == (400, b"")


MALFORMED = [
    ("POST", "/v1/models/m:predict?x=1"),
    ("POST", "/v1/models/m:PREDICT"),
    ("POST", "/v1/models/m:multiply"),
    ("POST", "/v1/models/m"),
    ("POST", "/v1/models/m/versions/x:predict"),
    ("POST", "/v1/models//m:predict"),
    ("POST", "/v1/"),
    ("GET", "/v1/models/m:predict"),
    ("GET", "/v1/models/m/"),
    ("GET", "/v1/models/m/versions"),
    ("GET", "/v1/nothing"),
    ("PUT", "/v1/models/m:predict"),
    ("DELETE", "/v1/models/m"),
    ("PATCH", "/v1/models/m"),
]


@pytest.mark.parametrize(("method", "path"), MALFORMED)
def test_malformed_requests(ask, method, path):
    assert error(ask(method, path, '{"instances": [1]}')) == (400, f"Malformed request: {method} {path}")


def test_errors_of_predict_in_their_order(ask):
    def predict(body, model="m"):
        return error(ask("POST", f"/v1/models/{model}:predict", body))

    assert predict("", "unknown") == (400, "JSON Parse error: at offset 0: The document is empty.")
    assert predict('{"signature_name": 1}', "unknown")[1] == "'signature_name' key must be a string value, got 1"
    assert predict("{}", "unknown")[0] == 404
    assert predict('{"signature_name": "s"}') == (400, 'Serving signature name: "s" not found in signature def')
    init = "__saved_model_init_op"
    assert predict(f'{{"signature_name": "{init}"}}') == (400, "The signature has no inputs")
    assert predict("{}") == (400, "Missing 'inputs' or 'instances' key")
    assert predict('{"signature_name": "", "instances": []}')[1].endswith("must be a list of rows, one or more, got []")


def test_errors_of_a_run_keep_their_codes(ask):
    def predict(signature, alias):
        return error(
            ask("POST", "/v1/models/m:predict", json.dumps({"signature_name": signature, "inputs": {alias: 1}}))
        )

    assert predict("slow", "s") == (504, "Timed out waiting for notification")
    assert predict("full", "f") == (503, "The batch scheduling queue is full")
    assert predict("broken", "k")[0] == 500


def test_the_time_that_is_left_reaches_the_run_and_none_is_no_run(models):
    with models.use("m") as servable:
        rest, path, body = Rest(models, Monitoring()), "/v1/models/m:predict", b'{"inputs": 1}'
        rest.answer("POST", path, body, Call(1500))
        assert 0 < servable.timeouts[-1] <= 1500
        runs, late = len(servable.timeouts), Call(1500)
        late.deadline = late.arrival
        assert error(rest.answer("POST", path, body, late)) == (504, "The time of the request was over before its run")
        gone = Call()
        gone.cancelled = True
        assert error(rest.answer("POST", path, body, gone)) == (499, "The client has gone away")
        assert len(servable.timeouts) == runs


def test_status_and_metadata(ask):
    status, body = ask("GET", "/v1/models/m/labels/anything")
    states = [
        {"version": each, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        for each in ("12", "2")
    ]
    assert (status, json.loads(body)) == (200, {"model_version_status": states})
    assert body.startswith(b'{\n "model_version_status": [\n  {\n   "version": "12",\n')
    assert error(ask("GET", "/v1/models/m?x")) == (404, "Could not find any versions of model m?x")
    assert error(ask("GET", "/v1/models")) == (400, "Missing model name in request.")
    assert error(ask("GET", "/v1/models/versions/1")) == (400, "Missing model name in request.")
    status, body = ask("GET", "/v1/models/m/versions/2/metadata")
    found = json.loads(body)
    assert status == 200 and found["model_spec"] == {"name": "m", "signature_name": "", "version": "2"}
    signatures = found["metadata"]["signature_def"]["signature_def"]
    assert signatures.keys() == FUNCTIONS.keys()
    shape = {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    assert signatures["serving_default"] == {
        "inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": "x:0"}},
        "outputs": {"y": {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": "y:0"}},
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }
    assert error(ask("GET", "/v1/models/n/metadata")) == (404, "Servable not found for request: Latest(n)")
