"""A KDC that does what it is told, by itself or in front of a real one: UDP and TCP on one loopback port, in a thread of its own.

    with scripted_kdc(by_number({1: silence}, otherwise=relay), upstream=realm.kdc) as kdc: ...

A behaviour is a coroutine that is given one request and does with it what it likes; tests.kdc.behaviours has the usual ones.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from kerbauth.demo.realm import LISTEN, free_port
from tests.kdc import wire
from tests.kdc.upstream import PREFIX, Address, ask

Behaviour = Callable[["Exchange"], Awaitable[None]]


@dataclass(frozen=True)
class Asked:
    """One request as it came in; `number` counts from 1 over both transports."""

    number: int
    transport: Literal["udp", "tcp"]
    message: bytes = field(repr=False)

    @property
    def kind(self) -> int:
        """The message type: wire.AS_REQ or wire.TGS_REQ; 0 for what is no Kerberos message."""
        return wire.message_type(self.message)

    @property
    def proves_a_password(self) -> bool:
        """Whether a KDC would count a wrong password in it."""
        return self.kind == wire.AS_REQ and not wire.PROOFS.isdisjoint(wire.padata_types(self.message))


class Exchange:
    """One request and the ways to answer it. Several replies, or none, are as good as one."""

    def __init__(self, kdc: "ScriptedKdc", asked: Asked, send: Callable[[bytes], None], hang_up: Callable[[], None], peer: Address) -> None:
        self.kdc = kdc
        self.asked = asked
        self.send_raw = send  # a datagram, or bytes of the TCP stream without a length before them
        self.hang_up = hang_up  # closes the TCP connection; nothing where there is none
        self._peer = peer

    def reply(self, message: bytes) -> None:
        """Send a message, framed as the transport wants it."""
        self.send_raw(message if self.asked.transport == "udp" else struct.pack("!I", len(message)) + message)

    async def real_reply(self, request: bytes | None = None) -> bytes:
        """What the real KDC behind us says to the request, or to another one. Waits as long as that is silent."""
        return await self.kdc.ask_upstream(self.asked.message if request is None else request, self.asked.transport)

    async def reply_from_elsewhere(self, message: bytes) -> None:
        """Send a datagram from an address that was not asked."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(LISTEN, 0))
        transport.sendto(message, self._peer)
        transport.close()


class ScriptedKdc:
    """The KDC while it runs. `asked` is everything it was sent, in order."""

    def __init__(self, behaviour: Behaviour, upstream: str, transports: frozenset[str]) -> None:
        self.behaviour = behaviour  # may be changed at any time; it holds for requests that come afterwards
        self.asked: list[Asked] = []
        self.connections = 0  # TCP connections accepted so far
        self.failures: list[BaseException] = []  # what a behaviour raised: a mistake in a test
        self.port = free_port()
        self._upstream = upstream
        self._transports = transports
        self._running: set[asyncio.Task[Any]] = set()
        self._accepting: set[asyncio.Task[Any]] = set()
        self._open: set[asyncio.BaseTransport] = set()
        self._ends = False

    @property
    def address(self) -> str:
        """`host:port`, the same for UDP and TCP."""
        return f"{LISTEN}:{self.port}"

    @property
    def proofs(self) -> list[Asked]:
        """The requests that bore a proof of a password, resends included."""
        return [asked for asked in list(self.asked) if asked.proves_a_password]

    def take(self, message: bytes, transport: Literal["udp", "tcp"]) -> Asked:
        self.asked.append(Asked(len(self.asked) + 1, transport, message))
        return self.asked[-1]

    def perform(self, exchange: Exchange) -> None:
        """Have the request treated beside all others; at the end it is not treated any more."""
        if not self._ends:
            _keep(self._running, self._perform(exchange))

    async def _perform(self, exchange: Exchange) -> None:
        try:
            await self.behaviour(exchange)
        except OSError:
            return  # the real KDC or the client is gone: to the other side that is silence
        except Exception as error:  # noqa: BLE001 - told where the test ends
            self.failures.append(error)

    async def ask_upstream(self, request: bytes, transport: Literal["udp", "tcp"]) -> bytes:
        assert self._upstream, "this scripted KDC has no real one behind it"
        return await ask(self._upstream, request, transport)

    async def serve(self, started: threading.Event, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as stack:
            if "udp" in self._transports:
                endpoint, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(LISTEN, self.port))
                stack.callback(endpoint.close)
            if "tcp" in self._transports:
                listening = stack.enter_context(socket.create_server((LISTEN, self.port), backlog=1024))
                listening.setblocking(False)
                loop.add_reader(listening, self._accept, listening)
                stack.callback(loop.remove_reader, listening)
            started.set()
            await stop.wait()
        self._ends = True
        for connection in list(self._open):
            connection.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, *self._accepting, return_exceptions=True)
        await asyncio.sleep(0)  # lets the closed transports say goodbye

    def _accept(self, listening: socket.socket) -> None:
        """Take a connection. asyncio's own server, when it is closed, forgets the sockets of those that come in that moment."""
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            connection, _ = listening.accept()
            _keep(self._accepting, asyncio.get_running_loop().connect_accepted_socket(lambda: _Connection(self), connection))

    def opened(self, connection: asyncio.BaseTransport) -> None:
        """A TCP connection was accepted; one that comes at the end is closed at once."""
        self.connections += 1
        self._open.add(connection)
        if self._ends:
            connection.close()

    def closed(self, connection: asyncio.BaseTransport) -> None:
        """A TCP connection is no more."""
        self._open.discard(connection)


def _keep(tasks: set[asyncio.Task[Any]], work: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP side. What a vanished client's host says (ICMP) is of no interest."""

    def __init__(self, kdc: ScriptedKdc) -> None:
        self._kdc = kdc

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # by the protocol's contract; the class is another before Python 3.12

    def datagram_received(self, data: bytes, addr: Address) -> None:
        def send(message: bytes) -> None:
            self._transport.sendto(message, addr)

        self._kdc.perform(Exchange(self._kdc, self._kdc.take(data, "udp"), send, lambda: None, addr))


class _Connection(asyncio.Protocol):
    """One TCP connection: any number of requests, each after its length."""

    def __init__(self, kdc: ScriptedKdc) -> None:
        self._kdc, self._received = kdc, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._kdc.opened(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._kdc.closed(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= PREFIX:
            end = PREFIX + struct.unpack("!I", self._received[:PREFIX])[0]
            if len(self._received) < end:
                return
            message, self._received = self._received[PREFIX:end], self._received[end:]
            peer = self._transport.get_extra_info("peername")
            self._kdc.perform(Exchange(self._kdc, self._kdc.take(message, "tcp"), self._transport.write, self._transport.close, peer))


@contextlib.contextmanager
def scripted_kdc(
    behaviour: Behaviour, *, upstream: str = "", transports: frozenset[str] = frozenset({"udp", "tcp"})
) -> Iterator[ScriptedKdc]:
    """Run one. `upstream` is the real KDC behind it, `host:port`. A mistake in a behaviour fails the test at the end."""
    kdc = ScriptedKdc(behaviour, upstream, transports)
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    def run() -> None:
        try:
            loop.run_until_complete(kdc.serve(started, stop))
        except OSError as error:
            kdc.failures.append(error)
            started.set()
        loop.close()

    thread = threading.Thread(target=run, name="scripted-kdc")
    thread.start()
    started.wait()
    try:
        yield kdc
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join()
    assert not kdc.failures, kdc.failures
