"""Queues of batches that wait to be filled and run."""

import collections
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
            batches = self._queues.setdefault(key, collections.deque())
            try:
                parts = place(batches, task, parameters, new_batch)
            finally:
                if not batches:
                    del self._queues[key]
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
                now, due = time.monotonic(), None
                for key, batches in self._queues.items() if self._free else ():
                    first = batches[0]
                    if len(batches) > 1 or first.room <= 0 or first.due <= now:
                        batches.popleft()
                        del self._queues[key]
                        if batches:
                            self._queues[key] = batches  # at the end of the line: every queue has its turn
                        self._free -= 1
                        return first
                    due = first.due if due is None else min(due, first.due)
                self._changed.wait(None if due is None else due - now)


def place(batches, task, parameters, new_batch):
    """Appends the task, or the parts of one too large, to the queue's batches."""
    room = batches[-1].room if batches else 0
    free = parameters.max_enqueued_batches - len(batches)
    if task.size <= room:
        parts = [task]
    elif not parameters.splitting:
        if free <= 0:
            most = parameters.max_enqueued_batches
            raise _full(f"currently {len(batches)} batches enqueued and max_enqueued_batches is {most}")
        parts = [task]
    else:
        largest = parameters.max_execution_batch_size
        if task.size > room + free * largest:
            raise _full(
                f"task size is {task.size} but scheduling capacity is only {room + free * largest} "
                f"(num_enqueued_batches={len(batches)}, max_enqueued_batches={parameters.max_enqueued_batches}, "
                f"open_batch_size={largest - room if batches else 0}, max_execution_batch_size={largest})"
            )
        sizes = [room] * (room > 0)
        sizes += [min(largest, task.size - start) for start in range(sum(sizes), task.size, largest)]
        parts = list(task.cut(sizes)) if len(sizes) > 1 else [task]
    for part in parts:
        if not batches or batches[-1].room < part.size:
            batches.append(new_batch())
        batches[-1].add(part)
    return parts


def _full(what):
    text = f"The batch scheduling queue to which this task was submitted is full; {what}"
    return ServingError(grpc.StatusCode.UNAVAILABLE, text)
