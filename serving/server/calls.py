"""Calls: how long a request may take and whether anyone still waits for it; and the line that requests stand in."""

import math
import threading
import time
from concurrent import futures

import grpc

from serving.server.errors import ServingError


class Call:
    """Call: one request's deadline, `timeout_s` from its arrival, and whether its client still waits (`wanted`)."""

    def __init__(self, timeout_s=None, wanted=lambda: True):
        self.deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        self._wanted = wanted

    def cancel(self):
        """The client has gone: what has not begun to run never will."""
        self._wanted = lambda: False

    @property
    def remaining_s(self):
        """Seconds, below 0 when they are over; None for no deadline."""
        return None if self.deadline == math.inf else self.deadline - time.monotonic()

    def check(self):
        """Raises where the work would be in vain."""
        if not self._wanted():
            raise ServingError(grpc.StatusCode.CANCELLED, "The client gave up")
        if self.deadline <= time.monotonic():
            raise ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "The deadline passed before the request could run")


class Line(futures.ThreadPoolExecutor):
    """Threads that answer requests, and a line of at most `most_waiting` requests before them.

    Ask `check` before `submit`; who hands over work regardless, as gRPC's own server does, is not refused.
    """

    def __init__(self, threads, most_waiting, name=""):
        super().__init__(threads, name)
        self.waiting = self.inside = 0
        self._most_waiting, self._counting = most_waiting, threading.Lock()

    def check(self):
        """Raises where the line is full."""
        if self.waiting >= self._most_waiting:
            text = f"The server is overloaded: {self.waiting} requests are waiting already"
            raise ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, text)

    def submit(self, function, /, *arguments, **named):
        self._count(1, 0)
        future = super().submit(self._work, function, *arguments, **named)
        future.add_done_callback(lambda done: self._count(-1, 0) if done.cancelled() else None)
        return future

    def _work(self, function, *arguments, **named):
        self._count(-1, 1)
        try:
            return function(*arguments, **named)
        finally:
            self._count(0, -1)

    def _count(self, waiting, inside):
        with self._counting:
            self.waiting += waiting
            self.inside += inside
