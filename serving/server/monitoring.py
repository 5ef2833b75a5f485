"""Metrics for Prometheus: requests counted, and how long they took, under TensorFlow Serving's names."""

import bisect
import collections
import itertools
import threading
import time

import grpc

LIMITS = [10 * 1.8**power for power in range(33)]  # microseconds, up to some 20 minutes
BATCH_LIMITS = [2**power for power in range(13)]  # rows
MAX_INVENTED = 100  # anyone may ask for any name: further ones are counted together, so that memory stays bounded


class Histograms:
    """One metric: numbers by bucket, for each tuple of values of its labels."""

    def __init__(self, metric, labels, limits=LIMITS):
        self._name, self._labels, self._limits = f":tensorflow:serving:{metric}", labels, limits
        self._lock, self._sums = threading.Lock(), collections.defaultdict(float)
        self._counts = collections.defaultdict(lambda: [0] * (len(limits) + 1))

    def add(self, values, number):
        """Count a number, in any thread."""
        with self._lock:
            self._counts[values][bisect.bisect_left(self._limits, number)] += 1
            self._sums[values] += number

    def lines(self):
        """The lines of the exposition format."""
        with self._lock:
            counted = [(values, counts[:], self._sums[values]) for values, counts in sorted(self._counts.items())]
        yield f"# TYPE {self._name} histogram"
        for values, counts, total in counted:
            labels = _join(self._labels, values)
            limits = [*(f"{limit:g}" for limit in self._limits), "+Inf"]
            for limit, count in zip(limits, itertools.accumulate(counts)):
                yield f'{self._name}_bucket{{{labels},le="{limit}"}} {count}'
            yield f"{self._name}_sum{{{labels}}} {total:.12g}"
            yield f"{self._name}_count{{{labels}}} {sum(counts)}"


class Monitoring:
    """Counts what the servers tell it; safe to call from any thread. `known` gives the names of models that exist."""

    def __init__(self):
        self._lock = threading.Lock()
        self._models, self._invented, self.known = set(), set(), tuple
        self._requests = collections.Counter()  # of (model, status)
        self._latencies = Histograms("request_latency", ("model_name", "API", "entrypoint"))
        self._runtimes = Histograms("runtime_latency", ("model_name", "API", "runtime"))
        self.warm_ups = Histograms("model_warmup_latency", ("model_path", "status"))  # microseconds
        self.batches = Histograms("batch_rows", ("model_name",), BATCH_LIMITS)  # rows of all requests of a run
        self._gauges = {}  # metric -> {(label, value): function that gives its number}

    def gauge(self, metric, label, number):
        """A number to be asked for whenever Prometheus comes: `label` is (name, value), `number` a function."""
        self._gauges.setdefault(metric, {})[label] = number

    def observe(self, model, api, entrypoint, code, seconds):
        """A request that ended: `api` "predict" over "REST", "Predict" over "GRPC"; `code` a grpc.StatusCode."""
        exists = model in self._models or model in self.known()
        with self._lock:
            if exists:
                self._models.add(model)
            elif model in self._invented or len(self._invented) < MAX_INVENTED:  # they push out none that exists
                self._invented.add(model)
            else:
                model = "(others)"
            self._requests[model, code.name] += 1
        if code is grpc.StatusCode.OK:
            self._latencies.add((model, api, entrypoint), seconds * 1e6)

    def timed(self, run, model, api):
        """The function `run` of a servable, its successes observed: `api` is "Predict", "Classify" or "Regress"."""

        def timed_run(*arguments):
            start = time.monotonic()
            outputs = run(*arguments)
            self._runtimes.add((model, api, "TF1"), 1e6 * (time.monotonic() - start))
            return outputs

        return timed_run

    def text(self):
        """The exposition format."""
        with self._lock:
            requests = sorted(self._requests.items())
        lines = ["# TYPE :tensorflow:serving:request_count counter"]
        for labels, count in requests:
            lines.append(f":tensorflow:serving:request_count{{{_join(('model_name', 'status'), labels)}}} {count}")
        for histograms in (self._latencies, self._runtimes, self.warm_ups, self.batches):
            lines += histograms.lines()
        for metric, numbers in sorted(self._gauges.items()):
            lines.append(f"# TYPE :tensorflow:serving:{metric} gauge")
            for (label, value), number in sorted(numbers.items()):
                lines.append(f":tensorflow:serving:{metric}{{{_join((label,), (value,))}}} {number()}")
        return "\n".join(lines) + "\n"


def _join(names, values):
    """A label may hold any name that a caller made up, bytes that are not UTF-8 included."""
    values = [value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for value in values]
    values = [value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for value in values]
    return ",".join(f'{name}="{value}"' for name, value in zip(names, values))
