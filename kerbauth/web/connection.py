"""One connection under its bounds: an aiohttp handler with a limit on each phase. See `connections` for why."""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import web

from kerbauth.core.messages import N_
from kerbauth.web.connections import Connections, Ended
from kerbauth.web.frame import Frame
from kerbauth.web.handlers import CLOSE
from kerbauth.web.wire import Malformed

HEADERS_TOO_LARGE: Final = N_("The header fields are too large together.")

HEAD_LIMIT: Final = 262_144
"""Bytes of a request's line and header fields together: one field at its limit, and as much again."""


class BoundedHandler(web.RequestHandler):
    """A connection that is refused above the limits, and cut where its peer is too slow."""

    __slots__ = ("_address", "_admitted", "_connections", "_end_timer", "_farewell", "_frame", "_head_bytes", "_head_timer", "_wire")

    def __init__(self, manager: web.Server, frame: Frame, connections: Connections, **kwargs: Any) -> None:
        super().__init__(manager, **kwargs)
        self._frame = frame
        self._connections = connections
        self._wire: asyncio.Transport | None = None  # aiohttp forgets its own when it closes, with bytes that nobody may ever take
        self._address = ""
        self._admitted = False
        self._farewell = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._end_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or refuse it."""
        wire = cast("asyncio.Transport", transport)  # a stream's transport is one (asyncio's documentation, Protocol.connection_made)
        self._wire = wire
        name = transport.get_extra_info("peername")
        self._address = str(name[0]) if isinstance(name, tuple) else ""
        if self._connections.admit(self._address) is not None:
            self._refuse(wire)
            return
        self._admitted = True
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is over."""
        self._wire = None
        self._stop(self._head_timer)
        self._stop(self._end_timer)
        if self._admitted:
            self._connections.leave(self._address)
        if self._farewell:
            self._connections.end_farewell()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; what arrives while no request is under way belongs to a head, which has its own time and size."""
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self._stop(self._head_timer)
            self._head_timer = None
            self._head_bytes = 0
        elif data and self._wire is not None and self._waits() and not self._force_close:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT:
                self._connections.ended(Ended.LARGE_HEADER)
                self._last_words(
                    self._wire, self._frame.unread(Malformed(431, HEADERS_TOO_LARGE, headers=(CLOSE,)), self._address, "header fields")
                )
            elif self._head_timer is None:
                self._begin_head()

    def pause_writing(self) -> None:
        """The peer does not take its reply as fast as it is made: it has a while to catch up."""
        super().pause_writing()
        self._end_within(self._connections.limits.reader, Ended.SLOW_READER)

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._stop(self._end_timer)
        super().resume_writing()

    async def start(self) -> None:
        """Work on one request after the other; afterwards the peer has a while to take what is left of the last reply."""
        try:
            await super().start()
        finally:
            if self._wire is not None and self._wire.is_closing():
                self._end_within(self._connections.limits.reader, Ended.SLOW_READER)

    def closes_by_halves(self) -> bool:
        """Whether the connection can say that nothing more will come, and go on reading. TLS cannot, in asyncio."""
        return self._wire is not None and self._wire.can_write_eof()

    def linger(self) -> None:
        """End the connection once the peer has read what was last said: closed at once with bytes unread, TCP would reset it, and the
        peer might never see the reply (RFC 9112 9.6).
        """
        self._force_close = True  # aiohttp reads and closes no more by itself
        if self._wire is None:
            return
        if self._wire.can_write_eof():
            self._wire.write_eof()
            limits = self._connections.limits
            unsent = self._wire.get_write_buffer_size() > 0  # it may take its time to read; and only then to close
            self._end_within(*((limits.reader, Ended.SLOW_READER) if unsent else (limits.linger, None)))
        else:
            self._wire.close()

    def _refuse(self, wire: asyncio.Transport) -> None:
        """Above a limit: say so and go."""
        self._farewell = self._connections.begin_farewell()
        if not self._farewell:
            wire.abort()
            return
        self._last_words(wire, self._frame.crowded(self._address))

    def _last_words(self, wire: asyncio.Transport, response: web.Response) -> None:
        wire.write(_as_bytes(response))
        self.linger()
        if self._waiter is not None:
            self._waiter.cancel()

    def _waits(self) -> bool:
        """Whether no request is under way."""
        return self._waiter is not None and not self._waiter.done()

    def _begin_head(self) -> None:
        self._head_timer = self._loop.call_later(self._connections.limits.header, self._cut, Ended.SLOW_HEADER)

    def _end_within(self, seconds: float, why: Ended | None) -> None:
        self._stop(self._end_timer)
        self._end_timer = self._loop.call_later(seconds, self._cut, why)

    def _cut(self, why: Ended | None) -> None:
        if self._wire is not None:
            taken = why is Ended.SLOW_READER and self._wire.get_write_buffer_size() == 0  # all of it, by now
            if why is not None and not taken:
                self._connections.ended(why)
            self._wire.abort()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def _as_bytes(response: web.Response) -> bytes:
    """A reply as it goes over the wire, where there is no request for aiohttp to answer."""
    body = response.body if isinstance(response.body, bytes) else b""
    fields = {**response.headers, "Content-Length": str(len(body)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n{head}\r\n".encode() + body
