"""The REST API on a real SavedModel: what only a session can answer."""

import base64
import json

import pytest

from serving.server import model_config
from serving.server.calls import Call
from serving.server.models import Models
from serving.server.monitoring import Monitoring
from serving.server.rest import Rest
from serving.server.servable import Servable
from tests.saved_models import export_everything


@pytest.fixture(scope="module")
def rest(tmp_path_factory):
    base_path = tmp_path_factory.mktemp("everything")
    export_everything(base_path, 7)
    models = Models(Servable, poll_wait_s=0)
    models.wait(models.configure(model_config.single("m", str(base_path))), for_versions=True)
    yield Rest(models, Monitoring())
    models.stop()


def ask(rest, verb, body):
    status, answer = rest.answer("POST", f"/v1/models/m:{verb}", json.dumps(body).encode())
    return status, json.loads(answer)


def predict(rest, signature, **body):
    return ask(rest, "predict", {"signature_name": signature, **body})


def test_predict(rest):
    assert predict(rest, "", instances=[[1, 2.5], [3, 4]]) == (200, {"predictions": [[2, 5], [6, 8]]})
    assert predict(rest, "two", inputs={"a": [1, 2], "b": [3, 4]}) == (
        200,
        {"outputs": {"difference": [-2, -2], "sum": [4, 6]}},
    )


def test_strings_pass_unchanged(rest):
    status, answer = predict(rest, "text", inputs=["abc"])
    echo = base64.b64encode(b"abc").decode()
    assert (status, answer) == (200, {"outputs": {"upper": ["ABC"], "echo_bytes": [{"b64": echo}]}})


def test_types_that_cannot_be_written(rest):
    status, answer = predict(rest, "kinds", inputs={"u": [256], "i": [1], "b": [True]})
    assert status == 400 and answer["error"].startswith("Failed to write JSON value for tensor type: ")


def test_shapes_are_the_signatures(rest):
    for inputs, shape in (([[1, 2, 3]], "[1,3]"), ([1, 2], "[2]"), (0.5, "[]"), ([[[1, 2]]], "[1,1,2]")):
        status, answer = predict(rest, "", inputs=inputs)
        assert (status, answer["error"]) == (400, f"Input x: expected shape [-1,2], got {shape}")
    status, answer = predict(rest, "two", inputs={"a": [1, 2], "b": [1, 2, 3]})
    assert status == 400 and "Incompatible shapes: [2] vs. [3]" in answer["error"]


def test_errors_of_operations_keep_their_codes(rest, tmp_path):
    status, answer = predict(rest, "read", inputs=[str(tmp_path / "missing")])
    assert status == 404 and "No such file" in answer["error"]
    status, answer = predict(rest, "plus", inputs={"x": [1]})  # defaults of a signature are for gRPC only
    assert (status, answer["error"]) == (400, "Missing named input: plus in 'inputs' object.")


def test_scalars_and_rows(rest):
    assert predict(rest, "count", inputs=3) == (200, {"outputs": 3})
    assert predict(rest, "plus", inputs={"x": [1], "plus": 1}) == (200, {"outputs": [2]})
    status, answer = predict(rest, "plus", instances=[{"x": 1, "plus": 1}])  # rows make a list of what is no list
    assert (status, answer["error"]) == (400, "Input plus: expected shape [], got [1]")


def test_the_timeout_ends_a_run(rest):
    body = b'{"signature_name": "count", "inputs": 1e9}'
    status, answer = rest.answer("POST", "/v1/models/m:predict", body, Call(0.2))
    assert (status, json.loads(answer)["error"]) == (504, "Timed out waiting for notification")


def test_classify_and_regress(rest):
    examples = [{"x": 1.5}, {"x": [2.0]}]
    status, answer = ask(rest, "classify", {"signature_name": "classify", "examples": examples})
    assert status == 200
    assert [[score for _, score in pairs] for pairs in answer["results"]] == [[3, -3], [4, -4]]
    assert [pairs[1][0] for pairs in answer["results"]] == ["no", "no"]
    assert ask(rest, "regress", {"signature_name": "regress", "examples": examples}) == (200, {"results": [3, 4]})
    status, answer = ask(rest, "regress", {"signature_name": "regress", "examples": [{"x": 1}]})
    assert status == 400 and "Data type mismatch" in answer["error"].replace(
        "Data types don't match", "Data type mismatch"
    )
    status, answer = ask(rest, "classify", {"signature_name": "s", "examples": examples})
    assert (status, answer["error"]) == (400, "No signature was found with the name: s")


def test_metadata_has_every_signature(rest):
    status, answer = rest.answer("GET", "/v1/models/m/metadata", b"")
    signatures = json.loads(answer)["metadata"]["signature_def"]["signature_def"]
    assert status == 200 and "__saved_model_init_op" in signatures
    assert signatures["plus"]["defaults"]["plus"]["dtype"] == "DT_FLOAT"
    assert signatures["serving_default"]["inputs"]["x"] == {
        "dtype": "DT_FLOAT",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}], "unknown_rank": False},
        "name": "serving_default_x:0",
    }
