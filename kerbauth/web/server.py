"""The listening server under the application: aiohttp's, with bounds of our own, and silent about what it could not
parse.

aiohttp quotes up to 100 bytes of a header field it cannot parse: to the client, and with a traceback into the log. In a
field like Authorization these are a password or a ticket. So the handler of such errors is replaced here.
"""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.http import HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo  # what stands in the queue for a request that could not be read; aiohttp makes no other

from kerbauth.core.messages import N_
from kerbauth.web.app import FRAME
from kerbauth.web.connection import HEAD_LIMIT, HEADERS_TOO_LARGE, BoundedHandler
from kerbauth.web.connections import ConnectionLimits, Connections, fit_to_files
from kerbauth.web.frame import Frame, described
from kerbauth.web.handlers import CLOSE
from kerbauth.web.listener import Listener
from kerbauth.web.tls import TlsSwitch
from kerbauth.web.wire import Malformed

NOT_HTTP: Final = N_("The request cannot be read as HTTP.")
HEADER_TOO_LARGE: Final = N_("A header field is too large.")

FIELD_LIMIT: Final = 131_072
"""Bytes of one header field: a token of TOKEN_LIMIT bytes in base64 is 90 112; what lies between is refused with its
own reason.
"""

FIELDS_LIMIT: Final = 100
"""Header fields of one request; a browser behind two proxies sends some forty."""

LINE_LIMIT: Final = 16_384
"""Bytes of the request line: two names of 255 characters, percent-encoded at most twelvefold, and the path."""

HSTS: Final = ("Strict-Transport-Security", "max-age=31536000")
"""On every reply over our own TLS: a browser then asks this host for nothing unencrypted, for a year (RFC 6797)."""

BACKLOG: Final = 1024
"""Connections the kernel keeps until they are accepted: a whole site logging in at eight o'clock. The kernel caps it
(somaxconn).
"""


DEFAULT_CONNECTIONS: Final = ConnectionLimits()


class _HeadTooLargeError(HttpProcessingError):
    """The header fields of a request are too large together."""


class QuietHandler(BoundedHandler):
    """One connection. Says nothing about a request that could not be parsed but that it could not."""

    __slots__ = ("_unread",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unread = False

    def data_received(self, data: bytes) -> None:
        """Read on, and let no request through that we and a proxy in front could understand differently."""
        queued = len(self._messages)
        super().data_received(data)
        for place in range(queued, len(self._messages)):
            message, _ = self._messages[place]
            error = None if isinstance(message, _ErrInfo) else _refused(message)
            if error is not None:
                self._messages[place] = (_ErrInfo(400, error, ""), EMPTY_PAYLOAD)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002 -- aiohttp's signature
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 -- quotes the request
    ) -> web.StreamResponse:
        """The reply when there is no request, or when the application failed outside its own frame. Closes the
        connection.
        """
        if request.writer.output_size > 0:
            msg = "a reply is on its way already"
            raise ConnectionError(msg)
        response = self._frame.unread(self._refusal(exc), request.remote or "", _named(exc))
        response.force_close()
        self._unread = True
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send a reply, over TLS with HSTS; one that aiohttp made by itself (417 for an Expect it does not know, which it quotes) is
        replaced. After what could not be read nothing more is: what follows may be a part of it.
        """
        if isinstance(resp, web.HTTPException):
            resp = self._frame.unread(Malformed(400, NOT_HTTP, headers=(CLOSE,)), request.remote or "", _named(resp))
            self._unread = True
        if self.transport is not None and self.transport.get_extra_info("ssl_object") is not None:
            resp.headers.setdefault(*HSTS)
        sent = await super().finish_response(request, resp, start_time)
        if self._unread or (not resp.keep_alive and self.closes_by_halves()):
            self.linger()
        return sent

    def log_exception(self, *args: Any, **kw: Any) -> None:  # noqa: ARG002 -- aiohttp's signature
        """Log where an error came from, not what it says."""
        error = kw.get("exc_info")
        self.logger.error("connection failed: %s", _named(error if isinstance(error, BaseException) else None))

    def _refusal(self, exc: BaseException | None) -> Malformed | None:
        """What is wrong with the request; None if it is not the request that is wrong."""
        if isinstance(exc, LineTooLong) and exc.args[1] == self.max_field_size:
            return Malformed(431, HEADER_TOO_LARGE, headers=(CLOSE,))  # RFC 6585 5
        if isinstance(exc, _HeadTooLargeError):
            return Malformed(431, HEADERS_TOO_LARGE, headers=(CLOSE,))
        if isinstance(exc, HttpProcessingError):
            return Malformed(400, NOT_HTTP, headers=(CLOSE,))
        return None


class QuietServer(web.Server):
    """Makes a QuietHandler for every connection."""

    def __init__(self, like: web.Server, frame: Frame, limits: ConnectionLimits, **kwargs: Any) -> None:
        super().__init__(like.request_handler, request_factory=like.request_factory)
        self._frame = frame
        self._open = Connections(limits, lambda why: frame.services.metrics.count_ended(why.value))
        self._handler_kwargs = kwargs

    def __call__(self) -> web.RequestHandler:
        """A handler for one new connection."""
        return QuietHandler(self, self._frame, self._open, loop=self._loop, **self._handler_kwargs)


class Site(web.BaseSite):
    """A bound socket to listen on, with TLS or without: see `listener` for what aiohttp's own lacks."""

    def __init__(self, runner: web.BaseRunner, sock: socket.socket, tls: TlsSwitch | None) -> None:
        super().__init__(runner)
        self._sock = sock
        self._tls = tls

    @property
    def name(self) -> str:
        """What aiohttp calls it."""
        return f"{'http' if self._tls is None else 'https'}://{self._sock.getsockname()}"

    async def start(self) -> None:
        """Listen. Raises OSError."""
        await super().start()
        self._sock.listen(BACKLOG)
        protocol: Any = self._runner.server  # what aiohttp calls a server is asyncio's protocol factory
        self._server = cast("asyncio.AbstractServer", Listener(self._sock, protocol, self._tls))


class QuietRunner(web.AppRunner):
    """An AppRunner over a QuietServer."""

    def __init__(self, app: web.Application, limits: ConnectionLimits, **kwargs: Any) -> None:
        super().__init__(app, **kwargs)
        self._limits = limits

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return QuietServer(made, self.app[FRAME], self._limits, **self._kwargs)


async def start(
    app: web.Application,
    sockets: Sequence[socket.socket],
    *,
    tls: TlsSwitch | None = None,
    limits: ConnectionLimits = DEFAULT_CONNECTIONS,
    shutdown_timeout: float = 15.0,
) -> web.AppRunner:
    """Serve on these sockets, which are bound already: several processes may share them. They are closed at the end.

    With `tls` they speak HTTPS and no plain HTTP.

    `cleanup()` of what is returned stops listening, lets the requests under way end for `shutdown_timeout` seconds,
    then cuts them off. Raises OSError if a socket cannot listen.
    """
    limits = fit_to_files(limits)
    runner = QuietRunner(
        app,
        limits,
        access_log=None,  # the audit record and the metrics say it better, and know what must not be said
        auto_decompress=False,  # encoded bodies are refused, so none is ever unpacked
        max_line_size=LINE_LIMIT,
        max_field_size=FIELD_LIMIT,
        max_headers=FIELDS_LIMIT,
        keepalive_timeout=limits.keepalive,
        lingering_time=limits.linger,
        shutdown_timeout=shutdown_timeout,
    )
    async with contextlib.AsyncExitStack() as undo:
        undo.push_async_callback(runner.cleanup)
        await runner.setup()
        for each in sockets:
            await Site(runner, each, tls).start()
        undo.pop_all()
    return runner


def _refused(message: RawRequestMessage) -> HttpProcessingError | None:
    """Why a request that aiohttp could read is refused, if it is.

    It is of another HTTP than ours, or it is not certain where its body ends (RFC 9112 6.1 and 11.2): aiohttp takes any version, chunks
    in HTTP/1.0, and any coding in front of `chunked`, as if it had undone it. Or its header fields are within their bounds one by one,
    but not together.
    """
    codings = [value.lower() for value in message.headers.getall("Transfer-Encoding", ())]
    certain = not codings or (codings == ["chunked"] and message.version == HttpVersion11)
    if message.version not in {HttpVersion10, HttpVersion11} or not certain:
        return BadHttpMessage("in doubt")
    size = sum(len(name) + len(value) for name, value in message.raw_headers)
    return _HeadTooLargeError(code=431) if size > HEAD_LIMIT else None


def _named(error: BaseException | None) -> str:
    return described(error) if error is not None else "no exception"
