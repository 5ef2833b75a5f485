"""Requests over gRPC."""

from serving import _quiet  # noqa: F401, I001  before anything that imports TensorFlow

import grpc
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.transports.errors import RequestError

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

    def __init__(self, parts, model, version, label, ca):
        if parts.scheme == "grpcs":
            trusted = grpc.ssl_channel_credentials(ca)
            self._channel = grpc.secure_channel(parts.netloc, trusted, OPTIONS)
        else:
            self._channel = grpc.insecure_channel(parts.netloc, OPTIONS)
        self.close = self._channel.close
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._model = model_pb2.ModelSpec(name=model, version_label=label)
        if version is not None:
            self._model.version.value = version

    def predict(self, signature, inputs, timeout_s):
        """inputs {name: array} -> {name: array}"""
        request = predict_pb2.PredictRequest(model_spec=self._model)
        request.model_spec.signature_name = signature.name
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        response = _answer(self._predictions.Predict, request, timeout_s)
        return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}

    def metadata(self, timeout_s):
        """The signatures of the model, as in the JSON of REST."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=self._model, metadata_field=["signature_def"]
        )
        return _as_json(_answer(self._predictions.GetModelMetadata, request, timeout_s))

    def status(self, timeout_s):
        """The versions of the model and their states, as in the JSON of REST."""
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=self._model)
        return _as_json(_answer(self._models.GetModelStatus, request, timeout_s))


def _answer(method, request, timeout_s):
    try:
        return method(request, timeout=timeout_s)
    except grpc.RpcError as error:
        raise RequestError(error.code().name, error.details()) from None


def _as_json(found):
    """A message as TensorFlow Serving writes it over REST."""
    return json_format.MessageToDict(found, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
