"""Calls: how long a request may take and whether anyone still waits for it; and the line that requests stand in."""

import threading
import time
from concurrent import futures

import grpc

from serving.server.errors import ServingError


class Call:
    """Call: one request's deadline, `timeout_s` from its arrival, None for any time, and whether its client is gone."""

    cancelled = False

    def __init__(self, timeout_s=None):
        self.deadline = None if timeout_s is None else time.monotonic() + timeout_s

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


class Line(futures.ThreadPoolExecutor):
    """Threads that answer requests, and a line of at most `most_waiting` before them: ask `check` before `submit`."""

    def __init__(self, threads, most_waiting, name=""):
        super().__init__(threads, name)
        self.waiting = self.inside = 0
        self._most_waiting, self._counting = most_waiting, threading.Lock()

    def check(self):
        """Raises where the line is full."""
        if self.waiting >= self._most_waiting:
            text = f"The server is overloaded: {self.waiting} requests are waiting already"
            raise ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, text)

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
