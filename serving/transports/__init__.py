"""Transports of a client's requests, gRPC and REST, with the same methods, equal arrays and one kind of error."""

import contextlib
import importlib
import re
import urllib.parse

from serving import parsing

MODULES = {
    "grpc": "serving.transports.over_grpc",
    "grpcs": "serving.transports.over_grpc",
    "http": "serving.transports.over_rest",
    "https": "serving.transports.over_rest",
}


def connect(address, model, version=None, label=None, ca_file=None):
    """The transport to a model, or to one version of it, by the scheme of `address`: grpc://host:port or http://..."""
    scheme = _scheme(address)
    if version is not None and label is not None:
        raise ValueError("version, label: expected one of them at most")
    if ca_file is not None and not scheme.endswith("s"):
        raise ValueError(f"ca_file: only for grpcs:// and https://, and the address is {address}")
    ca = None if ca_file is None else _certificates(ca_file)
    # Only when asked for: gRPC's messages import TensorFlow, which takes seconds.
    return importlib.import_module(MODULES[scheme]).Transport(address, model, version, label, ca)


def _scheme(address):
    """The scheme of an address; ValueError where it is none that can be connected to."""
    with contextlib.suppress(ValueError):  # of a port that is no number, or none of 16 bits
        parts = urllib.parse.urlsplit(address)
        host = parts.hostname and parts.port != 0 and not re.search(r"\s", parts.netloc)
        if parts.scheme in MODULES and host and not parts.query and not parts.fragment:
            return parts.scheme
    raise ValueError(f"address: {address!r}; expected grpc://host:port or http://host:port, or grpcs:// or https://")


def _certificates(path):
    """The text of a file of PEM certificates."""
    found = parsing.content(path, "PEM certificates")
    if b"-----BEGIN " not in found:
        raise ValueError(f"{path}: expected PEM certificates")
    return found.decode(errors="replace")  # what is beside the certificates may be in any encoding
