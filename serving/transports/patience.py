"""Patience of a call: its deadline, and the retries of what passes."""

import random
import time

from serving.transports.errors import RequestError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0


class Patience:
    """One deadline over everything that a call does, and up to `retries` more attempts for each request in it.

    Only what is UNAVAILABLE is tried again (a server that restarts, or whose queue is full), after a pause drawn from
    [0, 0.2 s * 2^attempt]: many clients do not come back at once. Asking twice does no harm to answers without state.
    """

    def __init__(self, deadline_s, retries):
        self._deadline_s, self._retries = deadline_s, retries
        self._end = time.monotonic() + deadline_s

    def call(self, request, *arguments):
        """request(*arguments, timeout in seconds) until it succeeds."""
        for attempt in range(self._retries + 1):
            try:
                return request(*arguments, self._left())
            except RequestError as error:
                pause = random.uniform(0.0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt))
                if error.code != "UNAVAILABLE" or attempt == self._retries or pause >= self._left():
                    raise
                time.sleep(pause)

    def _left(self):
        left = self._end - time.monotonic()
        if left <= 0:
            raise RequestError("DEADLINE_EXCEEDED", f"no answer within {self._deadline_s:g} seconds")
        return left
