"""The HTTP server under the REST API: connections, bodies, headers, and what is broken."""

import concurrent.futures
import gzip
import http.client
import json
import socket
import threading

import pytest

from serving.server.errors import ServingError
from serving.server.http import HttpServer
from serving.server.limits import Limits
from serving.server.monitoring import Monitoring
from tests.fake_models import FakeModels, FakeServable, fake_models

METRICS = "/monitoring/prometheus/metrics"
PLAIN = {"limits": Limits(), "access_log": None}


@pytest.fixture(scope="module")
def models():
    return fake_models()


@pytest.fixture(scope="module")
def server(models):
    server = HttpServer(models, Monitoring(), "127.0.0.1", 0, threads=4, timeout_s=30, metrics_path=METRICS, **PLAIN)
    server.start()
    yield server
    server.stop(5)


@pytest.fixture
def ask(server):
    """ask(method, path, body, headers) -> (status, body)"""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)

    def ask(method, path, body=None, headers=None, encode_chunked=False):
        connection.request(method, path, body, headers or {}, encode_chunked=encode_chunked)
        response = connection.getresponse()
        return response.status, response.read()

    yield ask
    connection.close()


def error(answer):
    return answer[0], json.loads(answer[1])["error"]


def exchange(server, request, hang_up=False):
    """Return the server's answer to raw bytes, up to the end of the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(request)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


def test_the_target_is_taken_as_it_was_sent(ask):
    assert ask("POST", "/v1/models/%6d/labels/%73table:predict", '{"instances": [1]}')[0] == 200
    assert error(ask("POST", "/v1/models/m:predict?x=1")) == (400, "Malformed request: POST /v1/models/m:predict?x=1")
    assert error(ask("GET", "/v1/models/m%2fx?y#z")) == (404, "Could not find any versions of model m/x?y#z")
    assert error(ask("PUT", "/v1/models/../m"))[1] == "Malformed request: PUT /v1/models/../m"


def test_what_is_outside_the_api(ask):
    for path in ("/nothing", "/v1", "/v2/models", "/v1models"):
        status, body = ask("GET", path)
        assert status == 404 and b"<H1>Not Found</H1>" in body
    assert ask("TRACE", "/v1/models/m")[0] == 501
    assert ask("POST", "/", b"{}")[0] == 404
    assert ask("GET", "/v1/models/a|b")[0] == 400
    status, body = ask("GET", "/?model=m")
    assert status == 200 and b"<html" in body


def test_headers_of_answers(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for path in ("/v1/models/m", "/v1/models/n"):  # on one connection, which stays open
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert response.getheader("Content-Type") == "application/json"
        assert response.getheader("Access-Control-Allow-Origin") is None
    connection.request("HEAD", "/v1/models/m")
    response = connection.getresponse()
    assert (response.status, response.read()) == (400, b"")
    connection.request("GET", METRICS)
    response = connection.getresponse()
    assert response.getheader("Content-Type") == "text/plain"
    assert b':tensorflow:serving:request_count{model_name="m",status="OK"}' in response.read()
    connection.request("GET", METRICS + "?x")
    assert connection.getresponse().status == 400


def test_options_and_cors(models, ask):
    assert ask("OPTIONS", "/v1/models/m:predict", headers={"Origin": "http://page"}) == (200, b"")
    assert ask("OPTIONS", "/v1/models/m:predict") == (400, b"")
    server = HttpServer(models, Monitoring(), "127.0.0.1", 0, threads=1, timeout_s=0, cors=True, **PLAIN)
    server.start()
    for method, path, status in (("OPTIONS", "/v1/x", 200), ("GET", "/v1/models/m", 200), ("GET", "/v1/models/n", 404)):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request(method, path, headers={"Origin": "https://page"})
        response = connection.getresponse()
        allowed = [response.getheader(f"Access-Control-Allow-{name}") for name in ("Origin", "Methods", "Headers")]
        assert (response.status, allowed) == (status, ["*", "POST, GET", "Content-Type"])
        connection.close()
    connection.request("GET", METRICS)  # no metrics were asked for
    assert connection.getresponse().status == 404
    server.stop(5)


def test_bodies_however_they_come(ask, server):
    path, body = "/v1/models/m:predict", json.dumps({"instances": [1] * 100_000}).encode()
    expected = ask("POST", path, body)
    assert expected[0] == 200
    assert (
        ask("POST", path, iter([body[:7], body[7:]]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        == expected
    )
    assert ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"}) == expected
    assert ask("POST", path, gzip.compress(body), {"Content-Encoding": "gzip"}) == expected
    for broken in (b"no gzip", gzip.compress(body)[:100]):
        answer = ask("POST", path, broken, {"Content-Encoding": "gzip"})
        assert answer[0] == 400 and error(answer)[1].startswith(("The body cannot be read: ", "JSON Parse error: "))
    head = f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: 18\r\nExpect: 100-continue\r\n".encode()
    answer = exchange(server, head + b'Connection: close\r\n\r\n{"instances": [1]}')
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_nothing_that_is_sent_can_break_the_server(ask, server):
    path = "/v1/models/m:predict"
    for body in (
        b"[" * 300_000,
        b'{"instances":' + b"[" * 10**5 + b"]" * 10**5 + b"}",
        b'{"a":' * 10**5,
        b"\0",
        b"\xff" * 99,
    ):
        assert ask("POST", path, body)[0] == 400
    for request in (
        b"nonsense\r\n\r\n",
        b"GET /v1/models/m HTTP/9.9\r\n\r\n",
        b"POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /v1/models/\xff\xfe HTTP/1.1\r\nHost: h\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
    ):
        assert b" 400 Bad Request\r\n" in exchange(server, request)
    exchange(server, b"POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n{", hang_up=True)
    whole_url = b"GET http://h/v1/models/m HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    assert exchange(server, whole_url).startswith(b"HTTP/1.1 200")
    assert ask("POST", path, '{"instances": [1]}')[0] == 200


def test_a_port_that_is_taken_is_an_error(models, server):
    with pytest.raises(ServingError, match=f"Cannot listen on 127.0.0.1:{server.port}"):
        HttpServer(models, Monitoring(), "127.0.0.1", server.port, threads=1, timeout_s=1, **PLAIN).start()


def test_stopping_finishes_what_was_accepted():
    going, inside = threading.Event(), threading.Semaphore(0)

    def wait(x):
        inside.release()
        going.wait(20)
        return {"y": x}

    models = FakeModels(FakeServable(1, {"serving_default": ({"x": "float32"}, {"y": "float32"}, wait)}))
    server = HttpServer(models, Monitoring(), "127.0.0.1", 0, threads=4, timeout_s=30, **PLAIN)
    server.start()

    def predict():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("POST", "/v1/models/m:predict", '{"instances": [1]}')
        response = connection.getresponse()
        return response.status, response.getheader("Connection")

    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        requests = [pool.submit(predict) for _ in range(4)]
        for _ in requests:
            inside.acquire(timeout=20)
        stop = pool.submit(server.stop, 20)
        while True:  # until nobody listens any more
            try:
                socket.create_connection(("127.0.0.1", server.port), timeout=20).close()
            except (ConnectionRefusedError, ConnectionResetError):
                break
        going.set()
        assert [request.result() for request in requests] == [(200, "close")] * 4
        stop.result()
