"""Transports of a client's requests, gRPC and REST, with the same methods, equal answers and one kind of error."""

import contextlib
import importlib
import re
import urllib.parse
from typing import NamedTuple

import numpy as np

from serving import parsing

MODULES = {"grpc": "over_grpc", "grpcs": "over_grpc", "http": "over_rest", "https": "over_rest"}
DTYPES = {"DT_FLOAT": np.float32, "DT_STRING": np.object_, "DT_UINT8": np.uint8}  # what exported models answer


class Signature(NamedTuple):
    """A signature of a model. shapes: {input: shape}, with -1 where any size goes; dtypes: {output: NumPy type}."""

    name: str
    shapes: dict
    dtypes: dict


def connect(address, model, version, label, ca_file):
    """The transport to a model, or to one version of it, by the scheme of `address`: grpc://host:port or http://..."""
    parts = _parts(address)
    if version is not None and label is not None:
        raise ValueError("version, label: expected one of them at most")
    if ca_file is not None and not parts.scheme.endswith("s"):
        raise ValueError(f"ca_file: only for grpcs:// and https://, and the address is {address}")
    ca = None if ca_file is None else parsing.content(ca_file, "PEM certificates", b"-----BEGIN ")
    # Only when asked for: gRPC's messages import TensorFlow, which takes seconds.
    module = importlib.import_module(f"serving.transports.{MODULES[parts.scheme]}")
    return module.Transport(parts, model, version, label, ca)


def signatures(answer):
    """{name: Signature} of the metadata of a model, in JSON."""
    found = {}
    for name, each in answer["metadata"]["signature_def"]["signature_def"].items():
        sizes = {alias: info.get("tensor_shape", {}).get("dim", ()) for alias, info in each["inputs"].items()}
        shapes = {alias: tuple(int(size["size"]) for size in shape) for alias, shape in sizes.items()}
        dtypes = {alias: DTYPES.get(info["dtype"]) for alias, info in each["outputs"].items()}
        found[name] = Signature(name, shapes, dtypes)
    return found


def _parts(address):
    """The parts of an address; ValueError where it is none that can be connected to."""
    with contextlib.suppress(ValueError):  # of a port that is no number, or none of 16 bits
        parts = urllib.parse.urlsplit(address)
        host = parts.hostname and parts.port != 0 and not re.search(r"\s", parts.netloc)
        if parts.scheme in MODULES and host and not parts.query and not parts.fragment:
            return parts
    raise ValueError(f"address: {address!r}; expected grpc://host:port or http://host:port, or grpcs:// or https://")
