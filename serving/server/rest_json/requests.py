"""The bodies of requests: {"instances": rows} or {"inputs": columns} to arrays, {"examples": [...]} to tf.Examples."""

from itertools import chain

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.example import example_pb2
from tensorflow.core.framework import types_pb2 as types
from tensorflow_serving.apis import input_pb2

from serving.server.errors import ServingError, invalid_argument
from serving.server.rest_json.reading import is_base64, shown, string_bytes

MAX_RANK = 64  # of NumPy
_SMALL = ({int}, range(-(2**31), 2**31), np.int64)  # whatever fits 32 bits is taken, and wraps
KINDS = {  # of each dtype that JSON can carry: the types of JSON values, integers of them, and the type to read them as
    types.DT_FLOAT: ({float, int}, None, np.float64),
    types.DT_DOUBLE: ({float, int}, None, np.float64),
    types.DT_INT8: _SMALL,
    types.DT_INT16: _SMALL,
    types.DT_INT32: _SMALL,
    types.DT_UINT8: _SMALL,
    types.DT_INT64: ({int}, range(-(2**63), 2**63), np.int64),
    types.DT_UINT32: ({int}, range(2**32), np.int64),
    types.DT_UINT64: ({int}, range(2**64), np.uint64),
    types.DT_BOOL: ({bool}, None, np.bool_),
    types.DT_STRING: ({str, dict}, None, object),
}
_FEATURES = {  # field of a Feature: (types of JSON values, what makes them the field's)
    "int64_list": ({int, bool}, int),
    "float_list": ({float}, float),
    "bytes_list": ({str, dict}, string_bytes),
}


def arrays_of(document, inputs):
    """({alias: array}, whether rows were sent). `inputs` is {alias: TensorInfo}, as the signature has it."""
    if not inputs:
        raise invalid_argument("The signature has no inputs")
    rows = "instances" in document
    if rows == ("inputs" in document):
        text = "expecting only one of 'inputs' or 'instances' keys to exist"
        raise invalid_argument(text if rows else "Missing 'inputs' or 'instances' key")
    columns = _columns(document["instances"], inputs) if rows else document["inputs"]
    if not _is_named(columns):
        if len(inputs) > 1:
            raise invalid_argument(f"Expected values by the names of the inputs: {', '.join(sorted(inputs))}")
        columns = dict.fromkeys(inputs, columns)
    for alias in inputs:
        if alias not in columns:
            raise invalid_argument(f"Missing named input: {alias} in 'inputs' object.")
    unsupported = grpc.StatusCode.INVALID_ARGUMENT if rows else grpc.StatusCode.UNIMPLEMENTED
    return {alias: array_of(columns[alias], alias, info.dtype, unsupported) for alias, info in inputs.items()}, rows


def _columns(rows, inputs):
    """{alias: values} of named rows; the rows themselves where they have no names."""
    if type(rows) is not list or not rows:
        raise invalid_argument(f"'instances' must be a list of rows, one or more, got {shown(rows)}")
    named = _is_named(rows[0])
    for place, row in enumerate(rows):
        if _is_named(row) != named or (named and row.keys() != inputs.keys()):
            expected = f"an object with the keys {', '.join(sorted(inputs))}" if named else "a value or a list"
            raise invalid_argument(f"Row {place} of 'instances': expected {expected}, got {shown(row)}")
    return {alias: [row[alias] for row in rows] for alias in inputs} if named else rows


def _is_named(value):
    return type(value) is dict and not is_base64(value)


def array_of(value, alias, dtype, unsupported):
    """The array of nested lists, made a level at a time, without a step of Python per number.

    Small integers wrap; what a float32 cannot hold is infinite. `unsupported`: the code for a dtype beyond JSON.
    """
    values, shape = _flatten(value, alias)
    dtype_of_array = tf.as_dtype(dtype).as_numpy_dtype
    if not values:
        return np.zeros(shape, dtype_of_array)
    name = tf.as_dtype(dtype).name
    if dtype not in KINDS:
        raise ServingError(unsupported, f"Input {alias}: values of type {name} cannot be sent as JSON")
    taken, integers, read_as = KINDS[dtype]
    fits = set(map(type, values)) <= taken
    if fits and integers:
        fits = min(values) in integers and max(values) in integers
    if not fits:
        place = next(
            p for p, each in enumerate(values) if type(each) not in taken or (integers and each not in integers)
        )
        raise _misfit(alias, place, shape, f"expected {name}, got {shown(values[place])}")
    if dtype == types.DT_STRING:
        values = _strings(values, alias, shape)
    with np.errstate(over="ignore"):
        return np.array(values, read_as).astype(dtype_of_array, copy=False).reshape(shape)


def _flatten(value, alias):
    """(values, shape). All lists of a level must be of one length."""
    values, shape = [value], []
    while values and type(values[0]) is list:
        size = len(values[0])
        if set(map(type, values)) != {list} or set(map(len, values)) != {size}:
            place, odd = next((p, each) for p, each in enumerate(values) if type(each) is not list or len(each) != size)
            found = f"one of {len(odd)}" if type(odd) is list else shown(odd)
            raise _misfit(alias, place, shape, f"expected a list of {size} values, got {found}")
        if len(shape) == MAX_RANK:
            raise invalid_argument(f"Input {alias}: more than {MAX_RANK} lists in each other")
        shape.append(size)
        values = list(chain.from_iterable(values))
    return values, shape


def _strings(values, alias, shape):
    strings = []
    try:
        for value in values:
            strings.append(string_bytes(value))
    except ValueError as error:
        raise _misfit(alias, len(strings), shape, error) from None
    return strings


def _misfit(alias, place, shape, problem):
    """The error of one of the values of a shape; of rows, the first index is the row."""
    index = "".join(f"[{each}]" for each in np.unravel_index(place, shape))
    return invalid_argument(f"Input {alias}{index}: {problem}")


def input_of(document):
    """The tensorflow.serving.Input of {"examples": [...]}, and perhaps a "context" for all of them."""
    result = input_pb2.Input()
    listed = result.example_list
    if "context" in document:
        listed = result.example_list_with_context
        listed.context.CopyFrom(_example(document["context"]))
    examples = document.get("examples")
    if type(examples) is not list or not examples:
        raise invalid_argument(f"'examples' must be a list of objects, one or more, got {shown(examples)}")
    listed.examples.extend(map(_example, examples))
    return result


def _example(value):
    if type(value) is not dict:
        raise invalid_argument(f"An example must be an object, got {shown(value)}")
    example = example_pb2.Example()
    for name, content in value.items():
        try:
            _fill(example.features.feature[name], content if type(content) is list else [content])
        except ValueError as error:
            raise invalid_argument(f"Feature {name}: {error}") from None
    return example


def _fill(feature, values):
    """All values must be int64s (booleans too), or floats, or strings; none are no kind."""
    one_of_each = {type(value): value for value in values}
    fitting = [field for field, (taken, _) in _FEATURES.items() if one_of_each.keys() <= taken]
    if not fitting:
        found = ", ".join(map(shown, one_of_each.values()))
        raise ValueError(f"expected only integers, only floats, or only strings, got {found}")
    if values:
        _, convert = _FEATURES[fitting[0]]
        getattr(feature, fitting[0]).value.extend(map(convert, values))
