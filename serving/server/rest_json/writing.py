"""Arrays and results to the JSON text of answers, with numbers as TensorFlow Serving prints them."""

import base64
import json
import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2 as types

from serving.server.errors import invalid_argument
from serving.server.rest_json.requests import KINDS

MAX_ERROR = 10_000  # characters


def error_body(message):
    """The body of an error. It may quote what a client sent, which may be long."""
    return _object(error=quote(message[:MAX_ERROR] + "...TRUNCATED" * (len(message) > MAX_ERROR)))


def predictions_body(outputs):
    """Rows of {alias: array}: bare values of one output, objects of several."""
    shapes = {alias: list(array.shape) for alias, array in outputs.items()}
    if not all(shapes.values()) or len({shape[0] for shape in shapes.values()}) > 1:
        raise invalid_argument(f"Outputs of the shapes {shapes} make no rows; send 'inputs' instead of 'instances'")
    columns = {alias: _texts(alias, array, 1) for alias, array in outputs.items()}
    if len(columns) == 1:
        (rows,) = columns.values()
    else:
        rows = [_members(dict(zip(columns, row))) for row in zip(*columns.values())]
    return _object(predictions=_list(rows))


def outputs_body(outputs):
    """Columns of {alias: array}: the bare value of one output, an object of several."""
    columns = {alias: _texts(alias, array, 0)[0] for alias, array in outputs.items()}
    return _object(outputs=next(iter(columns.values())) if len(columns) == 1 else _members(columns))


def classifications_body(result):
    """ClassificationResult: [label, score] pairs of each example."""
    rows = []
    for classifications in result.classifications:
        scores = float_texts(np.array([each.score for each in classifications.classes], np.float32))
        rows.append(_list(f"[{quote(each.label)}, {score}]" for each, score in zip(classifications.classes, scores)))
    return _results(rows)


def regressions_body(result):
    """RegressionResult: a value for each example."""
    return _results(float_texts(np.array([each.value for each in result.regressions], np.float32)))


def _results(texts):
    if not texts:
        raise invalid_argument("Cannot convert empty results to JSON")
    return _object(results=_list(texts))


def quote(text):
    """A JSON string. Bytes that are not UTF-8 stay what surrogateescape made of them."""
    return json.dumps(text, ensure_ascii=False)


def _list(texts):
    return f"[{', '.join(texts)}]"


def _members(texts):
    return "{" + ", ".join(f"{quote(name)}: {text}" for name, text in texts.items()) + "}"


def _object(**texts):
    return (_members(texts) + "\n").encode("utf-8", "surrogateescape")


def _texts(alias, array, axis):
    """The texts of the parts along the axes before `axis`."""
    texts = _values(alias, array)
    for level in reversed(range(axis, array.ndim)):
        size, count = array.shape[level], math.prod(array.shape[:level])
        texts = [f"[{', '.join(texts[at : at + size])}]" for at in range(0, count * size, size or 1)] or ["[]"] * count
    return texts


def _values(alias, array):
    """The texts of all elements."""
    dtype = tf.as_dtype(array.dtype).as_datatype_enum
    if array.size and dtype not in KINDS:
        raise invalid_argument(f"Failed to write JSON value for tensor type: {array.dtype}")
    if dtype in (types.DT_FLOAT, types.DT_DOUBLE):
        return float_texts(array)
    values = array.ravel().tolist()
    if dtype == types.DT_BOOL:
        return ["true" if value else "false" for value in values]
    if dtype != types.DT_STRING:
        return list(map(str, values))
    if alias.endswith("_bytes"):
        return [f'{{"b64": "{base64.b64encode(value).decode()}"}}' for value in values]
    return [quote(value.decode("utf-8", "surrogateescape")) for value in values]


def float_texts(array):
    """%g where that reads back as the same number, else %.9g or %.17g, with ".0" if whole: 3.0, 0.333333343, 9e+06."""
    flat = array.ravel()
    long = "%.9g" if flat.dtype == np.float32 else "%.17g"
    texts = list(map(long.__mod__, flat.tolist()))
    maybe_short = np.flatnonzero(_may_be_short(flat))
    numbers = flat[maybe_short]
    shorts = list(map("%g".__mod__, numbers.tolist()))
    with np.errstate(over="ignore", invalid="ignore"):
        same = np.array(list(map(float, shorts))).astype(flat.dtype) == numbers
        whole = np.flatnonzero(flat == np.rint(flat))
    for index, short, is_same in zip(maybe_short.tolist(), shorts, same.tolist()):
        if is_same:
            texts[index] = short
    for index in whole.tolist():
        if "." not in texts[index] and "e" not in texts[index]:
            texts[index] += ".0"
    for index in np.flatnonzero(~np.isfinite(flat)).tolist():
        texts[index] = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(flat[index])]
    return texts


def _may_be_short(flat):
    """Mask of the numbers for which six digits may be enough, and a few others: it saves printing the rest twice."""
    limits = np.finfo(flat.dtype)
    with np.errstate(all="ignore"):
        numbers = flat.astype(np.float64)
        scale = 10.0 ** (5 - np.floor(np.log10(np.abs(numbers))))
        distance = np.abs(np.rint(numbers * scale) / scale - numbers)
        return ~(distance > np.abs(numbers) * 4 * limits.eps + limits.smallest_subnormal)
