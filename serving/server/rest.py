"""The REST API: a request's method, target and body to a status and a body."""

import re
import time
from typing import NamedTuple
from urllib.parse import unquote

import grpc
from absl import logging
from google.protobuf import json_format
from tensorflow_serving.apis import classification_pb2, model_pb2, regression_pb2

from serving.server import descriptions, inference
from serving.server.calls import Call
from serving.server.errors import as_serving_error, invalid_argument
from serving.server.rest_json import arrays, examples, reading, writing

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
    """Target that a path names; `verb` is "" for a model's status."""

    name: str
    version: int | None
    label: str | None
    verb: str


class Rest:
    """Answers requests from `models`, in any number of threads. `max_values`: of one body's JSON."""

    def __init__(self, models, monitoring, max_values=reading.MAX_VALUES):
        self._models, self._monitoring, self._max_values = models, monitoring, max_values

    def answer(self, method, path, body, call=None):
        """(HTTP status, body of JSON). `path` is the request's target as it was sent, query string included."""
        call, code = call or Call(), grpc.StatusCode.OK
        match = _PATHS[method].fullmatch(path) if method in _PATHS else None
        target = _target(match) if match else Target("", None, None, "")
        call.model = target.name
        try:
            if not match or (method == "POST" and target.verb not in self._INFERENCES):
                raise invalid_argument(f"Malformed request: {method} {path}")
            answer = self._infer(target, body, call) if method == "POST" else self._describe(target)
        except Exception as error:  # one bad request must never be more than one error
            problem = as_serving_error(error)
            if problem is not error:
                logging.exception("%s %s failed", method, path)
            code = problem.code
            answer = b"" if (target.version or 0) > _LARGEST else writing.error_body(problem.message)
        self._monitoring.observe(target.name, target.verb, "REST", code, time.monotonic() - call.arrival)
        return HTTP_STATUS.get(code, 500), answer

    def refuse(self, path, call, code):
        """Tells the monitoring of a request that is not answered from here."""
        match = _PATHS["POST"].fullmatch(path)
        target = _target(match) if match else Target("", None, None, "")
        call.model = target.name
        self._monitoring.observe(target.name, target.verb, "REST", code, time.monotonic() - call.arrival)

    def _infer(self, target, body, call):
        _check(target)
        call.left_s()
        document = reading.parse(body, self._max_values)
        call.signature = reading.signature_name(document)
        with self._models.use(target.name, target.version, target.label) as servable:
            return self._INFERENCES[target.verb](self, servable, document, call)

    def _predict(self, servable, document, call):
        used = call.signature or inference.DEFAULT_SIGNATURE
        if used not in servable.signatures:
            raise invalid_argument(f'Serving signature name: "{used}" not found in signature def')
        signature = servable.signatures[used]
        inputs = dict(sorted(signature.inputs.items()))
        feeds, rows = arrays.arrays_of(document, inputs, call.signature)
        document.clear()  # its numbers take many times the room of the arrays
        aliases = sorted(signature.outputs)
        if not aliases:
            raise invalid_argument("Cannot convert empty tensor map to JSON")
        inference.check_method_name(servable, signature)
        run = self._monitoring.timed(servable.run, servable.name, "Predict")
        feeds = {inputs[alias].name: array for alias, array in feeds.items()}
        outputs = run(feeds, [signature.outputs[alias].name for alias in aliases], call)
        outputs = dict(zip(aliases, outputs))
        return writing.predictions_body(outputs) if rows else writing.outputs_body(outputs)

    def _classify(self, servable, document, call):
        request = _examples_request(classification_pb2.ClassificationRequest(), document, call)
        return writing.classifications_body(self._of_examples(servable, request, call, "Classify", inference.classify))

    def _regress(self, servable, document, call):
        request = _examples_request(regression_pb2.RegressionRequest(), document, call)
        return writing.regressions_body(self._of_examples(servable, request, call, "Regress", inference.regress))

    def _of_examples(self, servable, request, call, api, infer):
        run = self._monitoring.timed(servable.run, servable.name, api)
        return infer(servable, request, call, run).result

    _INFERENCES = {"predict": _predict, "classify": _classify, "regress": _regress}

    def _describe(self, target):
        _check(target)
        if not target.name:
            raise invalid_argument("Missing model name in request.")
        return self._metadata(target) if target.verb == "metadata" else self._status(target)

    def _status(self, target):
        return (_to_json(descriptions.status(self._models, target.name, target.version)) + "\n").encode()

    def _metadata(self, target):
        model = model_pb2.ModelSpec()
        signatures = descriptions.metadata(self._models, target.name, target.version, target.label, model)
        parts = f'"model_spec":{_to_json(model)},\n"metadata": {{"signature_def": {_to_json(signatures)}}}'
        return f"{{\n{parts}\n}}\n".encode()


def _target(match):
    groups = {key: text or "" for key, text in match.groupdict().items()}
    digits = groups["version"].lstrip("0")[:20]  # enough to be too large
    return Target(
        unquote(groups["name"]),
        int(digits or 0) if groups["version"] else None,
        unquote(groups["label"]) or None,
        groups["verb"],
    )


def _check(target):
    if (target.version or 0) > _LARGEST:
        raise invalid_argument(f"Failed to convert version: {target.version} to numeric.")


def _examples_request(request, document, call):
    request.model_spec.signature_name = call.signature
    request.input.CopyFrom(examples.input_of(document))
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
