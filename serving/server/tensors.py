"""TensorProto to NumPy array and back, by the rules of TensorFlow's C++ runtime."""

import itertools
import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.server.wire import to_varint, varint

# The field that carries the values of each type; half and bfloat16 are carried as the integers of their bits.
_FIELDS = {
    "float_val": "float32",
    "double_val": "float64",
    "int_val": "int8 int16 int32 uint8 uint16",
    "int64_val": "int64",
    "uint32_val": "uint32",
    "uint64_val": "uint64",
    "bool_val": "bool",
    "string_val": "string",
    "half_val": "float16 bfloat16",
    "scomplex_val": "complex64",
    "dcomplex_val": "complex128",
}
FIELDS = {tf.as_dtype(name).as_datatype_enum: field for field, names in _FIELDS.items() for name in names.split()}
# What a field holds, where that is not the tensor's own type.
HELD = {"int_val": np.int32, "half_val": np.int32, "scomplex_val": np.float32, "dcomplex_val": np.float64}
SEEN_AS = {"half_val": np.uint16, "scomplex_val": np.float32, "dcomplex_val": np.float64}  # the same bits, as numbers
PACKED_TAGS = {"float_val": b"\x2a", "double_val": b"\x32"}
MAX_FILLED_BYTES = 2**26  # a short message may ask for a long tensor: no more memory than this for what it left out


def to_array(proto):
    """The array, with `bytes` objects for strings; ValueError or IndexError where the proto describes none.

    Fewer values than the shape holds repeat the last one, none are zeros, surplus is ignored.
    """
    shape = shape_of(proto)
    dtype = np.dtype(tf.as_dtype(proto.dtype).as_numpy_dtype)
    if proto.tensor_content:
        return content_to_array(proto.tensor_content, shape, dtype)
    field = FIELDS[proto.dtype]
    values = np.array(getattr(proto, field), HELD.get(field, dtype))
    if field in SEEN_AS:
        values = values.astype(SEEN_AS[field]).view(dtype)
    return fill(values.astype(dtype, copy=False), shape)


def shape_of(proto):
    """The sizes that the proto claims; ValueError where it describes no tensor."""
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.dtype not in FIELDS or proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise ValueError("no dtype, no shape, or a negative dimension")
    return shape


def content_to_array(content, shape, dtype):
    """Numbers are their own bytes; strings are all their lengths, then all their bytes."""
    if not dtype.hasobject:
        return np.frombuffer(content, dtype).reshape(shape)
    lengths, start = [], 0
    for _ in range(math.prod(shape)):
        length, start = varint(content, start)
        lengths.append(length)
    stops = list(itertools.accumulate(lengths, initial=start))
    if stops[-1] != len(content):
        raise ValueError("the lengths of the strings do not add up")
    strings = np.empty(len(lengths), object)
    strings[:] = [content[begin:end] for begin, end in itertools.pairwise(stops)]
    return strings.reshape(shape)


def fill(values, shape):
    count = math.prod(shape)
    if len(values) >= count:
        return values[:count].reshape(shape)
    if count * values.itemsize > MAX_FILLED_BYTES:
        raise ValueError("far more elements than values")
    if len(values):
        return np.concatenate([values, np.repeat(values[-1:], count - len(values))]).reshape(shape)
    return np.full(shape, b"", object) if values.dtype == object else np.zeros(shape, values.dtype)


def to_proto(array):
    """The TensorProto with its values in the typed field, as C++ servers answer; `tensor_content` stays empty."""
    proto = _described(array)
    field = FIELDS[proto.dtype]
    if field in PACKED_TAGS:  # packed floats are the array's own bytes: many times faster than element by element
        content = np.ascontiguousarray(array).tobytes()
        proto.MergeFromString(PACKED_TAGS[field] + to_varint(len(content)) + content)
    else:
        flat = np.ascontiguousarray(array).reshape(-1)
        getattr(proto, field).extend(flat.view(SEEN_AS.get(field, flat.dtype)).tolist())
    return proto


def to_content_proto(array):
    """The TensorProto with its numbers in `tensor_content`; strings stay in their typed field."""
    if array.dtype.hasobject:
        return to_proto(array)
    proto = _described(array)
    proto.tensor_content = array.tobytes()
    return proto


def _described(array):
    """A TensorProto of the array's dtype and shape, without its values."""
    proto = tensor_pb2.TensorProto(dtype=tf.as_dtype(array.dtype).as_datatype_enum)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    return proto
