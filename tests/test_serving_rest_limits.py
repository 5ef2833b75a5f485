"""The REST server under clients that are slow, silent, too many, too large, impatient or hostile."""

import contextlib
import gzip
import json
import random
import select
import socket
import time
import tracemalloc
import zlib

import pytest

from tests.served_models import eventually
from tests.served_rest import BODY, PATH, POST, Model, ask, is_closed, sends, serving


@pytest.mark.parametrize("sent", [b"", b"POST /v1/mod", POST[:60], POST[:-1]])
def test_a_client_that_does_not_go_on_is_hung_up_on(sent):
    with serving(header_timeout_in_ms=200, body_timeout_in_ms=200) as port, sends(port, sent) as slow:
        assert is_closed(slow)
        assert ask(port)[0] == 200


def test_a_client_that_goes_on_slowly_is_hung_up_on_too():
    with serving(header_timeout_in_ms=300) as port, sends(port, b"GET / HTTP/1.1\r\n") as slow:
        slow.settimeout(0.05)
        with pytest.raises(OSError):  # not the time-outs, which are the pace of the headers
            while True:
                slow.sendall(b"x: y\r\n")
                with contextlib.suppress(TimeoutError):
                    if not slow.recv(1000):
                        raise ConnectionResetError


def test_a_client_is_not_to_blame_for_a_slow_server():
    with serving(whole=True, header_timeout_in_ms=200) as server:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
                eventually(lambda: server._connections._awaited)
                server._loop.call_soon_threadsafe(time.sleep, 0.6)
                time.sleep(0.2)  # the request comes while the server is at something else
                connection.sendall(POST)
                assert connection.recv(12) == b"HTTP/1.1 200"


def test_connections_without_requests_end_and_those_with_requests_stay():
    model = Model()
    short = dict.fromkeys(("keep_alive_in_ms", "header_timeout_in_ms", "body_timeout_in_ms"), 300)
    with serving(model, **short) as port, sends(port) as busy:
        eventually(lambda: model.runs)
        with pytest.raises(TimeoutError):
            busy.settimeout(1)
            busy.recv(1)
        model.going.set()
        busy.settimeout(20)
        assert busy.recv(12) == b"HTTP/1.1 200"
        assert is_closed(busy)


def test_silent_connections_do_not_keep_others_out():
    with serving(max_connections=10) as port, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(sends(port, POST[: 3 * number])) for number in range(30)]
        for _ in range(30):
            assert ask(port)[0] == 200
        assert is_closed(silent[0])


def test_where_all_connections_are_at_work_a_new_one_is_told():
    model = Model()
    with serving(model, max_connections=2) as port, sends(port), sends(port):
        eventually(lambda: len(model.runs) == 2)
        with sends(port) as third:
            assert third.recv(100).startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n")


def test_bodies_have_a_limit_however_they_come():
    with serving(max_body_bytes=10_000) as port:
        large = b'{"instances": [1], "x": "%s"}' % (b"x" * 10_000)
        for body, headers in (
            (large, {}),
            (gzip.compress(large), {"Content-Encoding": "gzip"}),
            (iter([large[:5000], large[5000:]]), {"Transfer-Encoding": "chunked"}),
        ):
            with contextlib.suppress(ConnectionError):  # the server need not read what it refuses
                status, _, answer = ask(port, body, headers)
                assert status == 413
                assert answer["error"] == "The body has more than 10000 bytes (--rest_api_max_body_bytes)"
        assert ask(port, large[:100] + b'"}')[0] == 200


def test_zeros_are_unzipped_no_further_than_the_limit():
    """100 MiB of zeros in 0.1: the server's memory stays near its limit of 1 MiB."""
    zipped = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    zeros = b"".join([*(zipped.compress(bytes(2**20)) for _ in range(100)), zipped.flush()])
    with serving(max_body_bytes=2**20) as port:
        tracemalloc.start()
        status = ask(port, zeros, {"Content-Encoding": "gzip"})[0]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert status == 413
    assert peak < 20 * 2**20


def test_all_bodies_together_have_a_limit():
    model = Model()
    with serving(model, max_inside_bytes=2 * len(BODY) + 5) as port, sends(port), sends(port):
        eventually(lambda: len(model.runs) == 2)
        status, headers, answer = ask(port)
        assert (status, headers["Retry-After"]) == (503, "1")
        assert answer["error"] == "The server holds as many bytes of requests as it may"
        model.going.set()
        eventually(lambda: ask(port)[0] == 200)


def test_an_error_does_not_repeat_all_that_was_sent():
    with serving() as port:
        body = json.dumps({"signature_name": "s" * 1_000_000, "instances": [1]}).encode()
        status, _, answer = ask(port, body)
    assert status == 400 and answer["error"].endswith("sss...TRUNCATED") and len(answer["error"]) < 20_000


def test_a_full_queue_says_when_to_come_again():
    model = Model()
    with serving(model, whole=True, max_queued_requests=3) as server, contextlib.ExitStack() as stack:
        port = server.port
        inside = [stack.enter_context(sends(port)) for _ in range(2)]
        eventually(lambda: len(model.runs) == 2)
        others = [stack.enter_context(sends(port)) for _ in range(5)]  # three of them may wait
        eventually(lambda: len(select.select(others, [], [], 0)[0]) == 2)
        told = select.select(others, [], [], 0)[0]
        assert all(each.recv(65536).startswith(b"HTTP/1.1 503 Service Unavailable\r\n") for each in told)
        status, headers, answer = ask(port)
        assert (status, headers["Retry-After"], answer) == (503, "1", {"error": "The queue of requests is full"})
        assert ask(port, None, method="GET", path="/v1/models/m")[0] == 200  # whether it lives can still be asked
        assert len(model.runs) == 2
        text = server._monitoring.text()
        assert 'requests_waiting{entrypoint="REST"} 3' in text and 'requests_inside{entrypoint="REST"} 2' in text
        assert 'request_count{model_name="m",status="RESOURCE_EXHAUSTED"} 3' in text
        model.going.set()
        for each in {*inside, *others} - {*told}:
            assert each.recv(12) == b"HTTP/1.1 200"


def test_the_time_counts_from_the_arrival_and_what_is_late_never_runs():
    model = Model()
    with serving(model, timeout_s=0.4, threads=1) as port:
        with sends(port) as inside:
            eventually(lambda: len(model.runs) == 1)
            status, _, answer = ask(port)  # while the only thread is taken
            assert (status, answer) == (504, {"error": "The request was not answered in time"})
            assert inside.recv(12) == b"HTTP/1.1 504"
        model.going.set()
        eventually(lambda: ask(port, b'{"instances": [2]}')[0] == 200)
        assert [1.0] in model.runs and model.runs.count([1.0]) == 1


def test_a_request_whose_client_has_gone_never_runs():
    model = Model()
    with serving(model, threads=1, whole=True) as server, sends(server.port):
        eventually(lambda: len(model.runs) == 1)
        impatient = [sends(server.port) for _ in range(20)]
        eventually(lambda: server._queued == 20)
        for each in impatient:
            each.close()
        eventually(lambda: server._queued == 0)
        with sends(server.port, POST.replace(b"[1]", b"[2]")) as patient:
            model.going.set()
            assert patient.recv(12) == b"HTTP/1.1 200"
        assert model.runs == [[1.0], [2.0]]
        eventually(lambda: server._bytes == 0)


def hostile():
    """Raw bytes: sound requests with bytes changed, cut out, doubled or put in, and plain noise."""
    chance = random.Random(0)
    sound = [
        POST,
        b"GET /v1/models/m/metadata HTTP/1.1\r\nHost: h\r\nX-Request-Id: \x7f\r\n\r\n",
        b"POST %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n%s\r\n0\r\n\r\n"
        % (PATH.encode(), BODY),
        b"POST %s HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 38\r\nExpect: 100-continue\r\n\r\n%s"
        % (PATH.encode(), gzip.compress(BODY)),
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
        b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n" + b"OPTIONS * HTTP/1.0\r\n\r\n",
    ]
    for number in range(300):
        content = bytearray(chance.choice(sound) if number % 10 else chance.randbytes(200))
        for _ in range(chance.randrange(1, 6)):
            at, end = sorted(chance.choices(range(len(content) + 1), k=2))
            content[at:end] = chance.choice(
                [b"", content[at:end] * 2, chance.randbytes(min(end - at, 9)), b"\r\n", b"\0", b"9" * 30, b"\xff", b"%"]
            )
        yield bytes(content)


def test_raw_bytes_do_not_harm_the_server():
    with serving(header_timeout_in_ms=500, body_timeout_in_ms=500, keep_alive_in_ms=500) as port:
        for number, content in enumerate(hostile()):
            with sends(port, content) as connection, contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
                is_closed(connection)
            if not number % 50:
                assert ask(port)[0] == 200
        assert ask(port)[2] == {"predictions": [1.0]}
