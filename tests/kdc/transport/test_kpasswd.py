"""One request to one of several password-changing servers, over real sockets on loopback."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from kerbauth.kdc.transport.kpasswd import REPLY_LIMIT, Answered, NotSent, Outcome, Server, Unanswered, exchange

REQUEST = b"\x00\x08\x00\x01a request with a new password"
REPLY = b"\x00\x07\x00\x01\x00\x00!"
SOON, LATER = 0.15, 20.0  # seconds: long enough for loopback, and as good as never

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def framed(message: bytes) -> bytes:
    return struct.pack("!I", len(message)) + message


class Listener:
    """Takes connections and runs a script with each; keeps what requests it read."""

    def __init__(self, script: Script | None) -> None:
        self._script = script
        self.requests: list[bytes] = []
        self.asked = asyncio.Event()
        self.server = Server("127.0.0.1", 1)
        self._connections: list[asyncio.Task[None]] = []

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.append(asyncio.get_running_loop().create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            (size,) = struct.unpack("!I", await reader.readexactly(4))
            self.requests.append(await reader.readexactly(size))
            self.asked.set()
            if self._script is not None:
                await self._script(reader, writer)
            else:
                await reader.read()  # silent, until the other side hangs up
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def end(self) -> None:
        await asyncio.gather(*self._connections)


@asynccontextmanager
async def listening(script: Script | None) -> AsyncIterator[Listener]:
    listener = Listener(script)
    server = await asyncio.start_server(listener.connected, "127.0.0.1", 0)
    listener.server = Server(*server.sockets[0].getsockname())
    try:
        yield listener
    finally:
        server.close()
        await server.wait_closed()
        await listener.end()


def sends(*parts: bytes) -> Script:
    async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    return script


@pytest.fixture
def closed() -> Server:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return Server(*taken.getsockname())


@asynccontextmanager
async def full() -> AsyncIterator[Server]:
    """A server whose queue of connections is full: the kernel drops further ones, as a dead host would."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        where = listener.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.settimeout(0)
            with suppress(BlockingIOError):
                filler.connect(where)
        try:
            yield Server(*where)
        finally:
            for filler in fillers:
                filler.close()


class Maker:
    """Makes the request, and remembers for which local addresses."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    async def __call__(self, local: str) -> bytes:
        self.addresses.append(local)
        return REQUEST


async def ask(
    *servers: Server, seconds: float = LATER, udp: bool = False, make: Callable[[str], Awaitable[bytes]] | None = None
) -> Outcome:
    return await exchange(servers, make or Maker(), asyncio.get_running_loop().time() + seconds, udp=udp)


async def test_a_reply_comes_back_whole_however_it_was_cut_on_its_way() -> None:
    pieces = [bytes([byte]) for byte in framed(REPLY)]
    async with listening(sends(*pieces)) as listener:
        assert await ask(listener.server) == Answered(listener.server, REPLY)
        assert listener.requests == [REQUEST]


async def test_the_request_is_made_once_for_the_address_it_is_sent_from(closed: Server) -> None:
    make = Maker()
    async with listening(sends(framed(REPLY))) as listener:
        assert isinstance(await ask(closed, listener.server, make=make), Answered)
    assert make.addresses == ["127.0.0.1"]


async def test_a_server_that_refuses_connections_is_passed_over_at_once(closed: Server) -> None:
    async with listening(sends(framed(REPLY))) as listener:
        assert await ask(closed, listener.server, seconds=SOON) == Answered(listener.server, REPLY)


async def test_a_server_that_does_not_take_the_connection_is_passed_over_after_a_second() -> None:
    async with full() as dead, listening(sends(framed(REPLY))) as listener:
        began = asyncio.get_running_loop().time()
        assert await ask(dead, listener.server) == Answered(listener.server, REPLY)
        assert 0.9 < asyncio.get_running_loop().time() - began < 5


async def test_the_last_server_has_all_the_time_there_is() -> None:
    async with full() as dead:
        outcome = await ask(dead, seconds=SOON)
        assert outcome == NotSent(f"{dead}: no answer")


async def test_a_name_that_leads_nowhere_is_passed_over(closed: Server) -> None:
    nowhere = Server("no-such-host.invalid", 464)
    outcome = await ask(nowhere, closed)
    assert outcome == NotSent(f"{nowhere}: the name leads to no address; {closed}: Connection refused")


async def test_without_a_server_nothing_is_sent() -> None:
    assert await ask() == NotSent("no server is known")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (None, "did not answer in time"),
        (sends(), "closed the connection"),
        (sends(framed(REPLY)[:3]), "closed the connection"),
        (sends(framed(REPLY)[:-1]), "closed the connection"),
        (sends(struct.pack("!I", 0)), "announced a reply of 0 bytes"),
        (sends(struct.pack("!I", REPLY_LIMIT + 1)), f"announced a reply of {REPLY_LIMIT + 1} bytes"),
        (sends(b"\xff\xff\xff\xff"), "announced a reply of 4294967295 bytes"),
    ],
)
async def test_once_it_was_sent_no_other_server_is_asked_whatever_happens(script: Script | None, problem: str) -> None:
    async with listening(script) as first, listening(sends(framed(REPLY))) as second:
        outcome = await ask(first.server, second.server, seconds=SOON if script is None else LATER)
        assert isinstance(outcome, Unanswered)
        assert outcome.server == first.server
        assert problem in outcome.diagnostic
        assert (len(first.requests), second.requests) == (1, [])


async def test_a_reset_connection_leaves_open_what_became_of_the_request() -> None:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with listening(reset) as listener:
        assert isinstance(await ask(listener.server), Unanswered)


@pytest.mark.parametrize("udp", [False, True])
async def test_a_request_that_is_made_too_late_is_not_sent(udp: bool) -> None:
    async def slow(_: str) -> bytes:
        await asyncio.get_running_loop().create_future()
        return REQUEST

    async with listening(sends(framed(REPLY))) as listener:
        assert isinstance(await ask(listener.server, seconds=SOON, udp=udp, make=slow), NotSent)
        assert listener.requests == []


async def test_whoever_hangs_up_leaves_no_socket_behind() -> None:
    async with listening(None) as listener:
        task = asyncio.create_task(ask(listener.server))
        await listener.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram, or none."""

    def __init__(self, reply: bytes | None) -> None:
        self._reply = reply
        self.requests: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.requests.append(data)
        if self._reply is not None:
            self._transport.sendto(self._reply, addr)


@asynccontextmanager
async def datagrams(reply: bytes | None) -> AsyncIterator[tuple[Server, Datagrams]]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: Datagrams(reply), local_addr=("127.0.0.1", 0))
    try:
        yield Server(*transport.get_extra_info("sockname")), protocol
    finally:
        transport.close()
        await asyncio.sleep(0)  # closing takes the loop's next turn


async def test_over_udp_a_request_is_one_datagram() -> None:
    async with datagrams(REPLY) as (server, protocol):
        assert await ask(server, udp=True) == Answered(server, REPLY)
        assert protocol.requests == [REQUEST]


async def test_over_udp_a_silent_server_is_sent_nothing_again_and_no_other_is_asked() -> None:
    async with datagrams(None) as (silent, protocol), datagrams(REPLY) as (other, untouched):
        outcome = await ask(silent, other, seconds=SOON, udp=True)
        assert outcome == Unanswered(silent, f"{silent} did not answer in time")
        assert (protocol.requests, untouched.requests) == ([REQUEST], [])


async def test_over_udp_a_closed_port_is_passed_over(closed: Server) -> None:
    async with datagrams(REPLY) as (server, _):
        assert await ask(closed, server, udp=True) == Answered(server, REPLY)
        assert await ask(closed, udp=True) == NotSent(f"{closed}: Connection refused")


def test_a_server_is_written_as_people_write_it() -> None:
    assert (str(Server("dc1.corp.example")), str(Server("2001:db8::1", 4640))) == ("dc1.corp.example:464", "[2001:db8::1]:4640")


def test_a_reply_is_not_in_the_text_form() -> None:
    assert "PRIV" not in repr(Answered(Server("h"), b"PRIV"))
