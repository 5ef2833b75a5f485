"""Which JSON values a tensor of each type takes, and nested lists of them as arrays, fast."""

import binascii
import re
from itertools import chain
from typing import NamedTuple

import numpy as np
from tensorflow.core.framework import types_pb2 as types

from serving.server.errors import ServingError
from serving.server.json_text import invalid, wrong
from serving.server.json_values import Object, is_base64
from serving.server.json_writer import encode

MAX_RANK = 64  # of NumPy
_BASE64 = re.compile(r"([A-Za-z0-9+/]*)([=.]*)")


class Kind(NamedTuple):
    """The types of JSON values that are taken, dtypes to read them as and to end with, and the bounds of integers."""

    types: set
    read_as: type
    dtype: type
    low: int | None = None
    high: int | None = None

    def takes(self, value):
        return type(value) in self.types and (self.low is None or self.low <= value <= self.high)

    def array(self, values, shape):
        """Values that are taken, strings as bytes. Small integers wrap; what a float32 cannot hold is infinite."""
        with np.errstate(over="ignore"):
            return np.array(values, self.read_as).astype(self.dtype, copy=False).reshape(shape)


def _small_integers(dtype):
    return Kind({int}, np.int64, dtype, -(2**31), 2**31 - 1)


KINDS = {
    types.DT_FLOAT: Kind({float, int}, np.float64, np.float32),
    types.DT_DOUBLE: Kind({float, int}, np.float64, np.float64),
    types.DT_INT8: _small_integers(np.int8),
    types.DT_INT16: _small_integers(np.int16),
    types.DT_INT32: _small_integers(np.int32),
    types.DT_UINT8: _small_integers(np.uint8),
    types.DT_INT64: Kind({int}, np.int64, np.int64, -(2**63), 2**63 - 1),
    types.DT_UINT32: Kind({int}, np.int64, np.uint32, 0, 2**32 - 1),
    types.DT_UINT64: Kind({int}, np.uint64, np.uint64, 0, 2**64 - 1),
    types.DT_BOOL: Kind({bool}, np.bool_, np.bool_),
    types.DT_STRING: Kind({str, Object}, object, object),
}


def array_of(value, dtype):
    """The array that `value` is, or None where its shape or any of its values needs a closer look."""
    kind = KINDS.get(dtype)
    values, shape = _flatten(value)
    found = set(map(type, values))
    if kind is None or not found <= kind.types or len(shape) > MAX_RANK:
        return None
    if values and kind.low is not None and not kind.low <= min(values) <= max(values) <= kind.high:
        return None
    if dtype != types.DT_STRING:
        return kind.array(values, shape)
    try:
        return kind.array([string_bytes(each) for each in values], shape)
    except ServingError:
        return None


def _flatten(value):
    """(values, shape), a level at a time. Unequal lists are left among the values, where no kind takes them."""
    values, shape = [value], []
    while values and type(values[0]) is list:
        sizes = set(map(len, values)) if set(map(type, values)) == {list} else ()
        if len(sizes) != 1:
            break
        shape.extend(sizes)
        values = list(chain.from_iterable(values))
    return values, shape


def string_bytes(value):
    """The bytes of a JSON string, or of {"b64": "..."}."""
    if type(value) is str:
        return encode(value)
    if not is_base64(value):
        raise wrong(value, "not formatted correctly for base64 data")
    match = _BASE64.fullmatch(re.sub(r"[ \t\n\v\f\r]", "", value[0][1]))
    digits, padding = match.groups() if match else ("A", "")
    missing = -len(digits) % 4
    if missing == 3 or len(padding) not in (0, missing):
        raise invalid("Unable to base64 decode")
    return binascii.a2b_base64(digits + "=" * missing)


def dtype_name(dtype):
    """As TensorFlow's C++ prints it: "half" for DT_HALF."""
    return types.DataType.Name(dtype)[len("DT_") :].lower()
