"""Transports of a client's requests, gRPC and REST, with the same methods, equal arrays and one kind of error."""

import importlib
import pathlib
import urllib.parse

MODULES = {
    "grpc": "serving.transports.over_grpc",
    "grpcs": "serving.transports.over_grpc",
    "http": "serving.transports.over_rest",
    "https": "serving.transports.over_rest",
}


def connect(address, model, version=None, label=None, ca_file=None):
    """The transport to a model, or to one version of it, by the scheme of `address`: grpc://host:port or http://..."""
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in MODULES or not parts.netloc:
        raise ValueError(
            f"address: {address!r}; expected grpc://host:port or http://host:port, or grpcs:// or https://"
        )
    if version is not None and label is not None:
        raise ValueError("version, label: expected one of them at most")
    if ca_file is not None and not parts.scheme.endswith("s"):
        raise ValueError(f"ca_file: only for grpcs:// and https://, and the address is {address}")
    ca = None if ca_file is None else pathlib.Path(ca_file).read_text()
    # Only when asked for: gRPC's messages import TensorFlow, which takes seconds.
    return importlib.import_module(MODULES[parts.scheme]).Transport(address, model, version, label, ca)
