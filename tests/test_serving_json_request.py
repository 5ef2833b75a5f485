"""Bodies of predict requests to arrays, and the errors of those that are wrong."""

import json
import math

import numpy as np
import pytest
import tensorflow as tf

from serving.server.errors import ServingError
from serving.server.rest_json.arrays import arrays_of
from serving.server.rest_json.reading import parse, string_bytes
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
        assert error(body, x=dtype).endswith(f"is not of expected type: {'float' if dtype == 'float32' else dtype}")


def test_a_value_of_the_wrong_type_is_named():
    shown = {
        "null": "null Type: Null",
        "true": "true Type: True",
        "false": "false Type: False",
        '"s"': '"s" Type: String',
    }
    shown |= {"2.50": "2.5 Type: Number", '{"a":1}': "{...} Type: Object", "[1]": "[...] Type: Array"}
    for text, name in shown.items():
        message = error(f'{{"inputs":[1,{text}]}}'.encode(), x="int32")
        assert message == f"INVALID_ARGUMENT: JSON Value: {name} is not of expected type: int32"


def test_blanks_in_base64_are_passed_over():
    blanks = " \n\t\r\v\f" * 1_000
    assert string_bytes({"b64": f"{blanks}YW{blanks}I={blanks}"}) == b"ab"
    for wrong in ("YW\u00e9I", "YW\ud800I", "YW\u00a0I="):
        with pytest.raises(ServingError, match="Unable to base64 decode"):
            string_bytes({"b64": wrong})


def test_strings_and_base64():
    body = {"inputs": ["é", {"b64": "aGk="}, {"b64": " a G\nk"}, {"b64": ""}, ""]}
    assert arrays(body, x="string")["x"].tolist() == ["é".encode(), b"hi", b"hi", b"", b""]
    assert arrays({"inputs": {"b64": "AAEC"}}, x="string")["x"].tolist() == b"\0\1\2"
    assert arrays({"instances": [{"b64": "AAEC"}]}, x="string")["x"].tolist() == [b"\0\1\2"]
    for wrong in ("_-8=", "a", "aGk==", "aG=k", "aGkx="):
        assert error({"inputs": [{"b64": wrong}]}, x="string") == "INVALID_ARGUMENT: Unable to base64 decode"
    for wrong in ({"b64": 1}, {"b64": "aGk=", "z": 1}, {}):
        assert error({"inputs": [wrong]}, x="string").endswith("} not formatted correctly for base64 data")
    assert "element: 2 of" in error({"instances": ["a", "b", {"b64": "_-8="}]}, x="string")
    assert error({"inputs": [1]}, x="string").endswith("JSON Value: 1 Type: Number is not of expected type: string")


def test_types_that_json_cannot_carry():
    for dtype, name in (
        ("float16", "half"),
        ("bfloat16", "bfloat16"),
        ("uint16", "uint16"),
        ("complex64", "complex64"),
    ):
        text = f"Conversion of JSON Value: 1.5 to type: {name}"
        assert error({"inputs": [1.5]}, x=dtype) == f"UNIMPLEMENTED: {text}"
        where = "INVALID_ARGUMENT: Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: "
        assert error({"instances": [1.5]}, x=dtype) == where + text
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


RAGGED = [  # values, the error's end, the row that it is in
    ([[1, 2], [3]], "Encountered list at unexpected size: 1 at level: 1 expected size: 2", 1),
    ([[1, 2], [3, [4]]], "JSON Value: [...] Type: Array is not of expected type: float", 1),
    ([[1, 2], [3, 4], 5], "Encountered list at no list, 5, at level: 1 expected size: 2", 2),
    ([[[1], [2]], [[3], []]], "Encountered list at unexpected size: 0 at level: 2 expected size: 1", 1),
    ([1, 2, True, 3], "JSON Value: true Type: True is not of expected type: float", 2),
]


@pytest.mark.parametrize(("values", "text", "row"), RAGGED)
def test_lists_that_make_no_tensor(values, text, row):
    assert error({"inputs": values}, x="float32") == f"INVALID_ARGUMENT: {text}"
    where = f"Failed to process element: {row}{{}} of 'instances' list. Error: INVALID_ARGUMENT: "
    assert error({"instances": values}, x="float32") == f"INVALID_ARGUMENT: {where.format('')}{text}"
    rows = [{"x": each, "y": 0} for each in values]
    text = f"INVALID_ARGUMENT: {where.format(' key: x')}{text}"
    assert error({"instances": rows}, x="float32", y="float32") == text


def test_more_dimensions_than_an_array_can_have():
    body = b'{"inputs":' + b"[" * 200 + b"]" * 200 + b"}"
    assert error(body, x="float32") == "INVALID_ARGUMENT: tensor parsing error: x"


def test_rows_that_are_not_like_the_first():
    keys = "Failed to process element: 1 of 'instances' list. JSON object: {} keys must be equal to: "
    assert error({"instances": [{"x": 1}, {"y": 1}]}, x="float32").endswith(keys.format("{...}") + "x")
    assert error({"instances": [{"x": 1}, {}]}, x="float32").endswith(keys.format("{}") + "x")
    assert error({"instances": [{"b": 1, "a": 2}, {"b": 1}]}, a="int32", b="int32").endswith("equal to: a,b")
    assert error({"instances": [{"x": 1}, 2]}, x="int32").endswith(
        "Expecting object but got list at item 1 of input list"
    )
    assert error({"instances": [1, {"x": 1}]}, x="int32").endswith(
        "Expecting value/list but got object at item 1 of input list"
    )


def test_several_inputs_need_names():
    several = "as multiple input tensors required as per tensorinfo_map"
    row = f"instances is a plain list, but expecting list of objects {several}"
    column = f"inputs is a plain value/list, but expecting an object {several}"
    assert error({"instances": [1]}, a="int32", b="int32") == f"INVALID_ARGUMENT: {row}"
    assert error({"inputs": [1]}, a="int32", b="int32") == f"INVALID_ARGUMENT: {column}"
    missing = error({"inputs": {"a": 1}}, a="int32", b="int32")
    assert missing == "INVALID_ARGUMENT: Missing named input: b in 'inputs' object."


def test_which_keys_a_body_must_have():
    only = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
    assert error({"instances": [1], "inputs": [1]}, x="int32") == f"INVALID_ARGUMENT: JSON Value: {{...}} {only}"
    assert error({"a": 1}, x="int32") == "INVALID_ARGUMENT: Missing 'inputs' or 'instances' key"
    assert error({"instances": 1}, x="int32").endswith("} Expecting 'instances' to be an list/array")
    assert error({"instances": []}, x="int32").endswith("} No values in 'instances' array")
    assert error({"instances": [1]}) == "INVALID_ARGUMENT: Failed to get input map for signature: DEFAULT"


def test_big_arrays_are_what_numpy_says():
    images = np.random.default_rng(0).random((8, 16, 16, 3))
    array = arrays({"instances": images.tolist()}, x=tf.float32)["x"]
    np.testing.assert_array_equal(array, images.astype(np.float32))
