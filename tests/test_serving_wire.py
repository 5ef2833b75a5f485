"""Messages over gRPC that would take far more when parsed than on the way."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import inference_pb2, model_management_pb2, predict_pb2

from serving.server import wire
from tests.saved_models import floats
from tests.served_grpc import CODES, fails, serving

MOST = 10_000_000


def request_of(tensor):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "m"
    request.inputs["x"].CopyFrom(tensor)
    return request


def nested(message_class, *path):
    """The bytes of a message whose field at the path, (number of a field, ...), is `path[-1]`, bytes."""
    *numbers, content = path
    for number in reversed(numbers):
        size, length = len(content), b""
        while size > 127:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        content = bytes([number << 3 | 2]) + length + bytes([size]) + content
    return message_class, content


HOSTILE = {
    "handles": nested(predict_pb2.PredictRequest, 2, 2, b"\x72\x00" * 100_000),
    "variants": nested(predict_pb2.PredictRequest, 2, 2, b"\x7a\x00" * 100_000),
    "dimensions": nested(predict_pb2.PredictRequest, 2, 2, 2, b"\x12\x00" * 100_000),
    "strings": nested(predict_pb2.PredictRequest, 2, 2, b"\x42\x00" * 100_000),
    "inputs": nested(predict_pb2.PredictRequest, b"\x12\x00" * 100_000),
    "packed numbers": nested(predict_pb2.PredictRequest, 2, 2, 10, b"\x01" * 2_000_000),
    "tasks": nested(inference_pb2.MultiInferenceRequest, b"\x0a\x00" * 100_000),
    "models": nested(model_management_pb2.ReloadConfigRequest, 1, 1, b"\x0a\x00" * 100_000),
    "broken at the end": (predict_pb2.PredictRequest, b"\x12\x00" * 100_000 + b"\xff"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_would_take_too_much_is_known_before_it_is_parsed(name):
    message_class, content = HOSTILE[name]
    assert wire.exceeds(message_class.DESCRIPTOR, content, MOST)


@pytest.mark.parametrize(
    "tensor",
    [
        tf.make_tensor_proto(np.zeros((64, 100, 100, 3), np.uint8)),  # as tensor_content
        tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.5] * 1_000_000),
        tensor_pb2.TensorProto(dtype=types_pb2.DT_INT64, int64_val=[7] * 1_000_000),
        tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[b"x" * 30_000] * 256),
    ],
    ids=["content", "floats", "int64s", "files"],
)
def test_tensors_are_not_too_much(tensor):
    request = request_of(tensor)
    assert not wire.exceeds(request.DESCRIPTOR, request.SerializeToString(), MOST)


BROKEN = {b"": False, b"\xff" * 50_000: False, b"\x0a\xff\xff\xff\xff\x0f" * 50_000: True, b"\x0b" * 50_000: True}


@pytest.mark.parametrize("content", BROKEN, ids=["empty", "no number", "longer than it is", "groups"])
def test_bytes_that_are_no_message_do_not_hold_it_up(content):
    assert wire.exceeds(predict_pb2.PredictRequest.DESCRIPTOR, content, MOST) == BROKEN[content]


def test_the_server_refuses_them_and_goes_on(tmp_path):
    with serving(tmp_path, max_receive_bytes=2**20) as client:
        tensor = floats(1, 2, shape=[1, 2])
        tensor.MergeFromString(b"\x72\x00" * 20_000)
        text = (
            "The request's fields would take more than 3145728 bytes; send tensors in tensor_content, or fewer of them"
        )
        fails(lambda: client.predict(x=tensor), CODES.RESOURCE_EXHAUSTED, text)
        assert list(client.predict(x=floats(1, 2, shape=[1, 2])).outputs["y"].float_val) == [2, 4]
