"""The HTTP server of the REST API: connections, chunks, gzip, CORS, and the pages of the demonstration."""

import asyncio
import contextlib
import logging
import re
import threading
import zlib
from concurrent import futures

import aiohttp
import grpc
from aiohttp import http_exceptions, web

from serving.server.errors import ServingError
from serving.server.pages import Pages
from serving.server.rest import Rest

METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
MAX_LINE = 2**16  # bytes of a request line or a header
MAX_UNZIPPED = 100 * 2**20
SETTLING_S = 0.05  # what a client has sent before it ended its side has begun to be answered by then
LINGER_S = 0.25  # how long a draining server still hears requests on connections that are open
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}
_TARGET = re.compile(r"(?:https?://[^/?#]*)?(?P<target>(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{2})*)", re.ASCII)
_HTML = "<HTML><HEAD>\n<TITLE>{status} {reason}</TITLE>\n</HEAD><BODY>\n<H1>{reason}</H1>\n</BODY></HTML>\n"


class Connection(web.RequestHandler):
    """Also answers a client that has ended its side and still reads; aiohttp would hang up at once."""

    busy = ended = False

    def eof_received(self):
        self.ended = True
        self._close_soon()
        return True  # stay open for answers

    def _close_soon(self):
        asyncio.get_running_loop().call_later(SETTLING_S, lambda: self.busy or self.force_close())

    @contextlib.contextmanager
    def answering(self):
        """A request that has arrived whole, until it has its answer."""
        self.busy = True
        try:
            yield
        finally:
            self.busy = False
            if self.ended:
                self._close_soon()


class HttpServer:
    """Listens in a thread of its own and works in `threads` others. `timeout_s` is that of a run; 0 for none."""

    def __init__(self, models, monitoring, host, port, *, threads, timeout_s, metrics_path=None, cors=False):
        self.port = port
        self._host, self._monitoring, self._metrics_path, self._cors = host, monitoring, metrics_path, cors
        self._rest = Rest(models, monitoring, timeout_s if timeout_s > 0 else None)
        self._pool = futures.ThreadPoolExecutor(threads, "rest")
        self._pages = Pages(models)
        self._active = 0
        self._draining = False
        self._started = futures.Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="http", daemon=True)

    def start(self):
        """Returns when listening."""
        self._thread.start()
        self.port = self._started.result()

    def stop(self, grace_s):
        """Accepts no more connections; returns when what was accepted is answered, or after the grace period."""
        self._loop.call_soon_threadsafe(self._stopping.set_result, grace_s)
        self._thread.join()

    async def _main(self):
        self._loop = asyncio.get_running_loop()
        self._stopping = self._loop.create_future()
        quiet = logging.getLogger(__name__)
        quiet.setLevel(logging.CRITICAL)  # broken HTTP gets its 400, and is nothing to tell
        options = {"access_log": None, "logger": quiet, "auto_decompress": False}
        options |= {"max_line_size": MAX_LINE, "max_field_size": MAX_LINE}
        server = web.Server(self._handle)

        def connection():
            return Connection(server, loop=self._loop, **options)

        try:
            listener = await self._loop.create_server(connection, self._host, self.port, backlog=1024)
        except OSError:
            text = f"Cannot listen on {self._host}:{self.port}; is it in use?"
            self._started.set_exception(ServingError(grpc.StatusCode.UNAVAILABLE, text))
            return
        self._started.set_result(listener.sockets[0].getsockname()[1])
        grace_s = await self._stopping
        self._draining = True
        listener.close()
        await self._drained(grace_s)
        server.pre_shutdown()
        await server.shutdown(grace_s)
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _drained(self, grace_s):
        start = self._loop.time()
        while (passed := self._loop.time() - start) < grace_s and (self._active or passed < LINGER_S):
            await asyncio.sleep(0.01)

    async def _handle(self, request):
        self._active += 1
        try:
            if request.headers.get("Expect", "").lower() == "100-continue":
                await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                request.writer.output_size = 0
            body = await request.content.read()
            with request.protocol.answering():
                response = await self._respond(request, body)
        except (aiohttp.ClientPayloadError, http_exceptions.HttpProcessingError, web.RequestPayloadError):
            response = _html(400, "Bad Request")
            response.force_close()
        finally:
            self._active -= 1
        if self._draining:
            response.force_close()
        return response

    async def _respond(self, request, body):
        if request.method not in METHODS:
            return _html(501, "Not Implemented")
        match = _TARGET.fullmatch(request.raw_path)
        if not match:
            return _html(400, "Bad Request")
        target = match["target"]
        path = re.split(r"[?#]", target)[0]
        if path == self._metrics_path:
            return self._metrics(target)
        if target[:4].lower() == "/v1/":
            return await self._api(request, target, body)
        page = self._pages.find(path) if request.method in ("GET", "HEAD") else None
        if page:
            return web.Response(text=page[0], content_type=page[1])
        return _html(404, "Not Found")

    def _metrics(self, target):
        if target != self._metrics_path:
            text = f"Unexpected path: {target}. Should be {self._metrics_path}"
            return web.Response(status=400, body=text.encode(), headers={"Content-Type": "text/plain"})
        return web.Response(body=self._monitoring.text().encode(), headers={"Content-Type": "text/plain"})

    async def _api(self, request, target, body):
        headers = CORS_HEADERS if self._cors else {}
        if request.method == "OPTIONS":
            asked = re.search("https?://", request.headers.get("Origin", ""))
            return web.Response(status=200 if asked else 400, headers=headers)
        zipped = "gzip" in request.headers.get("Content-Encoding", "")
        status, answer = await self._loop.run_in_executor(
            self._pool, lambda: self._rest.answer(request.method, target, _unzip(body) if zipped else body)
        )
        return web.Response(status=status, body=answer, headers={"Content-Type": "application/json", **headers})


def _unzip(body):
    """What is no gzip, is cut short or grows too large counts as empty."""
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = unzip.decompress(body, MAX_UNZIPPED)
    except zlib.error:
        return b""
    return content if unzip.eof else b""


def _html(status, reason):
    """The page that TensorFlow Serving's HTTP library sends for what is outside the API."""
    return web.Response(status=status, text=_HTML.format(status=status, reason=reason), content_type="text/html")
