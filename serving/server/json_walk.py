"""JSON values to arrays one by one, in TensorFlow Serving's order, so that the first that is wrong gives the error."""

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2 as types

from serving.server.errors import ServingError
from serving.server.json_arrays import KINDS, MAX_RANK, dtype_name, string_bytes
from serving.server.json_text import invalid
from serving.server.json_values import Object, is_base64, type_name
from serving.server.json_writer import debug_text


def tensor_of(value, alias, dtype):
    """The array of one input that was sent whole."""
    shape = _shape_of(value)
    return _to_array(_values(value, shape, dtype), shape, alias, dtype)


class Rows:
    """Collects rows, which must agree in shape, for each input. `inputs` is {alias: TensorInfo}."""

    def __init__(self, inputs):
        self._inputs = inputs
        self._count = 0
        self._shapes = {}
        self._sizes = {}
        self._values = {}

    def add(self, row, named):
        """Takes the next row: an object with every input if `named`, else the value of the only one."""
        is_object = type(row) is Object and not is_base64(row)
        if named and not is_object:
            raise invalid(f"Expecting object but got list at item {self._count} of input list")
        if is_object and not named:
            raise invalid(f"Expecting value/list but got object at item {self._count} of input list")
        for alias, value in row if named else [(next(iter(self._inputs)), row)]:
            try:
                self._add_value(alias, value)
            except ServingError as error:
                where = f"{self._count} key: {alias}" if named else self._count
                status = f"{error.code.name}: {error.message}"
                raise invalid(f"Failed to process element: {where} of 'instances' list. Error: {status}") from None
        if named and {alias for alias, _ in row} != self._inputs.keys():
            text = f"JSON object: {debug_text(row)} keys must be equal to: {','.join(sorted(self._inputs))}"
            raise invalid(f"Failed to process element: {self._count} of 'instances' list. {text}")
        self._count += 1

    def _add_value(self, alias, value):
        if alias not in self._inputs:
            raise invalid(f"JSON object: does not have named input: {alias}")
        shape = _shape_of(value)
        values = _values(value, shape, self._inputs[alias].dtype)
        self._values.setdefault(alias, []).extend(values)
        first_size = self._sizes.setdefault(alias, len(values))
        first_shape = self._shapes.setdefault(alias, shape)
        if first_size != len(values):
            raise invalid(f"Expecting tensor size: {first_size} but got: {len(values)}")
        if first_shape != shape:
            raise invalid(f"Expecting shape {_brackets(first_shape)} but got: {_brackets(shape)}")

    def arrays(self):
        return {
            alias: _to_array(self._values[alias], [self._count, *shape], alias, self._inputs[alias].dtype)
            for alias, shape in self._shapes.items()
        }


def _shape_of(value):
    """Of the first element of the first element, and so on: all others must be like it."""
    shape = []
    while type(value) is list:
        shape.append(len(value))
        value = value[0] if value else None
    return shape


def _values(value, shape, dtype):
    """The leaves of nested lists. The stack is a list: JSON may be nested deeper than Python's own reaches."""
    values, stack = [], [iter([value])]
    while stack:
        level = len(stack) - 1
        for item in stack[-1]:
            if type(item) is list:
                _check_list(item, level, shape)
                stack.append(iter(item))
                break
            if level != len(shape):
                text = f"found at incorrect level: {level + 1} in the JSON DOM. Expected at level: {len(shape)}"
                raise invalid(f"JSON Value: {debug_text(item)} {text}")
            values.append(_leaf(item, dtype))
        else:
            stack.pop()
    return values


def _check_list(items, level, shape):
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(items) != shape[level]:
        found = f"Encountered list at unexpected size: {len(items)} at level: {level}"
        raise invalid(f"{found} expected size: {shape[level]}")


def _leaf(value, dtype):
    if type(value) is Object and dtype == types.DT_STRING:
        return string_bytes(value)
    kind = KINDS.get(dtype)
    if kind is None and type(value) is not Object:
        text = f"Conversion of JSON Value: {debug_text(value)} to type: {dtype_name(dtype)}"
        raise ServingError(grpc.StatusCode.UNIMPLEMENTED, text)
    if kind is None or not kind.takes(value):
        text = f"Type: {type_name(value)} is not of expected type: {dtype_name(dtype)}"
        raise invalid(f"JSON Value: {debug_text(value)} {text}")
    return string_bytes(value) if type(value) is str else value


def _to_array(values, shape, alias, dtype):
    """A name that came twice in a row left too many values: the first of them count."""
    if len(shape) > MAX_RANK:
        raise invalid(f"tensor parsing error: {alias}")
    if dtype not in KINDS:  # of a type that takes no value, and none was sent
        return np.zeros(shape, tf.as_dtype(dtype).as_numpy_dtype)
    return KINDS[dtype].array(values[: int(np.prod(shape))], shape)


def _brackets(shape):
    return f"[{','.join(map(str, shape))}]"
