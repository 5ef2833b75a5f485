"""The body of a predict request: {"instances": [row, ...]} or {"inputs": columns} to one array per input.

Nested lists that fit are turned into arrays a level at a time, without a step of Python per number. Whatever does not
fit goes through json_walk, value by value in the order of TensorFlow Serving, which words the error of the first wrong.
"""

from serving.server.json_arrays import array_of
from serving.server.json_text import invalid, wrong
from serving.server.json_values import Object, is_base64
from serving.server.json_walk import Rows, tensor_of

_SEVERAL = "as multiple input tensors required as per tensorinfo_map"


def arrays_of(document, signature_name, inputs):
    """({alias: array}, whether rows were sent). `inputs` is {alias: TensorInfo}, as the signature has it."""
    if not inputs:
        raise invalid(f"Failed to get input map for signature: {signature_name or 'DEFAULT'}")
    missing = object()
    instances, columns = document.find("instances", missing), document.find("inputs", missing)
    if instances is missing and columns is missing:
        raise invalid("Missing 'inputs' or 'instances' key")
    if instances is missing:
        return _from_columns(columns, inputs), False
    if columns is not missing:
        raise wrong(document, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ")
    if type(instances) is not list:
        raise wrong(document, "Expecting 'instances' to be an list/array")
    if not instances:
        raise wrong(document, "No values in 'instances' array")
    return _from_rows(instances, inputs), True


def _from_columns(columns, inputs):
    if not _is_named(columns):
        if len(inputs) > 1:
            raise invalid(f"inputs is a plain value/list, but expecting an object {_SEVERAL}")
        return {alias: _column(columns, alias, info.dtype) for alias, info in inputs.items()}
    missing = object()
    arrays = {}
    for alias, info in inputs.items():
        column = columns.find(alias, missing)
        if column is missing:
            raise invalid(f"Missing named input: {alias} in 'inputs' object.")
        arrays[alias] = _column(column, alias, info.dtype)
    return arrays


def _column(value, alias, dtype):
    array = array_of(value, dtype)
    return tensor_of(value, alias, dtype) if array is None else array


def _from_rows(rows, inputs):
    named = _is_named(rows[0])
    if not named and len(inputs) > 1:
        raise invalid(f"instances is a plain list, but expecting list of objects {_SEVERAL}")
    columns = _by_name(rows, inputs) if named else {next(iter(inputs)): rows}
    arrays = {alias: array_of(column, inputs[alias].dtype) for alias, column in columns.items()}
    if arrays and all(array is not None for array in arrays.values()):
        return arrays
    walk = Rows(inputs)
    for row in rows:
        walk.add(row, named)
    return walk.arrays()


def _by_name(rows, inputs):
    """{alias: the values of all rows}, or {} where a row is not an object of exactly the inputs' names."""
    if not all(len(row) == len(inputs) and _is_named(row) for row in rows if type(row) is Object):
        return {}
    members = [dict(row) if type(row) is Object else {} for row in rows]
    if any(row.keys() != inputs.keys() for row in members):
        return {}
    return {alias: [row[alias] for row in members] for alias in inputs}


def _is_named(value):
    return type(value) is Object and not is_base64(value)
