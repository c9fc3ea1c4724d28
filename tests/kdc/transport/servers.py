"""Small servers on loopback that answer as a script says, and the messages that they answer with."""

import asyncio
import os
import random
import resource
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any

from kerbauth.kdc.transport.address import Address

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}

Datagram = tuple[Any, ...]


def tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def krb_error(code: int) -> bytes:
    """A KRB-ERROR of RFC 4120 5.9.1 with what it must hold."""
    name = tlv(0x30, tlv(0xA0, b"\x02\x01\x02") + tlv(0xA1, tlv(0x30, tlv(0x1B, b"krbtgt") + tlv(0x1B, b"KA.TEST"))))
    members = [
        tlv(0xA0, b"\x02\x01\x05"),
        tlv(0xA1, b"\x02\x01\x1e"),
        tlv(0xA4, tlv(0x18, b"20260101000000Z")),
        tlv(0xA5, b"\x02\x01\x00"),
        tlv(0xA6, bytes([2, 1, code])),
        tlv(0xA9, tlv(0x1B, b"KA.TEST")),
        tlv(0xAA, name),
    ]
    return tlv(0x7E, tlv(0x30, b"".join(members)))


def as_rep(size: int) -> bytes:
    """Something as large as an AS-REP of so many bytes, and as whole."""
    return tlv(0x6B, tlv(0x30, bytes(size)))


PREAUTH_REQUIRED = krb_error(25)
TOO_BIG = krb_error(52)
UNAVAILABLE = krb_error(29)
LARGE = as_rep(4000)


class UdpServer(asyncio.DatagramProtocol):
    """Calls `script` with itself, the request and its sender. Counts the requests."""

    def __init__(self, script: Callable[["UdpServer", bytes, Datagram], None]) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.transport: asyncio.DatagramTransport = None  # type: ignore[assignment]  # set by asyncio
        self._arrival = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Datagram) -> None:
        self.requests.append(data)
        self._arrival.set()
        self.script(self, data, addr)

    def send(self, reply: bytes, to: Datagram, after: float = 0.0) -> None:
        asyncio.get_running_loop().call_later(after, self._send_now, reply, to)

    def _send_now(self, reply: bytes, to: Datagram) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(reply, to)

    async def asked(self, times: int) -> None:
        """Wait until so many requests have come."""
        while len(self.requests) < times:
            self._arrival.clear()
            await self._arrival.wait()

    @property
    def address(self) -> Address:
        where = self.transport.get_extra_info("sockname")
        return Address("kdc.test", socket.AddressFamily(self.transport.get_extra_info("socket").family), where)


def answers(reply: bytes = PREAUTH_REQUIRED, after: float = 0.0) -> Callable[[UdpServer, bytes, Datagram], None]:
    return lambda server, request, sender: server.send(reply, sender, after)


def silent(server: UdpServer, request: bytes, sender: Datagram) -> None:
    """Answer nothing."""


def own_port(family: socket.AddressFamily) -> int:
    """A port that is free for UDP and TCP, and below those that the system gives to whoever asks for any (ip_local_port_range)."""
    while True:
        port = random.randint(10_000, 32_000)  # noqa: S311 -- no secret
        with socket.socket(family, socket.SOCK_STREAM) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp, suppress(OSError):
            tcp.bind((LOOPBACK[family], port))
            udp.bind((LOOPBACK[family], port))
            return port


@asynccontextmanager
async def udp_server(
    script: Callable[[UdpServer, bytes, Datagram], None], family: socket.AddressFamily = socket.AF_INET, port: int = 0
) -> AsyncIterator[UdpServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: UdpServer(script), local_addr=(LOOPBACK[family], port or own_port(family))
    )
    try:
        yield server
    finally:
        transport.close()
        await asyncio.sleep(0)  # closing takes the loop's next turn


class TcpServer:
    """Calls `script` with each connection."""

    def __init__(self, script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self._script = script
        self.connections = 0
        self.at_a_time = 0
        self.most = 0
        self.server: asyncio.Server = None  # type: ignore[assignment]  # set before anybody connects
        self._tasks: set[asyncio.Task[Any]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.at_a_time += 1
        self.most = max(self.most, self.at_a_time)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.at_a_time -= 1
            self._tasks.discard(task)
            writer.transport.abort()

    async def close(self) -> None:
        self.server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> Address:
        sock = self.server.sockets[0]
        return Address("kdc.test", socket.AddressFamily(sock.family), sock.getsockname())


@asynccontextmanager
async def tcp_server(
    script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    family: socket.AddressFamily = socket.AF_INET,
    port: int = 0,
) -> AsyncIterator[TcpServer]:
    server = TcpServer(script)
    server.server = await asyncio.start_server(server.serve, LOOPBACK[family], port or own_port(family))
    try:
        yield server
    finally:
        await server.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack("!I", await reader.readexactly(4))
    return await reader.readexactly(length)


def framed(reply: bytes) -> bytes:
    return struct.pack("!I", len(reply)) + reply


def answers_over_tcp(reply: bytes = LARGE) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(framed(reply))
        await writer.drain()

    return script


async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A half-open connection: taken, read, and nothing more."""
    await reader.read()
    await asyncio.Event().wait()


def closed_address(kind: socket.SocketKind = socket.SOCK_DGRAM) -> Address:
    """Where nobody listens."""
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        where = taken.getsockname()
    return Address("closed.test", socket.AF_INET, where)


@contextmanager
def swallowing(port: int = 0) -> Iterator[Address]:
    """Where connections over TCP neither come about nor are refused, as behind a firewall: the queue is full, and nobody accepts."""
    with ExitStack() as open_ones:
        listener = open_ones.enter_context(socket.socket())
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(3):
            caller = open_ones.enter_context(socket.socket())
            caller.setblocking(False)
            with suppress(BlockingIOError):
                caller.connect(listener.getsockname())
        yield Address("kdc.test", socket.AF_INET, listener.getsockname())


@contextmanager
def no_descriptors() -> Iterator[None]:
    """This process may open no further descriptor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
