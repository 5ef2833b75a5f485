"""Metrics for Prometheus: requests counted, and how long they took, under TensorFlow Serving's names."""

import bisect
import itertools
import threading
import time
from collections import Counter

import grpc

LIMITS = [10 * 1.8**power for power in range(33)]  # microseconds, up to some 20 minutes
BATCH_LIMITS = [2**power for power in range(13)]  # rows
MAX_INVENTED = 100  # anyone may ask for any name: further ones are counted together, so that memory stays bounded


class Histogram:
    """Times in microseconds, by bucket; or anything else with `limits` of its own."""

    def __init__(self, limits=LIMITS, unit=1e6):
        self.limits, self._unit = limits, unit
        self.counts = [0] * (len(limits) + 1)
        self.sum = 0.0

    def add(self, number):
        self.counts[bisect.bisect_left(self.limits, number * self._unit)] += 1
        self.sum += number * self._unit


class Monitoring:
    """Counts what the servers tell it; safe to call from any thread. `known` gives the names of models that exist."""

    known = staticmethod(tuple)

    def __init__(self):
        self._lock = threading.Lock()
        self._models, self._invented = set(), set()
        self._requests = Counter()  # of (model, status)
        self._latencies = {}  # (model, API, entrypoint) -> Histogram
        self._runtimes = {}  # (model, API, runtime) -> Histogram
        self._warm_ups = {}  # (path of a version, status) -> Histogram
        self._batches = {}  # (model,) -> Histogram of rows
        self._gauges = {}  # metric -> {(label, value): function that gives its number}

    def gauge(self, metric, label, number):
        """A number to be asked for whenever Prometheus comes: `label` is (name, value), `number` a function."""
        self._gauges.setdefault(metric, {})[label] = number

    def observe(self, model, api, entrypoint, code, seconds):
        """A request that ended: `api` "predict" over "REST", "Predict" over "GRPC"; `code` a grpc.StatusCode."""
        known = self.known()
        with self._lock:
            model = self._label(model, known)
            self._requests[model, code.name] += 1
            if code is grpc.StatusCode.OK:
                self._latencies.setdefault((model, api, entrypoint), Histogram()).add(seconds)

    def observe_run(self, model, api, seconds):
        """A run of the session: `api` is "Predict", "Classify" or "Regress" for both entrypoints."""
        with self._lock:
            self._runtimes.setdefault((model, api, "TF1"), Histogram()).add(seconds)

    def timed(self, run, model, api):
        """The function `run` of a servable, whose every success is observed."""

        def timed_run(*arguments):
            start = time.monotonic()
            outputs = run(*arguments)
            self.observe_run(model, api, time.monotonic() - start)
            return outputs

        return timed_run

    def observe_warm_up(self, path, seconds):
        """The requests of a version's warm-up file, replayed."""
        with self._lock:
            self._warm_ups.setdefault((path, "OK"), Histogram()).add(seconds)

    def observe_batch(self, model, rows):
        """A run of the batcher, whose `rows` are those of all its requests."""
        with self._lock:
            self._batches.setdefault((model,), Histogram(BATCH_LIMITS, 1)).add(rows)

    def _label(self, model, known):
        """Invented names have a room of their own: they cannot push out the names of models that exist."""
        if model in known:
            self._models.add(model)
        elif model not in self._models and len(self._invented) < MAX_INVENTED:
            self._invented.add(model)
        return model if model in self._models | self._invented else "(others)"

    def text(self):
        """The exposition format."""
        with self._lock:
            lines = ["# TYPE :tensorflow:serving:request_count counter"]
            for labels, count in sorted(self._requests.items()):
                lines.append(f":tensorflow:serving:request_count{{{_join(('model_name', 'status'), labels)}}} {count}")
            lines += _histogram_lines("request_latency", ("model_name", "API", "entrypoint"), self._latencies)
            lines += _histogram_lines("runtime_latency", ("model_name", "API", "runtime"), self._runtimes)
            lines += _histogram_lines("model_warmup_latency", ("model_path", "status"), self._warm_ups)
            lines += _histogram_lines("batch_rows", ("model_name",), self._batches)
        for metric, numbers in sorted(self._gauges.items()):
            lines.append(f"# TYPE :tensorflow:serving:{metric} gauge")
            for (label, value), number in sorted(numbers.items()):
                lines.append(f":tensorflow:serving:{metric}{{{_join((label,), (value,))}}} {number()}")
        return "\n".join(lines) + "\n"


def _histogram_lines(metric, names, histograms):
    name = f":tensorflow:serving:{metric}"
    yield f"# TYPE {name} histogram"
    for values, histogram in sorted(histograms.items()):
        labels = _join(names, values)
        totals = list(itertools.accumulate(histogram.counts))
        for limit, total in zip([*(f"{limit:g}" for limit in histogram.limits), "+Inf"], totals):
            yield f'{name}_bucket{{{labels},le="{limit}"}} {total}'
        yield f"{name}_sum{{{labels}}} {histogram.sum:.12g}"
        yield f"{name}_count{{{labels}}} {totals[-1]}"


def _join(names, values):
    return ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values))


def _escape(value):
    """A label may hold any name that a caller made up, bytes that are not UTF-8 included."""
    value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
