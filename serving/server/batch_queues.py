"""Queues of batches that wait to be filled and run."""

import collections
import math
import threading
import time

import grpc

from serving.server.errors import ServingError


class Workers:
    """At most `count` runs at a time, of all models together; what comes meanwhile is merged."""

    def __init__(self, count):
        self._free = count
        self._queues = {}  # what can be merged -> its batches, oldest first; only the last one takes more tasks
        self._changed = threading.Condition()
        for _ in range(count):
            threading.Thread(target=self._work, name="batches", daemon=True).start()

    @property
    def waiting(self):
        """Batches that wait, of all queues."""
        with self._changed:
            return sum(map(len, self._queues.values()))

    def process_now(self, batch):
        """Runs the batch on this thread where nothing is before it, as changing threads costs; says whether it did."""
        with self._changed:
            if self._queues or not self._free:
                return False
            self._free -= 1
        self._process(batch)
        return True

    def submit(self, key, task, parameters, new_batch):
        """Puts the task where it fits; returns its parts, where it had to be cut."""
        with self._changed:
            batches = self._queues.get(key) or collections.deque()
            parts = place(batches, task, parameters, new_batch)
            self._queues[key] = batches
            self._changed.notify(len(parts))
            return parts

    def _work(self):
        while True:
            self._process(self._next())

    def _process(self, batch):
        try:
            batch.process()
        finally:
            with self._changed:
                self._free += 1
                if self._queues:
                    self._changed.notify()

    def _next(self):
        """Waits for a batch that is full or has waited long enough, and for leave to run it."""
        with self._changed:
            while True:
                now, due = time.monotonic(), math.inf
                for key, batches in self._queues.items() if self._free else ():
                    first = batches[0]
                    if len(batches) > 1 or first.room <= 0 or first.due <= now:
                        batches.popleft()
                        del self._queues[key]
                        if batches:
                            self._queues[key] = batches  # at the end of the line: every queue has its turn
                        self._free -= 1
                        return first
                    due = min(due, first.due)
                self._changed.wait(min(due - now, threading.TIMEOUT_MAX))


def place(batches, task, parameters, new_batch):
    """Appends the task, or the parts of one too large, to the queue's batches."""
    largest = parameters.max_execution_batch_size
    room = batches[-1].room if batches else 0
    capacity = room + largest * (parameters.max_enqueued_batches - len(batches))
    if task.size > capacity:
        raise ServingError(
            grpc.StatusCode.UNAVAILABLE,
            "The batch scheduling queue to which this task was submitted is full; "
            f"currently {len(batches)} batches enqueued and max_enqueued_batches is {parameters.max_enqueued_batches}; "
            f"task size is {task.size} but scheduling capacity is only {capacity}",
        )
    parts = [task]
    if parameters.splitting and task.size > (room or largest):
        parts = task.cut([*range(room or largest, task.size, largest), task.size])
    for part in parts:
        if not batches or batches[-1].room < part.size:
            batches.append(new_batch())
        batches[-1].add(part)
    return parts
