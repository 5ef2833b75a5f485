"""The REST server with a model whose runs wait, and clients that ask it."""

import contextlib
import http.client
import json
import socket
import threading

from serving.server.http import HttpServer
from serving.server.limits import Limits
from serving.server.monitoring import Monitoring
from tests.fake_models import FakeModels, FakeServable

PATH, BODY = "/v1/models/m:predict", b'{"instances": [1]}'
POST = b"POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s" % (PATH.encode(), len(BODY), BODY)


class Model:
    """A model whose runs wait for `going`; `runs` are their inputs."""

    def __init__(self):
        self.going, self.runs = threading.Event(), []
        self.models = FakeModels(FakeServable(1, {"serving_default": ({"x": "float32"}, {"y": "float32"}, self.run)}))

    def run(self, x):
        self.runs.append(x.tolist())
        assert self.going.wait(20)
        return {"y": x}


@contextlib.contextmanager
def serving(model=None, timeout_s=30, threads=2, access_log=None, whole=False, **limits):
    """The port of a server, or the `whole` of it; without a model its runs need not wait."""
    if model is None:
        model = Model()
        model.going.set()
    options = {"threads": threads, "timeout_s": timeout_s, "limits": Limits(**limits), "access_log": access_log}
    server = HttpServer(model.models, Monitoring(), "127.0.0.1", 0, **options)
    server.start()
    try:
        yield (server if whole else server.port)
    finally:
        model.going.set()
        server.stop(5)


def ask(port, body=BODY, headers=None, method="POST", path=PATH):
    """(status, headers, what the JSON says)"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        headers = headers or {}
        connection.request(method, path, body, headers, encode_chunked="Transfer-Encoding" in headers)
        response = connection.getresponse()
        return response.status, response.headers, json.loads(response.read() or b"null")
    finally:
        connection.close()


def sends(port, content=POST):
    """A connection with something sent."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(content)
    return connection


def is_closed(connection):
    """Waits for the other side to close; whatever it says before is thrown away."""
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(65536):
            pass
    return True
