"""Requests over gRPC."""

from serving import _quiet  # noqa: F401, I001  before anything that imports TensorFlow

import urllib.parse

import grpc
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.transports.errors import RequestError
from serving.transports.signatures import Signature, tensor

OPTIONS = (
    ("grpc.max_receive_message_length", -1),  # 4 MB otherwise: 85 pictures of 64x64
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),  # a client that asks again wants a new attempt to connect
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class Transport:
    """One model of a server, over a channel that is kept open. ca: PEM certificates to trust, or None."""

    bytes_per_value = 1  # of uint8 values
    forms_of_pictures = ("_uint8", "_png", "")  # the cheapest first
    numbers_are_text = False

    def __init__(self, address, model, version, label, ca=None):
        parts = urllib.parse.urlsplit(address)
        if parts.scheme == "grpcs":
            trusted = grpc.ssl_channel_credentials(ca and ca.encode())
            self._channel = grpc.secure_channel(parts.netloc, trusted, OPTIONS)
        else:
            self._channel = grpc.insecure_channel(parts.netloc, OPTIONS)
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._model, self._version, self._label = model, version, label

    def predict(self, signature, inputs, timeout_s):
        """inputs {name: array} -> {name: array}"""
        request = predict_pb2.PredictRequest()
        self._specify(request, signature_name=signature.name)
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        response = _answer(self._predictions.Predict, request, timeout_s)
        return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}

    def signatures(self, timeout_s):
        """{name: Signature}"""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._specify(request)
        response = _answer(self._predictions.GetModelMetadata, request, timeout_s)
        found = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(found)
        return {
            name: Signature(name, _tensors(definition.inputs), _tensors(definition.outputs))
            for name, definition in found.signature_def.items()
        }

    def status(self, timeout_s):
        """[{"version", "state", "code", "message"}], newest first."""
        request = get_model_status_pb2.GetModelStatusRequest()
        self._specify(request)
        response = _answer(self._models.GetModelStatus, request, timeout_s)
        return [
            {
                "version": each.version,
                "state": get_model_status_pb2.ModelVersionStatus.State.Name(each.state),
                "code": _code_name(each.status.error_code),
                "message": each.status.error_message,
            }
            for each in response.model_version_status
        ]

    def close(self):
        """Close the channel."""
        self._channel.close()

    def _specify(self, request, signature_name=""):
        request.model_spec.name = self._model
        request.model_spec.signature_name = signature_name
        if self._version is not None:
            request.model_spec.version.value = self._version
        if self._label is not None:
            request.model_spec.version_label = self._label


def _answer(method, request, timeout_s):
    try:
        return method(request, timeout=timeout_s)
    except grpc.RpcError as error:
        raise RequestError(error.code().name, error.details()) from None


def _tensors(infos):
    return {
        name: tensor(types_pb2.DataType.Name(info.dtype), [dim.size for dim in info.tensor_shape.dim])
        for name, info in infos.items()
    }


def _code_name(number):
    return next(code.name for code in grpc.StatusCode if code.value[0] == number)
