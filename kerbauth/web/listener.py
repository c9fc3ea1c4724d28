"""A listening socket, with TLS or without, that several processes share.

asyncio's own server accepts whoever waits in one go, so that of several processes the one that wakes first takes all connections of a
moment, and keeps them; here each takes one at a time. With TLS it begins a handshake for everybody who connects, makes nothing known of it
until it is over, and has one context for ever. Here the number of handshakes under way is bounded, so that peers who connect and say
nothing do not use up files and memory, and each connection is made with the context that is in use at that time.
"""

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import Callable
from typing import Final

from kerbauth.web.connections import counted_address
from kerbauth.web.tls import TlsSwitch

logger = logging.getLogger(__name__)

AT_ONCE: Final = 128
"""Handshakes under way. With 50 ms for each these are 2,500 in a second, several times what a processor can sign. Who comes later waits in
the kernel's queue until one is over.
"""

PER_ADDRESS: Final = 64
"""Of these for one address, so that no single one takes them all; more are closed at once. A site behind one address needs that many only
if 1,000 of its users connect within a second.
"""

GOODBYE: Final = 5.0
"""Seconds in which a client's TLS must answer that the connection is being closed. asyncio would wait for thirty."""

NO_FILE_LEFT: Final = 1.0
"""Seconds until the next try where no connection could be accepted, for want of files or memory. asyncio waits as long."""


class Listener:
    """Accepts connections on a socket that listens already, and hands each to a protocol of its own; with TLS once its handshake is done.

    A handshake that fails, or takes longer than the switch's `handshake`, closes the connection and is nobody's news: anybody can send
    anything to a port. `sockets` and `close` are what aiohttp uses of an asyncio.Server.
    """

    def __init__(self, sock: socket.socket, protocol: Callable[[], asyncio.Protocol], tls: TlsSwitch | None) -> None:
        self.sockets = (sock,)
        self._sock = sock
        self._protocol = protocol
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._by_address: Counter[str] = Counter()
        self._closed = False
        sock.settimeout(0)
        self._resume()

    def close(self) -> None:
        """Take no more connections, and break off handshakes. Connections that are made go on."""
        self._closed = True
        self._loop.remove_reader(self._sock)
        self._sock.close()
        for task in self._under_way:
            task.cancel()

    def _resume(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        """Accept one of those who wait; the loop comes again for the next, if no other process has."""
        try:
            connection, peer = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):  # nobody is left, or somebody has gone again
            return
        except OSError as error:
            logger.error("no connection can be accepted: %s", error.strerror)  # noqa: TRY400 -- the place in our code says nothing
            self._loop.remove_reader(self._sock)
            self._loop.call_later(NO_FILE_LEFT, self._resume)
            return
        address = counted_address(str(peer[0]))
        if self._by_address[address] >= PER_ADDRESS:
            connection.close()
            return
        task = self._loop.create_task(self._begin(connection))
        self._under_way[task] = address
        self._by_address[address] += 1
        task.add_done_callback(self._over)
        if len(self._under_way) >= AT_ONCE:
            self._loop.remove_reader(self._sock)

    async def _begin(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # what TLS and the network raise, and how asyncio says that it took too long
            if self._tls is None:
                await self._loop.connect_accepted_socket(self._protocol, connection)
            else:
                await self._loop.connect_accepted_socket(
                    self._protocol,
                    connection,
                    ssl=self._tls.in_use,
                    ssl_handshake_timeout=self._tls.handshake,
                    ssl_shutdown_timeout=GOODBYE,
                )

    def _over(self, task: asyncio.Task[None]) -> None:
        address = self._under_way.pop(task)
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
        if len(self._under_way) == AT_ONCE - 1:  # there is room again
            self._resume()
