"""Merging of concurrent requests into one run, as TensorFlow Serving's batching does it."""

import threading
import time

import grpc
import numpy as np

from serving.server.calls import Call
from serving.server.errors import ServingError, as_serving_error, invalid_argument


class Merger:
    """Runs the requests of one servable together, where they feed and fetch the same; `observe` gets a run's rows."""

    def __init__(self, parameters, workers, observe=lambda rows: None):
        self.parameters, self._workers, self.observe = parameters, workers, observe

    def run(self, run, feeds, fetches, call):
        """As Servable.run; `run` is what runs a whole batch."""
        size = batch_size(feeds)
        if size > self.parameters.max_batch_size:
            raise invalid_argument(
                f"Task size {size} is larger than maximum input batch size {self.parameters.max_batch_size}"
            )
        key = self, tuple(sorted(self._likeness(name, array) for name, array in feeds.items())), tuple(fetches)
        task = Task(feeds, size, call)
        if not self.parameters.timeout_s and size <= self.parameters.max_execution_batch_size:
            alone = Batch(self, run, fetches)
            alone.add(task)
            if self._workers.process_now(alone):
                return task.result()
        parts = self._workers.submit(key, task, self.parameters, lambda: Batch(self, run, fetches))
        results = [part.result() for part in parts]
        return results[0] if len(results) == 1 else [np.concatenate(each) for each in zip(*results)]

    def _likeness(self, name, array):
        """Key of the requests that can share a run."""
        return name, array.dtype.name, array.ndim if self.parameters.pad_variable_length_inputs else array.shape[1:]


class Task:
    """Rows that wait to be run, and then what came of them."""

    def __init__(self, feeds, size, call):
        self.feeds, self.size, self.call = feeds, size, call
        self.arrays = self.error = None
        self._waiting = threading.Lock()
        self._waiting.acquire()

    def answer(self, arrays=None, error=None):
        self.arrays, self.error = arrays, error
        self._waiting.release()

    def result(self):
        self._waiting.acquire()
        if self.error:
            raise self.error
        return self.arrays

    def ended(self):
        """Return True when nobody waits for it any more; it has its answer then."""
        try:
            self.call.left_s()
            return False
        except ServingError as error:
            if error.code == grpc.StatusCode.DEADLINE_EXCEEDED:
                text = "Run() timeout exceeded while waiting in batching queue"
                error = ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
            self.answer(error=error)
            return True

    def cut(self, sizes):
        """The same rows as several tasks."""
        stops = np.cumsum(sizes)
        for size, stop in zip(sizes, stops):
            rows = slice(stop - size, stop)
            yield Task({name: array[rows] for name, array in self.feeds.items()}, size, self.call)


class Batch:
    """Tasks that will be one run."""

    def __init__(self, merger, run, fetches):
        self._merger, self._run, self._fetches = merger, run, fetches
        self._tasks, self._size = [], 0
        self.due = time.monotonic() + merger.parameters.timeout_s

    @property
    def room(self):
        return self._merger.parameters.max_execution_batch_size - self._size

    def add(self, task):
        self._tasks.append(task)
        self._size += task.size

    def process(self):
        """Answers all tasks. Where the run fails, each is run alone: a bad request must not fail its neighbours."""
        tasks = [task for task in self._tasks if not task.ended()]
        if not tasks:
            return
        try:
            results = self._run_together(tasks)
        except Exception as error:
            problem = as_serving_error(error)
            if len(tasks) == 1 or problem.code == grpc.StatusCode.DEADLINE_EXCEEDED:
                results = [problem] * len(tasks)
            else:
                results = [self._run_alone(task) for task in tasks]
        for task, result in zip(tasks, results):
            task.answer(**({"error": result} if isinstance(result, ServingError) else {"arrays": result}))

    def _run_alone(self, task):
        try:
            return self._run_together([task])[0]
        except Exception as error:
            return as_serving_error(error)

    def _run_together(self, tasks):
        """[arrays] of each task."""
        size = sum(task.size for task in tasks)
        padding = self._merger.parameters.padding(size) if size else 0
        feeds = {name: merged([task.feeds[name] for task in tasks], padding) for name in tasks[0].feeds}
        call, deadlines = Call(), [task.call.deadline for task in tasks]
        call.deadline = None if None in deadlines else max(deadlines)
        arrays = self._run(feeds, self._fetches, call)
        self._merger.observe(size)
        for array in arrays:
            check_output(array, size + padding)
        stops = np.cumsum([task.size for task in tasks])
        return [[array[stop - task.size : stop] for array in arrays] for task, stop in zip(tasks, stops)]


def merged(arrays, padding):
    """One array of the rows of all, lengthened by `padding` copies of the last array's first row.

    Where the other dimensions differ (pad_variable_length_inputs), each array grows to the largest, by its first value.
    """
    if len(arrays) > 1:
        sizes = np.max([array.shape[1:] for array in arrays], axis=0, initial=0).astype(int)
        arrays = [grown(array, tuple(sizes)) for array in arrays]
    if padding:
        row = next(array[:1] for array in reversed(arrays) if len(array))
        arrays = [*arrays, np.repeat(row, padding, axis=0)]
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]


def grown(array, sizes):
    if array.shape[1:] == sizes:
        return array
    if not array.size:
        raise invalid_argument("Got empty tensor in batch of non-empty tensors.")
    larger = np.full((len(array), *sizes), array.flat[0], array.dtype)
    larger[tuple(slice(size) for size in array.shape)] = array
    return larger


def check_output(array, size):
    """A row of output for each row of input, or the rows could not be handed back."""
    if not array.ndim:
        raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, "Batched output tensor has 0 dimensions")
    if len(array) != size:
        text = "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input"
        raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, f"{text} tensors")


def batch_size(feeds):
    """The common dimension 0 of all inputs."""
    if not feeds:
        raise invalid_argument("Batching Run() must have at least one input tensor")
    if any(not array.ndim for array in feeds.values()):
        raise invalid_argument("Batching Run() input tensors must have at least one dimension")
    sizes = {len(array) for array in feeds.values()}
    if len(sizes) > 1:
        raise invalid_argument("Batching Run() input tensors must have equal 0th-dimension size")
    return sizes.pop()
