"""Bodies of predict requests to arrays, and the errors of those that are wrong."""

import json
import math

import numpy as np
import pytest
import tensorflow as tf

from serving.server.errors import ServingError
from serving.server.rest_json.reading import parse, string_bytes
from serving.server.rest_json.requests import arrays_of
from tests.fake_models import tensor_infos


def arrays(body, **dtypes):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return arrays_of(parse(body), tensor_infos(**dtypes))[0]


def error(body, **dtypes):
    with pytest.raises(ServingError) as raised:
        arrays(body, **dtypes)
    return f"{raised.value.code.name}: {raised.value.message}"


def same(array, values, dtype):
    expected = np.array(values, dtype)
    return array.dtype == expected.dtype and array.shape == expected.shape and np.array_equal(array, expected)


TAKEN = [
    ("float32", b"[1, 2.5, 1e39, -1e39]", [1, 2.5, math.inf, -math.inf]),
    ("float64", b"[1, 18446744073709551615, 1e39]", [1, 2.0**64, 1e39]),
    ("int32", b"[-2147483648, 2147483647]", [-(2**31), 2**31 - 1]),
    ("int32", b"[2147483648]", None),
    ("int32", b"[1.0]", None),
    ("int32", b"[1e2]", None),
    ("int32", b"[true]", None),
    ("int8", b"[128, -129, 257]", [-128, 127, 1]),
    ("uint8", b"[256, 255, -1]", [0, 255, 255]),
    ("uint8", b"[2147483648]", None),
    ("int16", b"[32768]", [-32768]),
    ("int64", b"[-9223372036854775808, 9223372036854775807]", [-(2**63), 2**63 - 1]),
    ("int64", b"[9223372036854775808]", None),
    ("uint32", b"[4294967295]", [2**32 - 1]),
    ("uint32", b"[-1]", None),
    ("uint64", b"[18446744073709551615]", [2**64 - 1]),
    ("uint64", b"[18446744073709551616]", None),
    ("bool", b"[true, false]", [True, False]),
    ("bool", b"[1]", None),
    ("float32", b"[true]", None),
    ("float32", b'["1"]', None),
    ("float32", b"[null]", None),
]


@pytest.mark.parametrize(("dtype", "text", "values"), TAKEN)
def test_numbers_of_each_dtype(dtype, text, values):
    body = b'{"inputs": ' + text + b"}"
    if values is not None:
        assert same(arrays(body, x=dtype)["x"], values, dtype)
    else:
        assert error(body, x=dtype).startswith(f"INVALID_ARGUMENT: Input x[0]: expected {dtype}, got ")


def test_a_value_of_the_wrong_type_is_named():
    shown = {"null": "null", "true": "true", "false": "false", '"s"': '"s"', "2.50": "2.5"}
    shown |= {'{"a":1}': "{...}", "[1]": "[...]", "4294967296": "4294967296"}
    for text, name in shown.items():
        message = error(f'{{"inputs":[1,{text}]}}'.encode(), x="int32")
        assert message == f"INVALID_ARGUMENT: Input x[1]: expected int32, got {name}"
    assert error({"inputs": None}, x="int32") == "INVALID_ARGUMENT: Input x: expected int32, got null"


def test_blanks_in_base64_are_passed_over():
    blanks = " \n\t\r\v\f" * 1_000
    assert string_bytes({"b64": f"{blanks}YW{blanks}I={blanks}"}) == b"ab"
    for wrong in ("YW\u00e9I", "YW\ud800I", "YW\u00a0I="):
        with pytest.raises(ValueError, match="Unable to base64 decode"):
            string_bytes({"b64": wrong})


def test_strings_and_base64():
    body = {"inputs": ["é", {"b64": "aGk="}, {"b64": " a G\nk"}, {"b64": ""}, ""]}
    assert arrays(body, x="string")["x"].tolist() == ["é".encode(), b"hi", b"hi", b"", b""]
    assert arrays({"inputs": {"b64": "AAEC"}}, x="string")["x"].tolist() == b"\0\1\2"
    assert arrays({"instances": [{"b64": "AAEC"}]}, x="string")["x"].tolist() == [b"\0\1\2"]
    for wrong in ("_-8=", "a", "aGk==", "aG=k", "aGkx="):
        assert (
            error({"inputs": [{"b64": wrong}]}, x="string") == "INVALID_ARGUMENT: Input x[0]: Unable to base64 decode"
        )
    for wrong in ({"b64": 1}, {"b64": "aGk=", "z": 1}, {}):
        assert 'Input x[0]: expected a string or {"b64": "..."}, got {' in error({"inputs": [wrong]}, x="string")
    assert "Input x[2]: Unable" in error({"instances": ["a", "b", {"b64": "_-8="}]}, x="string")
    assert error({"inputs": [1]}, x="string").endswith("Input x[0]: expected string, got 1")


def test_types_that_json_cannot_carry():
    for dtype in ("float16", "bfloat16", "uint16", "complex64"):
        text = f"Input x: values of type {dtype} cannot be sent as JSON"
        assert error({"inputs": [1.5]}, x=dtype) == f"UNIMPLEMENTED: {text}"
        assert error({"instances": [1.5]}, x=dtype) == f"INVALID_ARGUMENT: {text}"
    assert arrays({"inputs": []}, x="float16")["x"].dtype == np.float16


def test_shapes():
    assert arrays({"inputs": 3}, x="float32")["x"].shape == ()
    assert arrays({"inputs": []}, x="float32")["x"].shape == (0,)
    assert arrays({"instances": [[], []]}, x="float32")["x"].shape == (2, 0)
    assert arrays({"instances": [[[1, 2]], [[3, 4]]]}, x="float32")["x"].tolist() == [[[1, 2]], [[3, 4]]]
    assert arrays({"inputs": {"x": [[1], [2]]}}, x="float32")["x"].shape == (2, 1)
    columns = arrays({"inputs": {"a": [1, 2, 3], "b": 4, "ignored": {}}}, a="float32", b="int64")
    assert columns["a"].shape == (3,) and columns["b"].shape == ()
    rows = arrays({"instances": [{"a": [1, 2], "b": 3}, {"b": 5, "a": [4, 6]}]}, a="float32", b="int64")
    assert rows["a"].tolist() == [[1, 2], [4, 6]] and rows["b"].tolist() == [3, 5]
    assert arrays({"instances": [{"x": [1]}]}, x="float32")["x"].tolist() == [[1]]


RAGGED = [  # values, the error's end, where it is
    ([[1, 2], [3]], "expected a list of 2 values, got one of 1", "[1]"),
    ([[1, 2], [3, [4]]], "expected float32, got [...]", "[1][1]"),
    ([[1, 2], [3, 4], 5], "expected a list of 2 values, got 5", "[2]"),
    ([[[1], [2]], [[3], []]], "expected a list of 1 values, got one of 0", "[1][1]"),
    ([1, 2, True, 3], "expected float32, got true", "[2]"),
]


@pytest.mark.parametrize(("values", "text", "index"), RAGGED)
def test_lists_that_make_no_tensor(values, text, index):
    expected = f"INVALID_ARGUMENT: Input x{index}: {text}"
    assert error({"inputs": values}, x="float32") == expected
    assert error({"instances": values}, x="float32") == expected
    rows = [{"x": each, "y": 0} for each in values]
    assert error({"instances": rows}, x="float32", y="float32") == expected


def test_more_dimensions_than_an_array_can_have():
    for inside in (b"", b"1", b"[],1"):
        body = b'{"inputs":' + b"[" * 200 + inside + b"]" * 200 + b"}"
        assert error(body, x="float32") == "INVALID_ARGUMENT: Input x: more than 64 lists in each other"
    for key in (b"inputs", b"instances"):
        body = b'{"%s":' % key + b"[" * 64 + b"true" + b"]" * 64 + b"}"
        assert error(body, x="float32") == f"INVALID_ARGUMENT: Input x{'[0]' * 64}: expected float32, got true"


def test_rows_that_are_not_like_the_first():
    def row_1(rows, **dtypes):
        return error({"instances": rows}, **dtypes).removeprefix("INVALID_ARGUMENT: Row 1 of 'instances': expected ")

    assert row_1([{"x": 1}, {"y": 1}], x="float32") == "an object with the keys x, got {...}"
    assert row_1([{"x": 1}, {}], x="float32") == "an object with the keys x, got {}"
    assert row_1([{"b": 1, "a": 2}, {"b": 1}], a="int32", b="int32") == "an object with the keys a, b, got {...}"
    assert row_1([{"x": 1}, 2], x="int32") == "an object with the keys x, got 2"
    assert row_1([1, {"x": 1}], x="int32") == "a value or a list, got {...}"


def test_several_inputs_need_names():
    for key in ("instances", "inputs"):
        text = "Expected values by the names of the inputs: a, b"
        assert error({key: [1]}, a="int32", b="int32") == f"INVALID_ARGUMENT: {text}"
    missing = error({"inputs": {"a": 1}}, a="int32", b="int32")
    assert missing == "INVALID_ARGUMENT: Missing named input: b in 'inputs' object."


def test_which_keys_a_body_must_have():
    both, none = "expecting only one of 'inputs' or 'instances' keys to exist", "Missing 'inputs' or 'instances' key"
    for body, text in (({"instances": [1], "inputs": [1]}, both), ({"a": 1}, none)):
        assert error(body, x="int32") == f"INVALID_ARGUMENT: {text}"
    rows = "INVALID_ARGUMENT: 'instances' must be a list of rows, one or more, got"
    assert error({"instances": 1}, x="int32") == f"{rows} 1"
    assert error({"instances": []}, x="int32") == f"{rows} []"
    assert error({"instances": [1]}) == "INVALID_ARGUMENT: The signature has no inputs"


def test_big_arrays_are_what_numpy_says():
    images = np.random.default_rng(0).random((8, 16, 16, 3))
    array = arrays({"instances": images.tolist()}, x=tf.float32)["x"]
    np.testing.assert_array_equal(array, images.astype(np.float32))
