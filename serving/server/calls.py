"""Calls: how long a request may take and whether anyone still waits for it; their log; and the line they stand in."""

import contextlib
import datetime
import json
import queue
import random
import re
import threading
import time
from concurrent import futures

import grpc

from serving.server.errors import ServingError

LONGEST_LOGGED = 1024  # characters of what a client made up
MOST_LINES = 10_000  # of the log that wait to be written
CLOSING_S = 2.0
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)


class Call:
    """Call: one request's deadline, whether its client is gone, and what the access log says of it.

    Its time is `timeout_s` from its arrival, None for any time. `asked_id` is the id that the client gave it.
    """

    cancelled = False
    model = signature = ""
    bytes = queued_s = 0
    begun = False  # a thread works on it

    def __init__(self, timeout_s=None, asked_id=""):
        self._timeout_s, self.begin = timeout_s, time.monotonic()
        # Not uuid4: asking the system lets other threads take Python's lock, which costs a twentieth of all answers.
        self.id = asked_id if _REQUEST_ID.fullmatch(asked_id) else f"{random.getrandbits(128):032x}"
        self.arrive()

    def arrive(self):
        """Count its time from now on: its body is here, too."""
        self.arrival = time.monotonic()
        self.deadline = None if self._timeout_s is None else self.arrival + self._timeout_s

    def left_s(self):
        """The time left for a run; raises where nobody waits for its answer any more."""
        if self.cancelled:
            raise ServingError(grpc.StatusCode.CANCELLED, "The client has gone away")
        if self.deadline is None:
            return None
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "The time of the request was over before its run")
        return left


class AccessLog:
    """Access log: a line of JSON in a text file for each request.

    A thread writes; where the file takes nothing, lines beyond MOST_LINES are lost, and requests answered all the same.
    """

    def __init__(self, file):
        self._lines = queue.Queue(MOST_LINES)
        self._writer = threading.Thread(target=self._write, args=(file,), name="access log", daemon=True)
        self._writer.start()

    def tell(self, call, peer, method, path, status, bytes_sent):
        """The line of a request that has ended."""
        line = {
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            "request_id": call.id,
            "peer": peer,
            "method": method,
            "path": path[:LONGEST_LOGGED],
            "model": call.model[:LONGEST_LOGGED],
            "signature": call.signature[:LONGEST_LOGGED],
            "status": status,
            "bytes_received": call.bytes,
            "bytes_sent": bytes_sent,
            "duration_ms": round(1e3 * (time.monotonic() - call.begin), 3),
            "queue_ms": round(1e3 * call.queued_s, 3),
        }
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(json.dumps(line) + "\n")

    def close(self):
        """Write what is left, unless that takes long."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=CLOSING_S)
            self._writer.join(CLOSING_S)

    def _write(self, file):
        for line in iter(self._lines.get, None):
            with contextlib.suppress(OSError):  # whoever read it may have gone
                file.write(line)
                file.flush()


class Line(futures.ThreadPoolExecutor):
    """Threads that answer requests, and a line of at most `most_waiting` before them: ask `refusal` before `submit`."""

    def __init__(self, threads, most_waiting, name=""):
        super().__init__(threads, name)
        self.waiting = self.inside = 0
        self._most_waiting, self._counting = most_waiting, threading.Lock()

    def refusal(self):
        """The error of a request for which the line has no place, or None."""
        if self.waiting < self._most_waiting:
            return None
        text = f"The server is overloaded: {self.waiting} requests are waiting already"
        return ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, text)

    def submit(self, function, /, *arguments):
        self._count(1, 0)
        return super().submit(self._work, function, *arguments)

    def _work(self, function, *arguments):
        self._count(-1, 1)
        try:
            return function(*arguments)
        finally:
            self._count(0, -1)

    def _count(self, waiting, inside):
        with self._counting:
            self.waiting += waiting
            self.inside += inside
