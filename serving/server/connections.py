"""The open connections of the REST API: how many, and how long a client may take to say what it wants."""

import asyncio

from serving.server.limits import connections

REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
ACCEPTED_AT_ONCE = 16  # each takes a descriptor before anything here hears of it
BACKLOG = 1024


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
