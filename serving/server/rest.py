"""The REST API: a method, a path and a body to a status and a body."""

import re
import time
from typing import NamedTuple
from urllib.parse import unquote

import grpc
from absl import logging
from google.protobuf import json_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    regression_pb2,
)

from serving.server import inference, json_examples, json_request, json_response, json_text
from serving.server.calls import Call
from serving.server.errors import as_serving_error
from serving.server.json_writer import as_utf8, encode, error_body

_WHERE = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PATHS = {
    "POST": rf"/v1/models/(?P<name>[^/:]+){_WHERE}:(?P<verb>classify|regress|predict)",
    "GET": rf"/v1/models(?:/(?P<name>[^/:]+))?{_WHERE}(?:/(?P<verb>metadata))?",
}
_PATHS = {method: re.compile(path, re.ASCII | re.IGNORECASE) for method, path in _PATHS.items()}
_LARGEST = 2**63 - 1
HTTP_STATUS = {
    grpc.StatusCode.OK: 200,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}  # UNKNOWN, INTERNAL and DATA_LOSS are 500


class Target(NamedTuple):
    """What a path names; `verb` is "" for a model's status."""

    name: str
    version: int | None
    label: str | None
    verb: str


class Rest:
    """Answers requests from `models`, in any number of threads. `timeout_s` is that of a run, None for none."""

    def __init__(self, models, monitoring, timeout_s):
        self._models, self._monitoring, self._timeout_s = models, monitoring, timeout_s

    def answer(self, method, path, body):
        """(HTTP status, body of JSON). `path` is the request's target as it was sent, query string included."""
        start, code = time.monotonic(), grpc.StatusCode.OK
        match = _PATHS[method].fullmatch(path) if method in _PATHS else None
        target = _target(match) if match else Target("", None, None, "")
        try:
            if not match or (method == "POST" and target.verb not in self._INFERENCES):
                raise json_text.invalid(f"Malformed request: {method} {path}")
            answer = self._infer(target, body) if method == "POST" else self._describe(target)
        except Exception as error:  # one bad request must never be more than one error
            problem = as_serving_error(error)
            if problem is not error:
                logging.exception("%s %s failed", method, path)
            code = problem.code
            answer = b"" if (target.version or 0) > _LARGEST else error_body(problem.message)
        self._monitoring.observe(target.name, target.verb, "REST", code, time.monotonic() - start)
        return HTTP_STATUS.get(code, 500), answer

    def _infer(self, target, body):
        _check(target)
        return self._INFERENCES[target.verb](self, target, body)

    def _predict(self, target, body):
        document = json_text.parse(body)
        name = json_text.signature_name(document)
        with self._models.use(target.name, target.version, target.label) as servable:
            used = name or inference.DEFAULT_SIGNATURE
            if used not in servable.signatures:
                raise json_text.invalid(f'Serving signature name: "{used}" not found in signature def')
            signature = servable.signatures[used]
            arrays, rows = json_request.arrays_of(document, name, dict(sorted(signature.inputs.items())))
            del document  # its numbers take many times the room of the arrays
            outputs = self._run(servable, signature, arrays)
        return json_response.predictions_body(outputs) if rows else json_response.outputs_body(outputs)

    def _run(self, servable, signature, arrays):
        aliases = sorted(signature.outputs)
        if not aliases:
            raise json_text.invalid("Cannot convert empty tensor map to JSON")
        feeds = {signature.inputs[alias].name: array for alias, array in arrays.items()}
        inference.check_method_name(servable, signature)
        run = self._monitoring.timed(servable.run, servable.name, "Predict")
        outputs = run(feeds, [signature.outputs[alias].name for alias in aliases], Call(self._timeout_s))
        return dict(zip(aliases, outputs))

    def _classify(self, target, body):
        request = _examples_request(classification_pb2.ClassificationRequest(), body)
        return json_examples.classifications_body(self._of_examples(target, request, "Classify", inference.classify))

    def _regress(self, target, body):
        request = _examples_request(regression_pb2.RegressionRequest(), body)
        return json_examples.regressions_body(self._of_examples(target, request, "Regress", inference.regress))

    def _of_examples(self, target, request, api, infer):
        with self._models.use(target.name, target.version, target.label) as servable:
            run = self._monitoring.timed(servable.run, servable.name, api)
            return infer(servable, request, Call(self._timeout_s), run).result

    _INFERENCES = {"predict": _predict, "classify": _classify, "regress": _regress}

    def _describe(self, target):
        _check(target)
        if not target.name:
            raise json_text.invalid("Missing model name in request.")
        return self._metadata(target) if target.verb == "metadata" else self._status(target)

    def _status(self, target):
        response = get_model_status_pb2.GetModelStatusResponse()
        for status in self._models.status(target.name, target.version):
            row = response.model_version_status.add(version=status.version, state=status.state)
            row.status.error_code = grpc.StatusCode[status.code].value[0]
            row.status.error_message = status.message
        return encode(_to_json(response) + "\n")

    def _metadata(self, target):
        signatures, model = get_model_metadata_pb2.SignatureDefMap(), model_pb2.ModelSpec()
        with self._models.use(target.name, target.version, target.label) as servable:
            model.name, model.version.value = servable.name, servable.version
            for name, signature in servable.signatures.items():
                signatures.signature_def[name].CopyFrom(signature)
        parts = f'"model_spec":{_to_json(model)},\n"metadata": {{"signature_def": {_to_json(signatures)}}}'
        return encode(f"{{\n{parts}\n}}\n")


def _target(match):
    groups = {key: text or "" for key, text in match.groupdict().items()}
    digits = groups["version"].lstrip("0")[:20]  # enough to be too large
    return Target(
        unquote(groups["name"], errors="surrogateescape"),
        int(digits or 0) if groups["version"] else None,
        unquote(groups["label"], errors="surrogateescape") or None,
        groups["verb"],
    )


def _check(target):
    if (target.version or 0) > _LARGEST:
        raise json_text.invalid(f"Failed to convert version: {target.version} to numeric.")


def _examples_request(request, body):
    document = json_text.parse(body)
    request.model_spec.signature_name = as_utf8(json_text.signature_name(document))
    request.input.CopyFrom(json_examples.input_of(document))
    return request


def _to_json(message):
    """As C++ prints it: names with underscores, default values too, integers of 64 bits as strings."""
    return json_format.MessageToJson(
        message,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        ensure_ascii=False,
        indent=1,
    )
