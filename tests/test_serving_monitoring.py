"""Metrics as a Prometheus server reads them, checked by Prometheus's own parser."""

import types

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.server import monitoring as monitoring_module
from serving.server.monitoring import MAX_INVENTED, Monitoring

OK, NOT_FOUND = grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND


def samples(monitoring):
    """{(name, labels): value}; the parser adds "_total" to the name of a counter."""
    families = text_string_to_metric_families(monitoring.text())
    return {(each.name, *each.labels.items()): each.value for family in families for each in family.samples}


def test_requests_are_counted_and_only_successes_timed():
    monitoring = Monitoring()
    for seconds in (5e-6, 17e-6, 18e-6, 2.0, 10_000):
        monitoring.observe("m", "predict", "REST", OK, seconds)
    monitoring.observe("m", "predict", "REST", NOT_FOUND, 1.0)
    monitoring.observe("n", "Predict", "GRPC", OK, 1e-3)
    found = samples(monitoring)
    name = ":tensorflow:serving:request_count_total"
    assert found[name, ("model_name", "m"), ("status", "OK")] == 5
    assert found[name, ("model_name", "m"), ("status", "NOT_FOUND")] == 1
    labels = ("model_name", "m"), ("API", "predict"), ("entrypoint", "REST")
    name = ":tensorflow:serving:request_latency"
    assert found[(f"{name}_count", *labels)] == 5
    buckets = {dict(key[1:])["le"]: value for key, value in found.items() if key[:4] == (f"{name}_bucket", *labels)}
    assert len(buckets) == 34 and list(buckets)[:4] == ["10", "18", "32.4", "58.32"] and list(buckets)[-1] == "+Inf"
    assert [buckets["10"], buckets["18"], buckets["32.4"], buckets["+Inf"]] == [1, 3, 3, 5]
    assert f'{name}_count{{model_name="n",API="Predict",entrypoint="GRPC"}} 1\n' in monitoring.text()


def test_runs_are_timed(monkeypatch):
    monitoring = Monitoring()
    times = iter((7.0, 7.25))
    monkeypatch.setattr(monitoring_module, "time", types.SimpleNamespace(monotonic=lambda: next(times)))
    monitoring.timed(lambda: None, "m", "Predict")()
    labels = ("model_name", "m"), ("API", "Predict"), ("runtime", "TF1")
    found = samples(monitoring)
    assert found[(":tensorflow:serving:runtime_latency_count", *labels)] == 1
    assert found[(":tensorflow:serving:runtime_latency_sum", *labels)] == 250_000


def test_what_succeeds_of_timed_runs_and_warm_ups_is_observed():
    monitoring = Monitoring()
    run = monitoring.timed(lambda x, y: x / y, "m", "Classify")
    assert run(6, 3) == 2
    with pytest.raises(ZeroDivisionError):
        run(6, 0)
    monitoring.warm_ups.add(("/models/m/1", "OK"), 2e3)
    found = samples(monitoring)
    labels = ("model_name", "m"), ("API", "Classify"), ("runtime", "TF1")
    assert found[(":tensorflow:serving:runtime_latency_count", *labels)] == 1
    labels = ("model_path", "/models/m/1"), ("status", "OK")
    assert found[(":tensorflow:serving:model_warmup_latency_sum", *labels)] == 2000


def test_types_are_told_before_any_request():
    lines = Monitoring().text().splitlines()
    assert "# TYPE :tensorflow:serving:request_count counter" in lines
    assert "# TYPE :tensorflow:serving:request_latency histogram" in lines


def test_made_up_names_are_escaped_and_do_not_pile_up():
    monitoring = Monitoring()
    monitoring.observe('a"\\\n\udcff', "", "REST", NOT_FOUND, 0)
    assert ("model_name", 'a"\\\n\ufffd') in {key[1] for key in samples(monitoring)}
    for number in range(10 * MAX_INVENTED):
        monitoring.observe(f"m{number}", "predict", "REST", NOT_FOUND, 0)
    assert len(samples(monitoring)) == MAX_INVENTED + 1
    assert any(key[1] == ("model_name", "(others)") for key in samples(monitoring))
    monitoring.known = lambda: ["late"]
    monitoring.observe("late", "predict", "REST", NOT_FOUND, 0)
    assert any(key[1] == ("model_name", "late") for key in samples(monitoring)), "a model that exists has its own line"


def test_gauges_and_batches():
    monitoring, waiting = Monitoring(), [1]
    monitoring.gauge("requests_waiting", ("entrypoint", "GRPC"), lambda: len(waiting))
    for rows in (1, 3, 64, 10**6):
        monitoring.batches.add(("m",), rows)
    waiting.append(2)
    found = samples(monitoring)
    assert found[":tensorflow:serving:requests_waiting", ("entrypoint", "GRPC")] == 2
    name, m = ":tensorflow:serving:batch_rows", ("model_name", "m")
    assert (found[f"{name}_count", m], found[f"{name}_sum", m]) == (4, 10**6 + 68)
    assert [found[f"{name}_bucket", m, ("le", le)] for le in ("1", "2", "4", "64")] == [1, 1, 2, 3]
