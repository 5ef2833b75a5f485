"""Arrays to the text of responses, against a scalar reading of TensorFlow Serving's rules for numbers."""

import json
import math

import ml_dtypes
import numpy as np
import pytest
from tensorflow_serving.apis import classification_pb2, regression_pb2

from serving.server.errors import ServingError
from serving.server.rest_json.reading import parse
from serving.server.rest_json.requests import input_of
from serving.server.rest_json.writing import (
    classifications_body,
    error_body,
    float_texts,
    outputs_body,
    predictions_body,
    regressions_body,
)


def f32(*values):
    return np.array(values, np.float32)


def strings(*values):
    return np.array(values, object)


def one_text(value, dtype):
    """The rule for one float, word by word."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    text = f"{value:g}"
    with np.errstate(over="ignore"):
        if dtype(float(text)) != value:
            text = f"{value:.9g}" if dtype is np.float32 else f"{value:.17g}"
    return text if "." in text or "e" in text else text + ".0"


def test_floats_that_people_know():
    shown = {3: "3.0", 0.1: "0.1", 1 / 3: "0.333333343", 9e6: "9e+06", 1435774380: "1.43577434e+09", -0.0: "-0.0"}
    shown |= {16777216: "16777216.0", 1e-45: "1.4013e-45", 3.4028235e38: "3.40282347e+38", 0.00003: "3e-05"}
    assert float_texts(f32(*shown)) == list(shown.values())
    assert float_texts(np.array([0.1, 1 / 3, 1e22, math.nan, -math.inf])) == [
        *("0.1", "0.33333333333333331", "1e+22", "NaN", "-Infinity")
    ]


@pytest.mark.parametrize(("dtype", "bits"), [(np.float32, np.uint32), (np.float64, np.uint64)])
def test_floats_of_every_kind(dtype, bits):
    random = np.random.default_rng(0)
    anything = random.integers(0, np.iinfo(bits).max, 20_000, bits, endpoint=True).view(dtype)
    powers = 10.0 ** random.integers(-44, 38, 20_000)
    few_digits = np.array([float(f"{value:.5g}") for value in random.normal(size=20_000) * powers]).astype(dtype)
    whole = random.integers(-(10**7), 10**7, 20_000).astype(dtype)
    for numbers in (anything, few_digits, whole):
        assert float_texts(numbers) == [one_text(value, dtype) for value in numbers.tolist()]


def test_rows_and_columns_of_one_output_and_of_several():
    pair = f32(1, 2, 3, 4).reshape(2, 2)
    assert predictions_body({"y": f32(1, 2.5)}) == b'{"predictions": [1.0, 2.5]}\n'
    assert predictions_body({"y": pair}) == b'{"predictions": [[1.0, 2.0], [3.0, 4.0]]}\n'
    assert predictions_body({"y": np.zeros([0, 3], np.float32)}) == b'{"predictions": []}\n'
    assert predictions_body({"y": np.zeros([2, 0], np.float32)}) == b'{"predictions": [[], []]}\n'
    assert predictions_body({"a": f32(1, 2), "b_bytes": strings(b"\0", b"")}) == (
        b'{"predictions": [{"a": 1.0, "b_bytes": {"b64": "AA=="}}, {"a": 2.0, "b_bytes": {"b64": ""}}]}\n'
    )
    assert outputs_body({"y": f32(1)[0]}) == b'{"outputs": 1.0}\n'
    assert outputs_body({"y": np.zeros([2, 0, 3])}) == b'{"outputs": [[], []]}\n'
    assert outputs_body({"y": np.zeros([0, 3, 2])}) == b'{"outputs": []}\n'
    assert outputs_body({"a": np.array([True, False]), "b": np.array(3)}) == (
        b'{"outputs": {"a": [true, false], "b": 3}}\n'
    )


def test_values_read_back():
    outputs = {
        "u": np.array([[0, 255]], np.uint8),
        "i": np.array([[-(2**63), 2**63 - 1]]),
        "big": np.array([2**64 - 1], np.uint64),
        "text": strings('é\n\x01"\\/'.encode()),
        "x_bytes": strings(b"\xff\0"),
        "b": np.array([[[True]]]),
    }
    expected = {
        "u": [0, 255],
        "i": [-(2**63), 2**63 - 1],
        "big": 2**64 - 1,
        "text": 'é\n\x01"\\/',
        "x_bytes": {"b64": "/wA="},
        "b": [[True]],
    }
    assert json.loads(predictions_body(outputs)) == {"predictions": [expected]}
    assert json.loads(outputs_body(outputs)) == {"outputs": {key: [value] for key, value in expected.items()}}


def test_strings_are_written_as_their_bytes():
    assert predictions_body({"y": strings(b"\xff", b"\x1f\x7f")}) == b'{"predictions": ["\xff", "\\u001f\x7f"]}\n'
    assert json.loads(error_body('a "b"\n\u00e9')) == {"error": 'a "b"\n\u00e9'}


def error(function, *arguments):
    with pytest.raises(ServingError) as raised:
        function(*arguments)
    assert raised.value.code.name == "INVALID_ARGUMENT"
    return raised.value.message


def test_outputs_that_cannot_be_written():
    kinds = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "uint16": np.uint16, "complex64": np.complex64}
    for name, dtype in kinds.items():
        for write in (predictions_body, outputs_body):
            message = error(write, {"y": np.zeros([1], dtype)})
            assert message == f"Failed to write JSON value for tensor type: {name}"
    no_rows = "Outputs of the shapes {} make no rows; send 'inputs' instead of 'instances'"
    assert error(predictions_body, {"y": f32(1)[0]}) == no_rows.format({"y": []})
    different = {"p": f32(1, 2), "q": f32(1, 2, 3)}
    assert error(predictions_body, different) == no_rows.format({"p": [2], "q": [3]})
    assert json.loads(outputs_body(different)) == {"outputs": {"p": [1, 2], "q": [1, 2, 3]}}


def examples(body):
    return input_of(parse(body))


def test_examples_take_one_kind_of_value_per_feature():
    listed = examples(
        b'{"examples": [{"f": [1.5, 2e0, 1e39], "i": [1, true], "s": ["a", {"b64": "AA=="}], "e": [], "one": 3}]}'
    )
    (example,) = listed.example_list.examples
    feature = example.features.feature
    assert feature["f"].float_list.value == [1.5, 2, math.inf]
    assert feature["i"].int64_list.value == [1, 1] and feature["one"].int64_list.value == [3]
    assert feature["s"].bytes_list.value == [b"a", b"\0"]
    assert feature["e"].WhichOneof("kind") is None
    with_context = examples(b'{"context": {"c": 1}, "examples": [{}, {"f": 1.0}]}').example_list_with_context
    assert with_context.context.features.feature["c"].int64_list.value == [1] and len(with_context.examples) == 2


LIST = "'examples' must be a list of objects, one or more, got"
KINDS = "Feature f: expected only integers, only floats, or only strings, got"
EXAMPLE_ERRORS = {
    b'{"a": 1}': f"{LIST} null",
    b'{"examples": 1}': f"{LIST} 1",
    b'{"examples": []}': f"{LIST} []",
    b'{"examples": [[]]}': "An example must be an object, got []",
    b'{"context": true, "examples": [{}]}': "An example must be an object, got true",
    b'{"examples": [{"f": null}]}': f"{KINDS} null",
    b'{"examples": [{"f": [[1]]}]}': f"{KINDS} [...]",
    b'{"examples": [{"f": {"a": 1}}]}': 'Feature f: expected a string or {"b64": "..."}, got {...}',
    b'{"examples": [{"f": [1, 1.5]}]}': f"{KINDS} 1, 1.5",
    b'{"examples": [{"f": ["s", 1]}]}': f'{KINDS} "s", 1',
    b'{"examples": [{"f": [1.5, "s"]}]}': f'{KINDS} 1.5, "s"',
    b'{"examples": [{"f": 9223372036854775808}]}': "Feature f: Value out of range: 9223372036854775808",
    b'{"examples": [{"f": {"b64": "!"}}]}': "Feature f: Unable to base64 decode",
}


@pytest.mark.parametrize("body", EXAMPLE_ERRORS)
def test_examples_that_are_wrong(body):
    assert error(examples, body) == EXAMPLE_ERRORS[body]


def test_results_of_classify_and_regress():
    result = classification_pb2.ClassificationResult()
    for label, score in (("cat", 0.5), ("dog", 1.0)):
        result.classifications.add().classes.add(label=label, score=score)
    assert classifications_body(result) == b'{"results": [[["cat", 0.5]], [["dog", 1.0]]]}\n'
    empty = "Cannot convert empty results to JSON"
    assert error(classifications_body, classification_pb2.ClassificationResult()) == empty
    values = regression_pb2.RegressionResult()
    for value in (0.1, 2.0):
        values.regressions.add(value=value)
    assert regressions_body(values) == b'{"results": [0.1, 2.0]}\n'
    assert error(regressions_body, regression_pb2.RegressionResult()) == empty
