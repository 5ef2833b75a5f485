"""Flags of the gRPC server, over a real socket."""

import contextlib
import functools
import socket

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from serving.server import tensors
from serving.server.credentials import read_credentials
from serving.server.errors import ServingError
from serving.server.monitoring import Monitoring
from serving.server.servable import Servable
from tests import tiny_served
from tests.saved_models import floats
from tests.served_grpc import CODES, HTTP2_GREETING, Client, fails, serving
from tests.served_models import eventually


def examples_request(request_class, signature, x=1.5):
    request = request_class()
    request.model_spec.name, request.model_spec.signature_name = "m", signature
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(x)
    return request


def test_runs_are_timed_by_method(tmp_path):
    monitoring = Monitoring()
    with serving(tmp_path, monitoring) as client:
        client.predict(x=floats(1, 2, shape=[1, 2]))
        client.prediction.Classify(examples_request(classification_pb2.ClassificationRequest, "classify"))
        client.prediction.Regress(examples_request(regression_pb2.RegressionRequest, "regress"))
    for api in ("Predict", "Classify", "Regress"):
        line = f':tensorflow:serving:runtime_latency_count{{model_name="m",API="{api}",runtime="TF1"}} 1\n'
        assert line in monitoring.text()


def test_numbers_as_tensor_content(tmp_path):
    inputs = {"u": np.array([1, 255], np.uint8), "i": np.array([-1, 2**63 - 1]), "b": np.array([True, False])}
    with serving(tmp_path, to_proto=tensors.to_content_proto) as client:
        outputs = client.predict("kinds", **inputs).outputs
        assert outputs["i"].tensor_content and not outputs["i"].int64_val
        np.testing.assert_array_equal(tf.make_ndarray(outputs["i"]), inputs["i"])
        np.testing.assert_array_equal(tf.make_ndarray(outputs["not_b"]), [False, True])
        np.testing.assert_array_equal(tf.make_ndarray(outputs["brain"]).astype(float), [1, 255])
        text = client.predict("text", text=np.array([b"a", b"\xff"])).outputs["echo_bytes"]
        np.testing.assert_array_equal(tf.make_ndarray(text), [b"a", b"\xff"])


def test_signatures_answer_only_the_method_they_were_exported_for(tmp_path):
    with serving(tmp_path, load=functools.partial(Servable, checks_method_names=True)) as client:
        assert list(client.predict(x=floats(1, 2, shape=[1, 2])).outputs["y"].float_val) == [2, 4]
        text = "Expected method_name tensorflow/serving/classify. Was: tensorflow/serving/predict"
        request = examples_request(classification_pb2.ClassificationRequest, "classify")
        fails(lambda: client.prediction.Classify(request), CODES.INVALID_ARGUMENT, text)
        request = examples_request(regression_pb2.RegressionRequest, "regress")
        text = text.replace("classify", "regress")
        fails(lambda: client.prediction.Regress(request), CODES.INVALID_ARGUMENT, text)
        several = inference_pb2.MultiInferenceRequest(input=request.input)
        several.tasks.add(model_spec=request.model_spec, method_name="tensorflow/serving/regress")
        fails(lambda: client.prediction.MultiInference(several), CODES.INVALID_ARGUMENT, text)
        known = " or ".join(f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress"))
        fails(lambda: client.predict("__saved_model_init_op"), CODES.INTERNAL, f"Expected method_name {known}. Was: ")


@pytest.mark.parametrize("sent", [b"", HTTP2_GREETING], ids=["nothing", "a greeting"])
def test_connections_without_calls_give_way(tmp_path, sent):
    arguments = [("grpc.max_connection_idle_ms", 1000), ("grpc.max_allowed_incoming_connections", 4)]

    def answers():
        with contextlib.suppress(grpc.RpcError):
            return another.predict(x=floats(1, 2, shape=[1, 2])).outputs["y"].float_val == [2, 4]

    with serving(tmp_path, arguments=arguments) as client, contextlib.ExitStack() as stack:
        port = int(client.address.rpartition(":")[2])
        for _ in range(20):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            with contextlib.suppress(ConnectionError):
                silent.sendall(sent)
        another = Client(port)
        eventually(answers)
        another.channel.close()


def test_a_secure_port(tmp_path):
    key, cert = (file.read_text() for file in tiny_served.certificate(tmp_path))
    file = tmp_path / "ssl.config"
    file.write_text(f"server_key: {key!r} server_cert: {cert!r} custom_ca: {cert!r} client_verify: true")
    x = floats(1, 2, shape=[1, 2])
    trust = grpc.ssl_channel_credentials(cert.encode(), key.encode(), cert.encode())
    with serving(tmp_path / "m", credentials=read_credentials(file), trust=trust) as client:
        assert list(client.predict(x=x).outputs["y"].float_val) == [2, 4]
    file.write_text(f"server_key: {key!r} server_cert: {cert!r}")
    strangers = grpc.ssl_channel_credentials(cert.encode())
    with serving(tmp_path / "m2", credentials=read_credentials(file), trust=strangers) as client:
        assert list(client.predict(x=x).outputs["y"].float_val) == [2, 4]
    file.write_text(f"server_key: 'server.key' server_cert: {cert!r}")
    with pytest.raises(ServingError, match="expected a PEM text .* in server_key"):
        read_credentials(file)
    file.write_text(f"server_key: {key[:100]!r} server_cert: {cert!r}")
    with pytest.raises(ServingError, match="ssl.config: server_key and server_cert are no key and its certificate"):
        read_credentials(file)
    file.write_text(f"server_key: {key!r} server_cert: {cert!r} client_verify: true")
    with pytest.raises(ServingError, match="client_verify needs the clients' certificate authority in custom_ca"):
        read_credentials(file)
