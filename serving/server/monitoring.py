"""What Prometheus reads: requests counted, and how long they took, under TensorFlow Serving's names."""

import bisect
import itertools
import threading
import time
from collections import Counter

import grpc

LIMITS = [10 * 1.8**power for power in range(33)]  # microseconds, up to some 20 minutes
MAX_MODELS = 1000  # anyone may ask for any name: further ones are counted together, so that memory stays bounded


class Histogram:
    """Times in microseconds, by bucket."""

    def __init__(self):
        self.counts = [0] * (len(LIMITS) + 1)
        self.sum = 0.0

    def add(self, seconds):
        self.counts[bisect.bisect_right(LIMITS, seconds * 1e6)] += 1
        self.sum += seconds * 1e6


class Monitoring:
    """Counts what the servers tell it; safe to call from any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._models = set()
        self._requests = Counter()  # of (model, status)
        self._latencies = {}  # (model, API, entrypoint) -> Histogram
        self._runtimes = {}  # (model, API, runtime) -> Histogram
        self._warm_ups = {}  # (path of a version, status) -> Histogram

    def observe(self, model, api, entrypoint, code, seconds):
        """A request that ended: `api` "predict" over "REST", "Predict" over "GRPC"; `code` a grpc.StatusCode."""
        with self._lock:
            model = self._label(model)
            self._requests[model, code.name] += 1
            if code is grpc.StatusCode.OK:
                self._latencies.setdefault((model, api, entrypoint), Histogram()).add(seconds)

    def observe_run(self, model, api, seconds):
        """A run of the session: `api` is "Predict", "Classify" or "Regress" for both entrypoints."""
        with self._lock:
            self._runtimes.setdefault((self._label(model), api, "TF1"), Histogram()).add(seconds)

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

    def _label(self, model):
        if len(self._models) < MAX_MODELS:
            self._models.add(model)
        return model if model in self._models else "(others)"

    def text(self):
        """The exposition format."""
        with self._lock:
            lines = ["# TYPE :tensorflow:serving:request_count counter"]
            for labels, count in sorted(self._requests.items()):
                lines.append(f":tensorflow:serving:request_count{{{_join(('model_name', 'status'), labels)}}} {count}")
            lines += _histogram_lines("request_latency", ("model_name", "API", "entrypoint"), self._latencies)
            lines += _histogram_lines("runtime_latency", ("model_name", "API", "runtime"), self._runtimes)
            lines += _histogram_lines("model_warmup_latency", ("model_path", "status"), self._warm_ups)
        return "\n".join(lines) + "\n"


def _histogram_lines(metric, names, histograms):
    name = f":tensorflow:serving:{metric}"
    yield f"# TYPE {name} histogram"
    for values, histogram in sorted(histograms.items()):
        labels = _join(names, values)
        totals = list(itertools.accumulate(histogram.counts))
        for limit, total in zip([*(f"{limit:g}" for limit in LIMITS), "+Inf"], totals):
            yield f'{name}_bucket{{{labels},le="{limit}"}} {total}'
        yield f"{name}_sum{{{labels}}} {histogram.sum:g}"
        yield f"{name}_count{{{labels}}} {totals[-1]}"


def _join(names, values):
    return ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values))


def _escape(value):
    """A label may hold any name that a caller made up, bytes that are not UTF-8 included."""
    value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
