"""The body of a predict request to arrays: {"instances": [row, ...]} or {"inputs": columns}, one array per input.

Nested lists become arrays a level at a time, without a step of Python per number.
"""

from itertools import chain
from typing import NamedTuple

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2 as types

from serving.server.errors import ServingError, invalid_argument
from serving.server.rest_json.reading import is_base64, shown, string_bytes, type_name

MAX_RANK = 64  # of NumPy
_SEVERAL = "as multiple input tensors required as per tensorinfo_map"


class Kind(NamedTuple):
    """The types of JSON values that a dtype takes, dtypes to read them as and to end with, and bounds of integers."""

    types: set
    read_as: type
    dtype: type
    low: int | None = None
    high: int | None = None

    def takes(self, value):
        """Return True where `value` can be an element."""
        return type(value) in self.types and (self.low is None or self.low <= value <= self.high)

    def takes_all(self, values):
        """Return True where all of `values` can."""
        if not set(map(type, values)) <= self.types:
            return False
        return self.low is None or not values or self.low <= min(values) <= max(values) <= self.high


def _small_integers(dtype):
    """Whatever fits 32 bits is taken, and wraps."""
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
    types.DT_STRING: Kind({str, dict}, object, object),
}


class MisfitError(ServingError):
    """A value that does not fit its tensor, at `place` of `count` values of its level."""

    def __init__(self, place, count, message, code=grpc.StatusCode.INVALID_ARGUMENT):
        super().__init__(code, message)
        self.place, self.count = place, count


def arrays_of(document, inputs, signature_name=""):
    """({alias: array}, whether rows were sent). `inputs` is {alias: TensorInfo}, as the signature has it."""
    if not inputs:
        raise invalid_argument(f"Failed to get input map for signature: {signature_name or 'DEFAULT'}")
    found = [key for key in ("instances", "inputs") if key in document]
    if not found:
        raise invalid_argument("Missing 'inputs' or 'instances' key")
    if len(found) > 1:
        text = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
        raise invalid_argument(f"JSON Value: {shown(document)} {text}")
    if found == ["inputs"]:
        return _of_columns(document["inputs"], inputs), False
    rows = document["instances"]
    if type(rows) is not list or not rows:
        text = "No values in 'instances' array" if rows == [] else "Expecting 'instances' to be an list/array"
        raise invalid_argument(f"JSON Value: {shown(document)} {text}")
    return _of_rows(rows, inputs), True


def _of_columns(columns, inputs):
    if not _is_named(columns):
        if len(inputs) > 1:
            raise invalid_argument(f"inputs is a plain value/list, but expecting an object {_SEVERAL}")
        columns = {next(iter(inputs)): columns}
    for alias in inputs:
        if alias not in columns:
            raise invalid_argument(f"Missing named input: {alias} in 'inputs' object.")
    return {alias: array_of(columns[alias], alias, info.dtype) for alias, info in inputs.items()}


def _of_rows(rows, inputs):
    named = _is_named(rows[0])
    if not named and len(inputs) > 1:
        raise invalid_argument(f"instances is a plain list, but expecting list of objects {_SEVERAL}")
    for place, row in enumerate(rows):
        if _is_named(row) != named:
            expected, found = ("object", "list") if named else ("value/list", "object")
            raise invalid_argument(f"Expecting {expected} but got {found} at item {place} of input list")
        if named and row.keys() != inputs.keys():
            text = f"JSON object: {shown(row)} keys must be equal to: {','.join(sorted(inputs))}"
            raise invalid_argument(f"Failed to process element: {place} of 'instances' list. {text}")
    arrays = {}
    for alias, info in inputs.items():
        try:
            arrays[alias] = array_of([row[alias] for row in rows] if named else rows, alias, info.dtype)
        except MisfitError as error:
            where = f"{error.place * len(rows) // error.count}{f' key: {alias}' * named}"
            text = f"{error.code.name}: {error.message}"
            raise invalid_argument(f"Failed to process element: {where} of 'instances' list. Error: {text}") from None
    return arrays


def _is_named(value):
    return type(value) is dict and not is_base64(value)


def array_of(value, alias, dtype):
    """The array of nested lists. Small integers wrap; what a float32 cannot hold is infinite."""
    values, shape = _flatten(value)
    if len(shape) > MAX_RANK:
        raise invalid_argument(f"tensor parsing error: {alias}")
    kind = KINDS.get(dtype)
    if kind is None and values:
        text = f"Conversion of JSON Value: {shown(values[0])} to type: {dtype_name(dtype)}"
        raise MisfitError(0, len(values), text, grpc.StatusCode.UNIMPLEMENTED)
    if kind is None:
        return np.zeros(shape, tf.as_dtype(dtype).as_numpy_dtype)
    if not kind.takes_all(values):
        place, wrong = next((place, each) for place, each in enumerate(values) if not kind.takes(each))
        text = f"JSON Value: {shown(wrong)} Type: {type_name(wrong)} is not of expected type: {dtype_name(dtype)}"
        raise MisfitError(place, len(values), text)
    if dtype == types.DT_STRING:
        values = _strings(values)
    with np.errstate(over="ignore"):
        return np.array(values, kind.read_as).astype(kind.dtype, copy=False).reshape(shape)


def _flatten(value):
    """(values, shape). All lists of a level must be of one length."""
    values, shape = [value], []
    while values and type(values[0]) is list:
        size = len(values[0])
        if set(map(type, values)) != {list} or set(map(len, values)) != {size}:
            place, odd = next((p, each) for p, each in enumerate(values) if type(each) is not list or len(each) != size)
            text = f"unexpected size: {len(odd)}" if type(odd) is list else f"no list, {shown(odd)},"
            raise MisfitError(
                place, len(values), f"Encountered list at {text} at level: {len(shape)} expected size: {size}"
            )
        shape.append(size)
        values = list(chain.from_iterable(values))
    return values, shape


def _strings(values):
    strings = []
    for value in values:
        try:
            strings.append(string_bytes(value))
        except ServingError as error:
            raise MisfitError(len(strings), len(values), error.message) from None
    return strings


def dtype_name(dtype):
    """As TensorFlow's C++ prints it: "half" for DT_HALF."""
    return types.DataType.Name(dtype)[len("DT_") :].lower()
