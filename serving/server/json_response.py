"""Arrays to the body of a predict response: {"predictions": rows} or {"outputs": columns}."""

import base64
import math

import tensorflow as tf
from tensorflow.core.framework import types_pb2 as types

from serving.server.json_arrays import KINDS, dtype_name
from serving.server.json_floats import float_texts
from serving.server.json_text import invalid
from serving.server.json_writer import encode, quote


def predictions_body(outputs):
    """Rows of {alias: array}, one line each: bare values of one output, objects of several."""
    batch = _batch_size(outputs)
    around = 2 if len(outputs) == 1 else 3
    columns = {alias: _parts(alias, array, 1, around, spread=False) for alias, array in outputs.items()}
    if len(columns) == 1:
        rows = ", ".join(*columns.values())
    else:
        names = [f"{_line(3)}{quote(alias)}: " for alias in columns]
        objects = [",".join(map("".join, zip(names, row))) for row in zip(*columns.values())]
        rows = ",".join(f"{_line(2)}{{{row}{_line(2)}}}" for row in objects)
    return _body("predictions", f"[{rows}{_line(1)}]" if batch else "[]")


def outputs_body(outputs):
    """Columns of {alias: array}: the bare value of one output, an object of several."""
    around = 1 if len(outputs) == 1 else 2
    columns = {alias: _parts(alias, array, 0, around, spread=True)[0] for alias, array in outputs.items()}
    if len(columns) == 1:
        return _body("outputs", *columns.values())
    members = ",".join(f"{_line(2)}{quote(alias)}: {column}" for alias, column in columns.items())
    return _body("outputs", f"{{{members}{_line(1)}}}")


def _body(key, value):
    return encode(f'{{{_line(1)}"{key}": {value}{_line(0)}}}')


def _line(level):
    return "\n" + "    " * level


def _batch_size(outputs):
    sizes = []
    for alias, array in outputs.items():
        if not array.ndim:
            raise invalid(f"Tensor name: {alias} has no shape information ")
        sizes.append(len(array))
        if sizes[-1] != sizes[0]:
            raise invalid(f"Tensor name: {alias} has inconsistent batch size: {sizes[-1]} expecting: {sizes[0]}")
    return sizes[0]


def _parts(alias, array, axis, around, spread):
    """The texts of the parts along the axes before `axis`, each with `around` levels of JSON around it."""
    shape = array.shape[axis:]
    texts = _values(alias, array, around + len(shape))
    for level in reversed(range(len(shape))):
        size, count = shape[level], math.prod(array.shape[: axis + level])
        if not size:
            texts = ["[]"] * count
            continue
        gap = "," + _line(around + level + 1) if spread else ", "
        start, end = (_line(around + level + 1), _line(around + level)) if spread else ("", "")
        texts = [f"[{start}{gap.join(texts[at : at + size])}{end}]" for at in range(0, count * size, size)]
    return texts


def _values(alias, array, around):
    """The texts of all elements."""
    dtype = tf.as_dtype(array.dtype).as_datatype_enum
    if array.size and dtype not in KINDS:
        raise invalid(f"Failed to write JSON value for tensor type: {dtype_name(dtype)}")
    if dtype in (types.DT_FLOAT, types.DT_DOUBLE):
        return float_texts(array)
    values = array.ravel().tolist()
    if dtype == types.DT_BOOL:
        return ["true" if value else "false" for value in values]
    if dtype != types.DT_STRING:
        return list(map(str, values))
    if not alias.endswith("_bytes"):
        return [quote(value.decode("utf-8", "surrogateescape")) for value in values]
    start, end = _line(around + 1), _line(around)
    return [f'{{{start}"b64": "{base64.b64encode(value).decode()}"{end}}}' for value in values]
