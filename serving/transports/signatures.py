"""Signatures of a served model, in the same words over gRPC and REST."""

from typing import NamedTuple

import numpy as np

DTYPES = {
    "DT_BOOL": np.bool_,
    "DT_DOUBLE": np.float64,
    "DT_FLOAT": np.float32,
    "DT_INT32": np.int32,
    "DT_INT64": np.int64,
    "DT_STRING": np.object_,
    "DT_UINT8": np.uint8,
}


class Tensor(NamedTuple):
    """dtype: a NumPy type, None for exotic ones; shape: a tuple, with -1 where any size goes."""

    dtype: type
    shape: tuple


class Signature(NamedTuple):
    """inputs, outputs: {name: Tensor}."""

    name: str
    inputs: dict
    outputs: dict


def tensor(dtype_name, sizes):
    """The Tensor of a dtype's name in TensorFlow (DT_FLOAT) and sizes."""
    return Tensor(DTYPES.get(dtype_name), tuple(int(size) for size in sizes))
