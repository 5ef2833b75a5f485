"""Predict over a real socket: what a client of TensorFlow Serving sees."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2

from tests.saved_models import floats
from tests.served_grpc import CODES, fails, serving


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("everything")) as client:
        yield client


def test_predict_answers_in_typed_fields_with_the_version_that_answered(client):
    response = client.predict(x=np.array([[1, 2], [3, 4.5]], np.float32))
    assert list(response.outputs["y"].float_val) == [2, 4, 6, 9]
    assert response.outputs["y"].tensor_content == b""
    assert [dim.size for dim in response.outputs["y"].tensor_shape.dim] == [2, 2]
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("m", 7, "serving_default")


def test_versions_and_labels_are_answered_as_versions(client):
    x = floats(1, 2, shape=[1, 2])
    for choice in ({"version": 7}, {"label": "stable"}):
        spec = client.predict(x=x, **choice).model_spec
        assert spec.version.value == 7 and not spec.version_label
    fails(lambda: client.predict(x=x, version=8), CODES.NOT_FOUND, "Servable not found for request: Specific(m, 8)")
    fails(lambda: client.predict(x=x, model="n"), CODES.NOT_FOUND, "Servable not found for request: Latest(n)")
    fails(lambda: client.predict(x=x, label="no"), CODES.INVALID_ARGUMENT, "Unrecognized servable version label: no")
    fails(lambda: client.predict(x=x, model=""), CODES.INVALID_ARGUMENT, "ModelSpec has no name specified.")
    empty = predict_pb2.PredictRequest()
    fails(lambda: client.prediction.Predict(empty), CODES.INVALID_ARGUMENT, "Missing ModelSpec")


def test_every_dtype_comes_back_as_it_went(client):
    u, i, b = np.array([1, 255], np.uint8), np.array([-1, 2**60]), np.array([True, False])
    response = client.predict("kinds", u=u, i=i, b=b)
    arrays = {alias: tf.make_ndarray(proto) for alias, proto in response.outputs.items()}
    expected = {
        "u": np.uint8,
        "half": np.float16,
        "brain": tf.bfloat16.as_numpy_dtype,
        "double": float,
        "i16": np.int16,
    }
    for alias, dtype in expected.items():
        assert arrays[alias].dtype == dtype
        np.testing.assert_array_equal(arrays[alias].astype(int), tf.cast([1, 255], dtype).numpy().astype(int))
    np.testing.assert_array_equal(arrays["complex"], np.array([1 + 1j, 255 + 1j], np.complex64))
    np.testing.assert_array_equal(arrays["i"], i)
    np.testing.assert_array_equal(arrays["not_b"], [False, True])
    assert all(not proto.tensor_content for proto in response.outputs.values())


def test_strings_are_bytes(client):
    texts = np.array([b"abc\0", b"", b"\xff"], object)
    response = client.predict("text", text=texts)
    assert list(response.outputs["echo_bytes"].string_val) == list(texts)
    assert response.outputs["upper"].string_val[0] == b"ABC\0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dtype: DT_FLOAT tensor_shape { dim { size: 2 } dim { size: 2 } } float_val: [1, 2]", [[2, 4], [4, 4]]),
        ("dtype: DT_FLOAT tensor_shape { dim { size: 1 } dim { size: 2 } }", [[0, 0]]),
        ("dtype: DT_FLOAT tensor_shape { dim { size: 1 } dim { size: 2 } } float_val: [1, 2, 3]", [[2, 4]]),
        ("dtype: DT_FLOAT tensor_shape { dim { size: 0 } dim { size: 2 } }", np.zeros([0, 2])),
    ],
)
def test_tensors_are_read_as_tensorflow_reads_them(client, text, expected):
    response = client.predict(x=text_format.Parse(text, tensor_pb2.TensorProto()))
    np.testing.assert_array_equal(tf.make_ndarray(response.outputs["y"]), expected)


@pytest.mark.parametrize(
    "text",
    [
        "tensor_shape { dim { size: 1 } }",
        "dtype: DT_FLOAT tensor_shape { unknown_rank: true } float_val: 1",
        "dtype: DT_FLOAT tensor_shape { dim { size: -1 } } float_val: 1",
        'dtype: DT_FLOAT tensor_shape { dim { size: 1 } dim { size: 2 } } tensor_content: "12345"',
        'dtype: DT_STRING tensor_shape { dim { size: 1 } dim { size: 2 } } tensor_content: "\\001\\377"',
        "dtype: DT_FLOAT tensor_shape { dim { size: 1000000000 } dim { size: 2 } } float_val: 1",
        "dtype: DT_FLOAT tensor_shape { dim { size: 100000000 } dim { size: 2 } }",
        "dtype: DT_RESOURCE tensor_shape { dim { size: 1 } }",
        "dtype: DT_VARIANT",
        "dtype: 4711",
    ],
)
def test_no_tensor(client, text):
    proto = text_format.Parse(text, tensor_pb2.TensorProto())
    fails(lambda: client.predict(x=proto), CODES.INVALID_ARGUMENT, "tensor parsing error: x")


def test_strings_in_tensor_content(client):
    proto = tensor_pb2.TensorProto(dtype=tf.string.as_datatype_enum, tensor_content=b"\x01\x80\x01a" + b"b" * 128)
    proto.tensor_shape.dim.add(size=2)
    assert list(client.predict("text", text=proto).outputs["echo_bytes"].string_val) == [b"a", b"b" * 128]


def test_integers_wrap_like_in_c(client):
    proto = text_format.Parse("dtype: DT_UINT8 tensor_shape { dim { size: 1 } } int_val: 257", tensor_pb2.TensorProto())
    response = client.predict("kinds", ["u"], u=proto, i=np.array([1]), b=np.array([True]))
    assert list(response.outputs["u"].int_val) == [1]


def test_wrong_inputs(client):
    one = floats(1)
    for inputs, sent, extra, missing in (({}, "", "", "x"), ({"x": one, "z": one}, "x,z", "z", "")):
        text = (
            f"input size does not match signature: {len(inputs)}!=1 len({{{sent}}}) != len({{x}}). "
            f"Sent extra: {{{extra}}}. Missing but required: {{{missing}}}."
        )
        fails(lambda inputs=inputs: client.predict(**inputs), CODES.INVALID_ARGUMENT, text)
    text = (
        "Signature input alias: x(feed name: serving_default_x:0) not found in request and no default value provided. "
        "Inputs expected to be in the request {z}, or default input alias set: "
    )
    fails(lambda: client.predict(z=one), CODES.INVALID_ARGUMENT, text)
    text = "Expects arg[0] to be float but int32 is provided"
    fails(lambda: client.predict(x=np.ones([1, 2], np.int32)), CODES.INVALID_ARGUMENT, text)
    text = 'Serving signature key "no" not found.'
    fails(lambda: client.predict("no", x=one), CODES.FAILED_PRECONDITION, text)


def test_errors_of_operations_keep_their_code(client):
    with pytest.raises(grpc.RpcError, match="Incompatible shapes") as raised:
        client.predict("two", a=floats(1, 2), b=floats(1, 2, 3))
    assert raised.value.code() == CODES.INVALID_ARGUMENT
    with pytest.raises(grpc.RpcError, match="No such file") as raised:
        client.predict("read", name=np.array([b"/no/such/file"], object))
    assert raised.value.code() == CODES.NOT_FOUND
    with pytest.raises(grpc.RpcError, match="No such file") as raised:
        client.predict("read", name=np.array([b"/no/such/\xff"], object))
    assert raised.value.code() == CODES.INVALID_ARGUMENT, "a text that is no UTF-8 comes without its code"


def test_output_filter(client):
    both = {"a": floats(3), "b": floats(1)}
    assert set(client.predict("two", **both).outputs) == {"sum", "difference"}
    response = client.predict("two", ["difference"], **both)
    assert list(response.outputs) == ["difference"]
    assert list(response.outputs["difference"].float_val) == [2]
    text = "output tensor alias not found in signature: q Outputs expected to be in the set {difference,sum}."
    fails(lambda: client.predict("two", ["q"], **both), CODES.INVALID_ARGUMENT, text)
    text = "duplicate output tensor alias: sum"
    fails(lambda: client.predict("two", ["sum", "sum"], **both), CODES.INVALID_ARGUMENT, text)


def test_defaults_of_the_signature_fill_what_is_missing(client):
    assert list(client.predict("plus", x=floats(1)).outputs["y"].float_val) == [11]
    assert list(client.predict("plus", x=floats(1), plus=np.float32(2)).outputs["y"].float_val) == [3]
    text = (
        "Signature input alias: x(feed name: plus_x:0) not found in request and no default value provided. "
        "Inputs expected to be in the request {plus}, or default input alias set: plus"
    )
    fails(lambda: client.predict("plus", plus=np.float32(2)), CODES.INVALID_ARGUMENT, text)


def test_the_deadline_ends_the_run(client):
    with pytest.raises(grpc.RpcError) as raised:
        client.predict("count", n=np.float32(1e7), timeout=0.3)
    assert raised.value.code() == CODES.DEADLINE_EXCEEDED
    assert list(client.predict("count", n=np.float32(3)).outputs["n"].float_val) == [3]


def test_long_details_are_cut(client):
    name = "x" * 2000
    text = f'Serving signature key "{name}'
    fails(lambda: client.predict(name, x=floats(1)), CODES.FAILED_PRECONDITION, text[:1024] + "...TRUNCATED")


def test_messages_may_be_large(client):
    x = np.ones([1000_000, 2], np.float32)  # 8 MB, twice the limit of a Python server
    assert len(client.predict(x=x).outputs["y"].float_val) == x.size


@pytest.mark.parametrize("shape", [[], [2], [1, 3], [1, 1], [0, 3], [2, 2, 1], [1, 2, 2]])
def test_shapes_are_the_signatures(client, shape):
    text = f"Input x: expected shape [-1,2], got [{','.join(map(str, shape))}]"
    fails(lambda: client.predict(x=np.ones(shape, np.float32)), CODES.INVALID_ARGUMENT, text)
    scalar = "Input plus: expected shape [], got [1]"
    fails(lambda: client.predict("plus", x=floats(1), plus=floats(1)), CODES.INVALID_ARGUMENT, scalar)


def test_zero_rows_answer_with_zero_rows(client):
    assert tf.make_ndarray(client.predict(x=np.ones([0, 2], np.float32)).outputs["y"]).shape == (0, 2)


def test_bytes_that_are_no_message(client):
    method = "/tensorflow.serving.PredictionService/Predict"
    raw = client.channel.unary_unary(method, request_serializer=None, response_deserializer=None)
    for content in (b"\xff" * 100, b"\x0a\xff\xff\xff\xff\x0f"):
        with pytest.raises(grpc.RpcError) as raised:
            raw(content)
        assert raised.value.code() == CODES.INTERNAL
    assert client.predict(x=floats(1, 2, shape=[1, 2])).outputs["y"].float_val[0] == 2
