"""A gRPC server of a small SavedModel and a client, for the tests of serving."""

import contextlib

import grpc
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.server import model_config
from serving.server.grpc_services import GrpcServer
from serving.server.models import Models
from serving.server.servable import Servable
from tests.saved_models import export_everything

CODES = grpc.StatusCode
HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000 000000040100000000")


class Observations(list):
    """The monitoring of these tests."""

    def gauge(self, metric, label, number):
        pass

    def observe(self, model, api, entrypoint, code, seconds):
        self.append((model, api, entrypoint, code))

    def timed(self, run, model, api):
        return run


class Client:
    def __init__(self, port, credentials=None, host="127.0.0.1", channel=None):
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        options = [("grpc.max_receive_message_length", -1)]
        self.channel = channel or (
            grpc.secure_channel(self.address, credentials, options)
            if credentials
            else grpc.insecure_channel(self.address, options)
        )
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def predict(self, signature="", output_filter=(), model="m", version=None, label=None, timeout=30, **inputs):
        request = predict_pb2.PredictRequest(output_filter=output_filter)
        request.model_spec.name = model
        request.model_spec.signature_name = signature
        if version is not None:
            request.model_spec.version.value = version
        if label is not None:
            request.model_spec.version_label = label
        for alias, value in inputs.items():
            proto = value if isinstance(value, tensor_pb2.TensorProto) else tf.make_tensor_proto(value)
            request.inputs[alias].CopyFrom(proto)
        return self.prediction.Predict(request, timeout=timeout)

    def status(self, model="m"):
        """The rows of GetModelStatus."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        return self.model.GetModelStatus(request, timeout=20).model_version_status


@contextlib.contextmanager
def serving(base_path, monitoring=None, load=Servable, trust=None, host="127.0.0.1", **options):
    """A Client of a server that serves base_path/7 as "m", with every kind of signature and the label "stable".

    `trust`: the client's credentials for a secure channel.
    """
    export_everything(base_path, 7)
    models = Models(load, poll_wait_s=0)
    models.wait(models.configure(model_config.single("m", str(base_path))), for_versions=True)
    config = model_config.single("m", str(base_path))
    config.model_config_list.config[0].version_labels["stable"] = 7
    models.configure(config)
    observations = Observations() if monitoring is None else monitoring
    server = GrpcServer(models, observations, host, 0, threads=4, **options)
    server.start()
    client = Client(server.port, trust, host)
    yield client
    client.channel.close()
    server.stop(5)
    models.stop()


def fails(call, code, details):
    """The call fails with this code, and exactly these details."""
    with pytest.raises(grpc.RpcError) as raised:
        call()
    assert (raised.value.code(), raised.value.details()) == (code, details)
