"""Merging of concurrent requests into one run, as TensorFlow Serving's batching does it."""

import collections
import math
import os
import queue
import threading
import time

import grpc
import numpy as np

from serving.server.errors import ServingError, as_serving_error, invalid_argument


class Parameters:
    """The numbers of a BatchingParameters proto, with the defaults of what it leaves out."""

    def __init__(self, proto):
        def positive(field, default):
            number = getattr(proto, field).value if proto.HasField(field) else default
            if number <= 0:
                raise invalid_argument(f"{field} must be positive; was {number}")
            return number

        self.max_batch_size = self.max_execution_batch_size = positive("max_batch_size", 1000)
        self.max_enqueued_batches = positive("max_enqueued_batches", 10)
        # A run takes several cores, and Python needs some beside it: with a thread for each core batches are smaller.
        self.threads = positive("num_batch_threads", max(1, os.cpu_count() // 2))
        self.allowed_batch_sizes = list(proto.allowed_batch_sizes)
        self.pad_variable_length_inputs = proto.pad_variable_length_inputs
        self.splitting = proto.enable_large_batch_splitting.value
        self.timeout_s = proto.batch_timeout_micros.value / 1e6
        if self.splitting:
            self.max_execution_batch_size = positive("max_execution_batch_size", self.max_batch_size)
        if self.timeout_s < 0:
            raise invalid_argument(f"batch_timeout_micros must be non-negative; was {proto.batch_timeout_micros.value}")
        if self.max_execution_batch_size > self.max_batch_size:
            text = f"max_execution_batch_size must be at most max_batch_size, {self.max_batch_size}"
            raise invalid_argument(f"{text}; was {self.max_execution_batch_size}")
        if self.allowed_batch_sizes and self.allowed_batch_sizes[-1] != self.max_batch_size:
            text = f"Last entry in allowed_batch_sizes must match max_batch_size, {self.max_batch_size}"
            raise invalid_argument(f"{text}; was {self.allowed_batch_sizes[-1]}")

    def padding(self, size):
        """Rows to add, up to an allowed size."""
        return next((allowed for allowed in self.allowed_batch_sizes if allowed >= size), size) - size


class Merger:
    """Runs the requests of one servable together, where they feed and fetch the same; `observe` gets a run's rows."""

    def __init__(self, parameters, workers, observe=lambda rows: None):
        self.parameters, self._workers, self.observe = parameters, workers, observe

    def run(self, run, feeds, fetches, call):
        """As Servable.run; `run` is what runs a whole batch."""
        task = Task(feeds, batch_size(feeds, self.parameters.max_batch_size), call)
        if not self.parameters.timeout_s and task.size <= self.parameters.max_execution_batch_size:
            alone = Batch(self, run, fetches)
            alone.add(task)
            if self._workers.process_now(alone):
                return task.result()
        # What else can share a run. No two inputs have one name, so that names alone are compared to sort them.
        pads = self.parameters.pad_variable_length_inputs
        likeness = sorted((name, each.dtype, each.ndim if pads else each.shape[1:]) for name, each in feeds.items())
        key = self, tuple(fetches), tuple(likeness)
        parts = self._workers.submit(key, task, self.parameters, lambda: Batch(self, run, fetches))
        results = [part.result() for part in parts]
        return results[0] if len(results) == 1 else [np.concatenate(each) for each in zip(*results)]


class Task:
    """Rows that wait to be run; `answer` takes what came of them, arrays or a ServingError."""

    def __init__(self, feeds, size, call):
        self.feeds, self.size, self.call = feeds, size, call
        self._answers = queue.SimpleQueue()
        self.answer = self._answers.put

    def result(self):
        """The arrays, once they are there; raises the error."""
        answer = self._answers.get()
        if isinstance(answer, ServingError):
            raise answer
        return answer

    def ended(self):
        """Return True when nobody waits for it any more; it has its answer then."""
        try:
            self.call.left_s()
            return False
        except ServingError as error:
            if error.code == grpc.StatusCode.DEADLINE_EXCEEDED:
                text = "Run() timeout exceeded while waiting in batching queue"
                error = ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
            self.answer(error)
            return True

    def cut(self, stops):
        """The same rows as several tasks, each up to another stop."""
        return [
            Task({name: array[start:stop] for name, array in self.feeds.items()}, stop - start, self.call)
            for start, stop in zip([0, *stops], stops)
        ]


class Batch:
    """Tasks that will be one run."""

    def __init__(self, merger, run, fetches):
        self._merger, self._run, self._fetches = merger, run, fetches
        self._tasks, self.room = [], merger.parameters.max_execution_batch_size
        self.due = time.monotonic() + merger.parameters.timeout_s

    def add(self, task):
        self._tasks.append(task)
        self.room -= task.size

    def process(self):
        """Answers all tasks."""
        tasks = [task for task in self._tasks if not task.ended()]
        if tasks:
            self._answer(tasks)

    def _answer(self, tasks):
        """Runs them together, or each alone where that fails: a bad request must not fail its neighbours."""
        try:
            self._run_together(tasks)
        except Exception as error:
            problem = as_serving_error(error)
            separately = len(tasks) > 1 and problem.code != grpc.StatusCode.DEADLINE_EXCEEDED
            for task in tasks:
                if separately:
                    self._answer([task])
                else:
                    task.answer(problem)

    def _run_together(self, tasks):
        size = sum(task.size for task in tasks)
        padding = self._merger.parameters.padding(size) if size else 0
        feeds = {name: merged([task.feeds[name] for task in tasks], padding) for name in tasks[0].feeds}
        calls = [task.call for task in tasks]
        last = max(calls, key=lambda call: math.inf if call.deadline is None else call.deadline)
        arrays = self._run(feeds, self._fetches, last)
        self._merger.observe(size)
        if any(array.shape[:1] != (size + padding,) for array in arrays):  # the rows could not be handed back
            text = "Batched output tensor's 0th dimension does not equal the sum of those of the input tensors"
            raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, text)
        start = 0
        for task in tasks:
            task.answer([array[start : start + task.size] for array in arrays])
            start += task.size


def merged(arrays, padding):
    """One array of the rows of all, lengthened by `padding` copies of the last array's first row.

    Where the other dimensions differ (pad_variable_length_inputs), each array grows to the largest, by its first value.
    """
    if len({array.shape[1:] for array in arrays}) > 1:
        largest = np.max([array.shape[1:] for array in arrays], axis=0)
        arrays = [grown(array, tuple(largest)) for array in arrays]
    if padding:
        row = next(array[:1] for array in reversed(arrays) if len(array))
        arrays = [*arrays, np.repeat(row, padding, axis=0)]
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]


def grown(array, sizes):
    """The array with `sizes` behind its rows."""
    if array.shape[1:] == sizes:
        return array
    if not array.size:
        raise invalid_argument("Got empty tensor in batch of non-empty tensors.")
    larger = np.full((len(array), *sizes), array.flat[:1], array.dtype)
    larger[tuple(map(slice, array.shape))] = array
    return larger


def batch_size(feeds, most):
    """The common dimension 0 of all inputs."""
    sizes = {array.shape[:1] for array in feeds.values()}
    if len(sizes) != 1 or () in sizes:
        given = ", ".join(f"{name} {array.shape}" for name, array in feeds.items())
        raise invalid_argument(f"Batching Run() takes inputs with a 0th dimension in common; got {given or 'none'}")
    ((size,),) = sizes
    if size > most:
        raise invalid_argument(f"Task size {size} is larger than maximum input batch size {most}")
    return size


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
            room, largest = batches[-1].room if batches else 0, parameters.max_execution_batch_size
            capacity = room + largest * (parameters.max_enqueued_batches - len(batches))
            if task.size > capacity:
                raise ServingError(
                    grpc.StatusCode.UNAVAILABLE,
                    f"The batch scheduling queue to which this task was submitted is full; currently {len(batches)} "
                    f"batches enqueued and max_enqueued_batches is {parameters.max_enqueued_batches}; "
                    f"task size is {task.size} but scheduling capacity is only {capacity}",
                )
            parts = [task]
            if parameters.splitting and task.size > (room or largest):
                parts = task.cut([*range(room or largest, task.size, largest), task.size])
            for part in parts:
                if not batches or batches[-1].room < part.size:
                    batches.append(new_batch())
                batches[-1].add(part)
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
