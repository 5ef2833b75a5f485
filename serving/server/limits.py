"""Limits of what a server takes on, as flags have them by default."""

import resource
from typing import NamedTuple

from serving.server.rest_json.reading import MAX_VALUES

MAX_RECEIVE_BYTES = 100 * 2**20  # of a message over gRPC
MAX_QUEUED = 128  # requests over gRPC that wait for a thread
MAX_CONNECTIONS = 1000  # of each API
KEEP_ALIVE_MS = 75_000  # a connection without a request


class Limits(NamedTuple):
    """Limits of what one REST server takes on; each is a flag of its own, rest_api_... (see serving/local_flags.py)."""

    max_connections: int = MAX_CONNECTIONS
    header_timeout_in_ms: int = 10_000
    body_timeout_in_ms: int = 60_000
    keep_alive_in_ms: int = KEEP_ALIVE_MS
    max_body_bytes: int = 100 * 2**20
    max_inside_bytes: int = 2**29
    max_queued_requests: int = 128
    max_json_values: int = MAX_VALUES


def connections(wanted, divisor):
    """`wanted` connections, or one part in `divisor` of the descriptors that this process may open, if that is less."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if descriptors == resource.RLIM_INFINITY else min(wanted, descriptors // divisor)
