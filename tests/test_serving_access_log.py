"""The access log and the request ids of the REST server: a line for each request, which never stops one."""

import io
import json
import threading

from serving.server import calls
from serving.server.calls import AccessLog
from tests.served_rest import BODY, PATH, ask, serving


def test_request_ids_come_back_and_are_logged():
    log = io.StringIO()
    access_log = AccessLog(log)
    with serving(access_log=access_log) as port:
        for sent in ("abc-1", None, "two words", "x" * 200):
            _, headers, _ = ask(port, headers={"X-Request-Id": sent} if sent else {})
            assert (headers["X-Request-Id"] == sent) == (sent == "abc-1")
        assert len(headers["X-Request-Id"]) == 32
        missing = ask(port, path="/v1/models/n:predict", body=b'{"signature_name": "s", "instances": [1]}')[1]
        ask(port, None, method="GET", path="/v1/models/m?a=b")
        assert len(ask(port, None, method="GET", path="/v1/models/%0a")[1]["X-Request-Id"]) == 32
    access_log.close()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["status"] for line in lines] == [200, 200, 200, 200, 404, 404, 404]
    assert lines[0]["request_id"] == "abc-1" and lines[4]["request_id"] == missing["X-Request-Id"]
    assert [lines[0][key] for key in ("method", "path", "model", "bytes_received")] == ["POST", PATH, "m", len(BODY)]
    assert (lines[4]["model"], lines[4]["signature"]) == ("n", "s")
    assert lines[5]["path"] == "/v1/models/m?a=b"
    assert all(line["duration_ms"] >= line["queue_ms"] >= 0 and line["bytes_sent"] > 0 for line in lines)


def test_a_log_that_nobody_reads_any_more_stops_nothing():
    class Broken(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    with serving(access_log=AccessLog(Broken())) as port:
        assert [ask(port)[0] for _ in range(3)] == [200] * 3


def test_a_log_whose_reader_sleeps_stops_nothing_and_loses_what_is_too_much(monkeypatch):
    awake = threading.Event()

    class Asleep(io.StringIO):
        def write(self, text):
            assert awake.wait(60)
            return super().write(text)

    monkeypatch.setattr(calls, "MOST_LINES", 4)
    log = Asleep()
    access_log = AccessLog(log)
    with serving(access_log=access_log) as port:
        assert [ask(port)[0] for _ in range(20)] == [200] * 20
    awake.set()
    access_log.close()
    assert 4 <= len([json.loads(line) for line in log.getvalue().splitlines()]) < 20
