"""The REST API: a request's method, target and body to a status and a body."""

import collections
import re
import time
from urllib.parse import unquote

import grpc
from absl import logging
from google.protobuf import json_format
from tensorflow_serving.apis import classification_pb2, get_model_metadata_pb2, model_pb2, regression_pb2

from serving.server import inference
from serving.server.calls import Call
from serving.server.errors import as_serving_error, invalid_argument
from serving.server.rest_json import reading, requests, writing

_WHERE = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PATHS = {
    "POST": rf"(?ai)/v1/models/(?P<name>[^/:]+){_WHERE}:(?P<verb>classify|regress|predict)",
    "GET": rf"(?ai)/v1/models(?:/(?P<name>[^/:]+))?{_WHERE}(?:/(?P<verb>metadata))?",
}  # (?ai): ASCII, and in capitals too
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
_OF_EXAMPLES = {  # verb: (class of the request, what answers it, what writes the answer)
    "classify": (classification_pb2.ClassificationRequest, inference.classify, writing.classifications_body),
    "regress": (regression_pb2.RegressionRequest, inference.regress, writing.regressions_body),
}
# What a path names; `verb` is "" for a model's status.
Target = collections.namedtuple("Target", ("name", "version", "label", "verb"))
_NOWHERE = Target("", None, None, "")  # of a malformed path


class Rest:
    """Answers requests from `models`, in any number of threads. `max_values`: of one body's JSON."""

    def __init__(self, models, monitoring, max_values=reading.MAX_VALUES):
        self._models, self._monitoring, self._max_values = models, monitoring, max_values

    def answer(self, method, path, body, call=None):
        """(HTTP status, body of JSON). `path` is the request's target as it was sent, query string included."""
        call, code = call or Call(), grpc.StatusCode.OK
        target = _target(method, path, call)
        try:
            if target is _NOWHERE or (method == "POST" and target.verb not in ("predict", *_OF_EXAMPLES)):
                raise invalid_argument(f"Malformed request: {method} {path}")
            if (target.version or 0) > _LARGEST:
                raise invalid_argument(f"Failed to convert version: {target.version} to numeric.")
            answer = self._infer(target, body, call) if method == "POST" else self._describe(target)
        except Exception as error:  # one bad request must never be more than one error
            problem = as_serving_error(error)
            if problem is not error:
                logging.exception("%s %s failed", method, path)
            code = problem.code
            # TensorFlow Serving says nothing about a version beyond 64 bits.
            answer = b"" if (target.version or 0) > _LARGEST else writing.error_body(problem.message)
        self._observe(target, call, code)
        return HTTP_STATUS.get(code, 500), answer

    def refuse(self, path, call, code):
        """Tells the monitoring of a request that is not answered from here."""
        self._observe(_target("POST", path, call), call, code)

    def _observe(self, target, call, code):
        self._monitoring.observe(target.name, target.verb, "REST", code, time.monotonic() - call.arrival)

    def _infer(self, target, body, call):
        call.left_s()
        document = reading.parse(body, self._max_values)
        call.signature = reading.signature_name(document)
        with self._models.use(target.name, target.version, target.label) as servable:
            run = self._monitoring.timed(servable.run, servable.name, target.verb.capitalize())
            if target.verb == "predict":
                return _predict(servable, document, call, run)
            request_class, infer, write = _OF_EXAMPLES[target.verb]
            request = request_class(input=requests.input_of(document), model_spec={"signature_name": call.signature})
            return write(infer(servable, request, call, run).result)

    def _describe(self, target):
        if not target.name:
            raise invalid_argument("Missing model name in request.")
        if target.verb != "metadata":
            return (_to_json(self._models.status(target.name, target.version)) + "\n").encode()
        with self._models.use(target.name, target.version, target.label) as servable:
            model = model_pb2.ModelSpec(name=servable.name, version={"value": servable.version})
            signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=servable.signatures)
        parts = f'"model_spec":{_to_json(model)},\n"metadata": {{"signature_def": {_to_json(signatures)}}}'
        return f"{{\n{parts}\n}}\n".encode()


def _predict(servable, document, call, run):
    missing = 'Serving signature name: "{}" not found in signature def'
    signature = inference.signature_of(servable, call.signature, missing)
    inputs = dict(sorted(signature.inputs.items()))
    feeds, rows = requests.arrays_of(document, inputs)
    document.clear()  # its numbers take many times the room of the arrays
    aliases = sorted(signature.outputs)
    if not aliases:
        raise invalid_argument("Cannot convert empty tensor map to JSON")
    inference.check_method_name(servable, signature)
    feeds = {inputs[alias].name: array for alias, array in feeds.items()}
    outputs = dict(zip(aliases, run(feeds, [signature.outputs[alias].name for alias in aliases], call)))
    return writing.predictions_body(outputs) if rows else writing.outputs_body(outputs)


def _target(method, path, call):
    """The Target of a path, and the call is told its model."""
    match = re.fullmatch(_PATHS[method], path) if method in _PATHS else None
    if not match:
        return _NOWHERE
    groups = {key: text or "" for key, text in match.groupdict().items()}
    call.model = unquote(groups["name"])
    digits = groups["version"].lstrip("0")[:20]  # enough to be too large
    version = int(digits or 0) if groups["version"] else None
    return Target(call.model, version, unquote(groups["label"]) or None, groups["verb"])


def _to_json(proto):
    """As C++ prints it: names with underscores, default values too, integers of 64 bits as strings."""
    return json_format.MessageToJson(
        proto, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, ensure_ascii=False, indent=1
    )
