"""The client's patience, by a clock of its own: what is tried again, when, and for how long."""

import numpy as np
import pytest

from serving.transports import patience
from serving.transports.errors import RequestError
from serving.transports.patience import Patience


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self, monkeypatch):
        self.now, self.pauses = 1000.0, []
        monkeypatch.setattr(patience.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(patience.time, "sleep", self.sleep)
        monkeypatch.setattr(patience.random, "uniform", lambda low, high: high)  # the longest pause that may be drawn

    def sleep(self, seconds):
        self.now += seconds
        self.pauses.append(seconds)


def failing(*codes):
    """A request that fails with these codes, one after the other, and then succeeds."""
    left = list(codes)

    def request(timeout_s):
        assert timeout_s > 0
        if left:
            raise RequestError(left.pop(0), "as asked")
        return timeout_s

    return request


def test_what_is_unavailable_is_tried_again_with_growing_pauses(monkeypatch):
    clock = Clock(monkeypatch)
    left = Patience(30.0, retries=6).call(failing(*["UNAVAILABLE"] * 6))
    assert left == pytest.approx(30.0 - sum(clock.pauses))
    np.testing.assert_allclose(clock.pauses, [0.2, 0.4, 0.8, 1.6, 3.2, 5.0])
    with pytest.raises(RequestError, match="UNAVAILABLE"):
        Patience(30.0, retries=2).call(failing(*["UNAVAILABLE"] * 3))
    assert len(clock.pauses) == 6 + 2


def test_nothing_else_is_tried_again(monkeypatch):
    clock = Clock(monkeypatch)
    for code in ("INVALID_ARGUMENT", "NOT_FOUND", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED"):
        with pytest.raises(RequestError, match=code):
            Patience(30.0, retries=6).call(failing(code))
    assert clock.pauses == []


def test_one_deadline_over_all_requests_and_pauses(monkeypatch):
    clock = Clock(monkeypatch)
    waits = Patience(1.0, retries=6)
    with pytest.raises(RequestError, match="UNAVAILABLE"):
        waits.call(failing(*["UNAVAILABLE"] * 7))
    assert clock.pauses == [0.2, 0.4]  # 0.8 more would be too late
    clock.now += 0.5
    with pytest.raises(RequestError, match="DEADLINE_EXCEEDED: no answer within 1 seconds"):
        waits.call(failing())
