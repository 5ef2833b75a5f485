"""Models that are plain functions, for tests of the REST API: no graph, no session."""

import contextlib

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_status_pb2

from serving.server.errors import ServingError


def tensor_infos(**dtypes):
    """{alias: TensorInfo}, the tensor named after the alias."""
    infos = {}
    for alias, dtype in dtypes.items():
        infos[alias] = meta_graph_pb2.TensorInfo(name=f"{alias}:0", dtype=tf.as_dtype(dtype).as_datatype_enum)
        infos[alias].tensor_shape.dim.add(size=-1)
    return infos


def signature(inputs, outputs):
    result = meta_graph_pb2.SignatureDef(method_name="tensorflow/serving/predict")
    for field, infos in ((result.inputs, inputs), (result.outputs, outputs)):
        for alias, info in tensor_infos(**infos).items():
            field[alias].CopyFrom(info)
    return result


class FakeServable:
    """`functions` is {signature name: (inputs {alias: dtype}, outputs {alias: dtype}, function of the inputs)}."""

    name, checks_method_names = "m", False

    def __init__(self, version, functions):
        self.version = version
        self.signatures = {name: signature(inputs, outputs) for name, (inputs, outputs, _) in functions.items()}
        self._functions = functions
        self.timeouts = []

    def run(self, feeds, fetches, call=None):
        self.timeouts.append(call and call.left_s())
        for inputs, outputs, function in self._functions.values():
            if {f"{alias}:0" for alias in inputs} == feeds.keys() and {f"{alias}:0" for alias in outputs} == set(
                fetches
            ):
                results = function(**{name.removesuffix(":0"): array for name, array in feeds.items()})
                return [np.asarray(results[name.removesuffix(":0")]) for name in fetches]
        raise AssertionError(f"no signature takes {sorted(feeds)} and gives {sorted(fetches)}")


class FakeModels:
    """One model, "m", with some versions and the label "stable" on the first of them."""

    def __init__(self, *servables):
        self._servables = {servable.version: servable for servable in servables}

    @contextlib.contextmanager
    def use(self, name, version=None, label=None):
        if label is not None and label != "stable":
            raise ServingError(grpc.StatusCode.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}")
        found = min(self._servables) if label else max(self._servables) if version is None else version
        if name != "m" or found not in self._servables:
            request = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise ServingError(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {request}")
        yield self._servables[found]

    def status(self, name, version=None):
        if name != "m":
            raise ServingError(grpc.StatusCode.NOT_FOUND, f"Could not find any versions of model {name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        for each in sorted(self._servables, reverse=True):
            response.model_version_status.add(version=each, state="AVAILABLE").status.SetInParent()
        return response

    def names(self):
        return ["m"]


def fail(code, message):
    def function(**_):
        raise ServingError(code, message)

    return function


FUNCTIONS = {
    "serving_default": ({"x": "float32"}, {"y": "float32"}, lambda x: {"y": 2 * x}),
    "two": (
        {"a": "float32", "b": "int64"},
        {"sum": "float32", "b_bytes": "string"},
        lambda a, b: {"sum": a + b, "b_bytes": np.array([str(each).encode() for each in b], object)},
    ),
    "slow": (
        {"s": "float32"},
        {"t": "float32"},
        fail(grpc.StatusCode.DEADLINE_EXCEEDED, "Timed out waiting for notification"),
    ),
    "full": (
        {"f": "float32"},
        {"t": "float32"},
        fail(grpc.StatusCode.UNAVAILABLE, "The batch scheduling queue is full"),
    ),
    "broken": ({"k": "float32"}, {"t": "float32"}, lambda k: {}[0]),
    "__saved_model_init_op": ({}, {"__saved_model_init_op": "float32"}, None),
}


def fake_models():
    """The model in two versions, 2 and 12."""
    return FakeModels(FakeServable(2, FUNCTIONS), FakeServable(12, FUNCTIONS))
