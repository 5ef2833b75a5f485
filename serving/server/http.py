"""The HTTP server of the REST API: connections, bodies, the queue, CORS, the log, and the demonstration's pages."""

import asyncio
import json
import logging
import re
import threading
import time
from concurrent import futures
from pathlib import Path

import aiohttp
import grpc
from aiohttp import web

from serving.server.calls import Call
from serving.server.errors import ServingError
from serving.server.limits import connections
from serving.server.rest import Rest
from serving.server.rest_json.writing import error_body

METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
MAX_LINE = 2**16  # bytes of a request line or a header
LINGER_S = 0.25  # how long a draining server still hears requests on connections that are open
RETRY_AFTER_S = 1
REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
ACCEPTED_AT_ONCE = 16  # each takes a descriptor before anything here hears of it
BACKLOG = 1024
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}
_TARGET = re.compile(r"(?:https?://[^/?#]*)?(?P<target>(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{2})*)", re.ASCII)
PAGES = Path(__file__).parents[1] / "page"  # the demonstration at /
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_HTML = "<HTML><HEAD>\n<TITLE>{status} {reason}</TITLE>\n</HEAD><BODY>\n<H1>{reason}</H1>\n</BODY></HTML>\n"


class HttpServer:
    """Listens in a thread of its own and works in `threads` others.

    `timeout_s` is that of a request, from its arrival; 0 for none.
    """

    def __init__(
        self, models, monitoring, host, port, *, threads, timeout_s, limits, access_log, metrics_path=None, cors=False
    ):
        self._address, self._monitoring, self._metrics_path, self._cors = (host, port), monitoring, metrics_path, cors
        self._timeout_s, self._limits, self._log = timeout_s or None, limits, access_log
        self._models, self._rest = models, Rest(models, monitoring, limits.max_json_values)
        files = [file for file in PAGES.iterdir() if file.suffix in KINDS]
        self._pages = {f"/{file.name}": (file.read_text("utf-8"), KINDS[file.suffix]) for file in files}
        self._pages["/"] = self._pages.pop("/index.html")
        self._threads, self._pool = threads, futures.ThreadPoolExecutor(threads, "rest")
        self._active = self._queued = self._inside = self._bytes = 0
        monitoring.gauge("requests_waiting", ("entrypoint", "REST"), lambda: self._queued)
        monitoring.gauge("requests_inside", ("entrypoint", "REST"), lambda: self._inside)
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
        self._stopping, self._free = self._loop.create_future(), asyncio.Semaphore(self._threads)
        quiet = logging.getLogger(__name__)
        quiet.setLevel(logging.CRITICAL)  # broken HTTP gets its 400, and is nothing to tell
        server = web.Server(
            self._handle,
            access_log=None,
            logger=quiet,
            handler_cancellation=True,
            keepalive_timeout=self._limits.keep_alive_in_ms / 1000,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
        )
        self._connections = Connections(server, self._limits)
        try:
            listener = await self._loop.create_server(self._connections, *self._address, backlog=ACCEPTED_AT_ONCE)
        except OSError:
            text = "Cannot listen on {}:{}; is it in use?".format(*self._address)
            self._started.set_exception(ServingError(grpc.StatusCode.UNAVAILABLE, text))
            return
        for each in listener.sockets:
            with each.dup() as same:
                same.listen(BACKLOG)
        watch = asyncio.create_task(self._connections.watch())
        self._started.set_result(listener.sockets[0].getsockname()[1])
        grace_s = await self._stopping
        self._draining = True
        listener.close()
        start = self._loop.time()
        while (passed := self._loop.time() - start) < grace_s and (self._active or passed < LINGER_S):
            await asyncio.sleep(0.01)
        watch.cancel()
        server.pre_shutdown()
        await server.shutdown(timeout=2.0)  # beyond the grace period
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _handle(self, request):
        """Any request, from its headers to its answer."""
        call, response = Call(self._timeout_s, request.headers.get("X-Request-Id", "")), None
        self._active += 1
        try:
            if request.headers.get("Expect", "").lower() == "100-continue":
                await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            response = await self._respond(request, call)
        except _RefusedError as refused:
            status, message = refused.args
            response = _json(status, error_body(message))
            if not request.content.is_eof():
                response.force_close()  # nobody reads the rest of the body
        finally:
            self._active -= 1
            call.cancelled = True  # whatever still works for it may stop
            self._connections.awaits(request.protocol, self._limits.keep_alive_in_ms)
            if self._log:
                status, size = (response.status, len(response.body or b"")) if response else (499, 0)  # it has gone
                self._log.tell(call, request.remote, request.method, request.raw_path, status, size)
        response.headers["X-Request-Id"] = call.id
        if response.status == 503:
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
        if self._cors:
            response.headers.update(CORS_HEADERS)
        if self._draining:
            response.force_close()
        return response

    async def _respond(self, request, call):
        if request.method not in METHODS:
            return _html(501, "Not Implemented")
        match = _TARGET.fullmatch(request.raw_path)
        if not match:
            return _html(400, "Bad Request")
        target = match["target"]
        path = re.split(r"[?#]", target)[0]
        if target[:4].lower() == "/v1/":
            return await self._api(request, target, call)
        self._connections.heard(request.protocol)
        if path == self._metrics_path:
            status, text = 200, self._monitoring.text()
            if target != path:
                status, text = 400, f"Unexpected path: {target}. Should be {path}"
            return web.Response(status=status, body=text.encode(), content_type="text/plain")
        if request.method not in ("GET", "HEAD") or path not in self._pages:
            return _html(404, "Not Found")
        text, kind = self._pages[path]
        # The protocol has no request that lists models, so the page is told. "<" could end the element that it is in.
        names = json.dumps(self._models.names()).replace("<", "\\u003c")
        return web.Response(text=text.replace("{{models}}", names), content_type=kind)

    async def _api(self, request, target, call):
        try:
            body = await self._body(request, call)
            call.arrive()
            if request.method == "OPTIONS":
                asked = re.search("https?://", request.headers.get("Origin", ""))
                return web.Response(status=200 if asked else 400)
            if request.method == "POST":
                return _json(*await self._in_time(target, body, call))
            # Quick, and how others see whether this server lives: it does not stand in the queue.
            answer = self._loop.run_in_executor(None, self._rest.answer, request.method, target, body, call)
            return _json(*await answer)
        finally:
            if not call.begun:
                self._bytes -= call.bytes

    async def _body(self, request, call):
        """All of it, unzipped, or _RefusedError."""
        largest, parts = self._limits.max_body_bytes, []
        if (request.content_length or 0) > largest:
            raise _RefusedError(413, f"The body has more than {largest} bytes (--rest_api_max_body_bytes)")
        self._connections.awaits(request.protocol, self._limits.body_timeout_in_ms)
        try:
            async for part in request.content.iter_any():
                call.bytes += len(part)
                self._bytes += len(part)
                if call.bytes > largest:
                    raise _RefusedError(413, f"The body has more than {largest} bytes (--rest_api_max_body_bytes)")
                if self._bytes > self._limits.max_inside_bytes:
                    raise _RefusedError(503, "The server holds as many bytes of requests as it may")
                parts.append(part)
        except (aiohttp.ClientPayloadError, aiohttp.http.HttpProcessingError, web.RequestPayloadError) as error:
            raise _RefusedError(400, f"The body cannot be read: {getattr(error, 'message', error)}") from None
        self._connections.heard(request.protocol)
        return b"".join(parts)

    async def _in_time(self, target, body, call):
        """(status, body) when a thread was free for the request and has answered it, or _RefusedError."""
        if self._free.locked() and self._queued >= self._limits.max_queued_requests:
            self._rest.refuse(target, call, grpc.StatusCode.RESOURCE_EXHAUSTED)
            raise _RefusedError(503, "The queue of requests is full")
        try:
            async with asyncio.timeout_at(call.deadline):
                self._queued += 1
                try:
                    await self._free.acquire()
                finally:
                    self._queued -= 1
                self._inside += 1
                call.begun, call.queued_s = True, time.monotonic() - call.arrival
                work = self._loop.run_in_executor(self._pool, self._rest.answer, "POST", target, body, call)
                work.add_done_callback(lambda _: self._end(call))
                return await asyncio.shield(work)  # a thread cannot be stopped: it is free when it has come to its end
        except TimeoutError:
            if not call.begun:
                self._rest.refuse(target, call, grpc.StatusCode.DEADLINE_EXCEEDED)
            raise _RefusedError(504, "The request was not answered in time") from None

    def _end(self, call):
        """The thread is done with a request, whether or not its client still waits."""
        self._bytes -= call.bytes
        self._inside -= 1
        self._free.release()


class Connections:
    """Makes a protocol for each connection to a web.Server, and closes those that keep it waiting.

    A client that opens a connection and sends nothing, or half a request, holds a descriptor. It has `limits`' time to
    send a request whole. Where all `max_connections` are taken, the one that has kept the server waiting longest gives
    way to the new one, so that silent clients cannot keep others out.
    """

    def __init__(self, server, limits):
        self._server, self._limits = server, limits
        self._most = connections(limits.max_connections, divisor=3)
        self._loop = asyncio.get_running_loop()
        self._awaited = {}  # connection -> (since, until), the longest awaited first

    def __call__(self):
        """The protocol of a new connection."""
        if len(self._server.connections) >= self._most:
            if not self._awaited:
                return _Refusal()
            self._close(next(iter(self._awaited)))
        connection = self._server()
        self.awaits(connection, self._limits.header_timeout_in_ms)
        return connection

    def awaits(self, connection, milliseconds):
        """From now on `connection` is to send something, or to take its answer, within that time."""
        self.heard(connection)
        now = self._loop.time()
        self._awaited[connection] = now, now + milliseconds / 1000

    def heard(self, connection):
        """`connection` has sent its request whole."""
        self._awaited.pop(connection, None)

    async def watch(self):
        """Closes what takes too long, again and again."""
        limits = self._limits
        shortest = min(limits.header_timeout_in_ms, limits.body_timeout_in_ms, limits.keep_alive_in_ms)
        pause = min(1.0, shortest / 4000)
        while True:
            before = self._loop.time()
            await asyncio.sleep(pause)
            now = self._loop.time()
            if now - before > 2 * pause:
                continue  # it was the server that was slow: what has come meanwhile is read first
            for connection, (since, until) in list(self._awaited.items()):
                gone = connection.transport is None and since < now - 1  # a new one has its transport in an instant
                if gone or until < now:
                    self._close(connection)

    def _close(self, connection):
        self.heard(connection)
        connection.force_close()


class _Refusal(asyncio.Protocol):
    """Of a connection for which there is no place."""

    def connection_made(self, transport):
        transport.write(REFUSAL)
        transport.close()


class _RefusedError(Exception):
    """A request that goes no further, with the HTTP status of its answer and what that says."""


def _json(status, body):
    return web.Response(status=status, body=body, headers={"Content-Type": "application/json"})


def _html(status, reason):
    """The page that TensorFlow Serving's HTTP library sends for what is outside the API."""
    return web.Response(status=status, text=_HTML.format(status=status, reason=reason), content_type="text/html")
