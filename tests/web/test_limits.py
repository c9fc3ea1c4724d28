"""How long a connection may take over what, and how many there may be: over raw TCP."""

import asyncio
import json
import logging
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from kerbauth.core.addresses import read_network
from kerbauth.web.connection import HEAD_LIMIT
from kerbauth.web.connections import FAREWELLS, ConnectionLimits, Connections, Ended
from kerbauth.web.exchange import Limits
from tests.web.conftest import SHORT, Door, Opener

LIVE = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
POST = b"POST /v1/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
LARGE = b"GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n"
PATIENCE = 20.0  # seconds, for what must happen in a fraction of one

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(door: Door, source: str = "127.0.0.1") -> AsyncIterator[Stream]:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port, local_addr=(source, 0))
    try:
        yield reader, writer
    finally:
        writer.close()


async def read_to_the_end(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server is done; a reset is an end as well."""
    got = bytearray()
    async with asyncio.timeout(PATIENCE):
        try:
            while chunk := await reader.read(65536):
                got += chunk
        except ConnectionError:
            pass
    return bytes(got)


async def dribble(door: Door, first: bytes, more: bytes) -> bytes:
    """What comes back for the first bytes at once, and then `more`, byte after byte, for as long as the server takes them."""
    async with connected(door) as (reader, writer):
        writer.write(first)

        async def go_on() -> None:
            while not reader.at_eof():
                for byte in more:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.02)  # this is what is tested: a byte now and then

        sending = asyncio.create_task(go_on())
        try:
            return await read_to_the_end(reader)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def ask_for_ever(asker: socket.socket) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            await asyncio.get_running_loop().sock_sendall(asker, LARGE)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 -- what the server's own loop changes, and tells nobody
            await asyncio.sleep(0.01)


# --- requests that take their time


async def test_a_connection_that_sends_nothing_is_cut(open_door: Opener) -> None:
    door: Door = await open_door(connections=replace(SHORT, header=0.2))
    assert await door.raw(b"") == b""
    assert door.world.metrics.ended == {"slow-header": 1}


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (b"", b"GET /" + b"a" * 10_000),
        (b"GET /healthz HTTP/1.1\r\nHost: h\r\n", b"X-A: b\r\n"),
        (b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-A: ", b"a"),
        (b"", b"\r\n"),
    ],
    ids=["request line", "header fields", "one header field", "blank lines"],
)
async def test_a_head_that_dribbles_in_is_cut(open_door: Opener, first: bytes, more: bytes) -> None:
    door: Door = await open_door(connections=replace(SHORT, header=0.3))
    assert await dribble(door, first, more) == b""
    assert door.world.metrics.ended == {"slow-header": 1}


@pytest.mark.parametrize(
    ("first", "more"), [(LIVE, b"GET /" + b"a" * 10_000), (LIVE + b"GET /", b"a")], ids=["after a reply", "behind a request"]
)
async def test_so_is_the_head_of_a_later_request(open_door: Opener, first: bytes, more: bytes) -> None:
    door: Door = await open_door(connections=replace(SHORT, header=1.0, keepalive=PATIENCE))
    answer = await dribble(door, first, more)
    assert answer.count(b"HTTP/1.1 200 ") == 1
    assert door.world.metrics.ended == {"slow-header": 1}


async def test_the_time_for_a_head_begins_with_its_first_byte(open_door: Opener) -> None:
    door: Door = await open_door(connections=replace(SHORT, header=1.0, keepalive=PATIENCE))
    async with connected(door) as (reader, writer):
        writer.write(LIVE)
        assert (await reader.readuntil(b'"ok"}')).startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(1.3)  # this is what is tested: an idle connection is not a slow head
        writer.write(LAST)
        assert (await read_to_the_end(reader)).startswith(b"HTTP/1.1 200 ")


async def test_an_idle_connection_is_closed(open_door: Opener) -> None:
    door: Door = await open_door(connections=replace(SHORT, keepalive=1.0))
    async with connected(door) as (reader, writer):
        writer.write(LIVE)
        assert (await read_to_the_end(reader)).startswith(b"HTTP/1.1 200 ")
    assert door.world.metrics.ended == {}


async def test_a_body_that_dribbles_in_is_400(open_door: Opener) -> None:
    door: Door = await open_door(limits=Limits(body_seconds=0.3))
    answer = await dribble(door, POST, b"1\r\na\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"not in time" in answer


@pytest.mark.parametrize("path", [b"/v1/sso", b"/nowhere", b"/healthz"])
async def test_a_body_that_nobody_reads_does_not_hold_the_connection(open_door: Opener, path: bytes) -> None:
    door: Door = await open_door(connections=replace(SHORT, linger=0.2))
    answer = await dribble(door, POST.replace(b"/v1/login", path), b"1\r\na\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_header_fields_that_are_too_large_together_are_431(door: Door) -> None:
    field = b"X-A: " + b"canary" * 10_000 + b"\r\n"
    answer = await door.raw(b"GET /healthz HTTP/1.1\r\nHost: h\r\n" + field * (HEAD_LIMIT // len(field) + 1))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["reason"] == "malformed-request"
    assert b"canary" not in answer
    assert door.world.metrics.ended == {"large-header": 1}


async def test_a_ticket_of_64_kb_in_base64_and_much_else_fits(door: Door) -> None:
    fields = b"X-A: " + b"a" * 88_000 + b"\r\nX-B: " + b"b" * 88_000 + b"\r\n"
    assert (await door.raw(LAST[:-2] + fields + b"\r\n")).startswith(b"HTTP/1.1 200 ")


# --- replies that nobody takes


async def test_a_peer_that_never_reads_is_cut_and_its_handler_let_go(open_door: Opener) -> None:
    door: Door = await open_door(connections=replace(SHORT, reader=0.5))
    asker = socket.create_connection(("127.0.0.1", door.port))
    asker.setblocking(False)
    try:
        with pytest.raises(ConnectionError):
            await ask_for_ever(asker)
    finally:
        asker.close()
    assert door.world.metrics.ended["slow-reader"] == 1
    await until(lambda: not door.runner.server.connections)  # type: ignore[union-attr]  # a runner that was set up has a server


async def test_a_peer_that_leaves_the_rest_of_a_reply_is_cut(open_door: Opener) -> None:
    door: Door = await open_door(connections=replace(SHORT, reader=0.3))
    (site,) = door.runner.sites
    for listener in site._server.sockets:  # type: ignore[attr-defined]  # the kernel's buffers would take the whole reply
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    asker = socket.socket()
    asker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asker.connect(("127.0.0.1", door.port))
    try:
        asker.send(LARGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        await until(lambda: door.world.metrics.ended["slow-reader"] == 1)
    finally:
        asker.close()


async def test_a_peer_that_reads_slowly_gets_everything(open_door: Opener) -> None:
    door: Door = await open_door(connections=replace(SHORT, reader=2.0))
    async with connected(door) as (reader, writer):
        writer.write(LARGE * 30 + LAST)
        await asyncio.sleep(0.3)  # this is what is tested: a pause in reading
        answer = await read_to_the_end(reader)
    assert answer.count(b"HTTP/1.1 200 ") == 31
    assert door.world.metrics.ended == {}


# --- how many


async def test_a_connection_above_the_limit_is_told_and_closed(open_door: Opener, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    door: Door = await open_door(connections=replace(SHORT, total=2))
    async with connected(door) as (reader, writer), connected(door) as (second, its_writer):
        for stream, asker in ((reader, writer), (second, its_writer)):
            asker.write(LIVE)
            assert (await stream.readuntil(b'"ok"}')).startswith(b"HTTP/1.1 200 ")
        for _ in range(3):
            answer = await door.raw(LAST)
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 5\r\n" in head
            assert re.search(rb"\r\nConnection: close\b", head)
            assert json.loads(body)["reason"] == "overloaded"
    assert door.world.metrics.ended == {"limit": 3}
    assert door.world.metrics.requests["other", "other", 503] == 3
    assert caplog.text.count("2 connections are open; more are refused") == 1
    await until(lambda: not door.runner.server.connections)  # type: ignore[union-attr]  # a runner that was set up has a server
    assert (await door.raw(LAST)).startswith(b"HTTP/1.1 200 ")


async def test_one_address_has_a_limit_of_its_own(open_door: Opener) -> None:
    door: Door = await open_door(connections=replace(SHORT, per_address=1, exempt=()))
    async with connected(door) as (reader, writer):
        writer.write(LIVE)
        await reader.readuntil(b'"ok"}')
        assert (await door.raw(LAST)).startswith(b"HTTP/1.1 503 ")
        async with connected(door, "127.0.0.2") as (other, its_writer):
            its_writer.write(LAST)
            assert (await read_to_the_end(other)).startswith(b"HTTP/1.1 200 ")
    assert door.world.metrics.ended == {"address-limit": 1}


def test_an_address_that_many_users_share_is_exempt_from_it() -> None:
    limits = ConnectionLimits(total=3, per_address=1, exempt=(read_network("192.0.2.10"),))
    connections = Connections(limits, lambda why: None)
    admitted = [connections.admit(address) for address in ("192.0.2.10", "::ffff:192.0.2.10", "192.0.2.7", "192.0.2.10")]
    assert admitted == [None, None, None, Ended.LIMIT]


def test_addresses_of_one_ipv6_network_count_together() -> None:
    """Whoever has one address of a network of 64 bits has all of them (RFC 4291 2.5.1)."""
    connections = Connections(ConnectionLimits(per_address=1), lambda why: None)
    assert [connections.admit(address) for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] == [
        None,
        Ended.ADDRESS_LIMIT,
        None,
    ]
    connections.leave("2001:db8::1")
    assert connections.admit("2001:db8::2") is None


def test_a_peer_without_an_address_has_a_limit_like_any_other() -> None:
    connections = Connections(ConnectionLimits(per_address=1), lambda why: None)
    assert [connections.admit(""), connections.admit("")] == [None, Ended.ADDRESS_LIMIT]


def test_new_connections_are_announced_once_there_is_room_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    connections = Connections(ConnectionLimits(total=20), lambda why: None)
    for _ in range(21):
        connections.admit("192.0.2.7")
    connections.leave("192.0.2.7")
    assert "new ones are taken again" not in caplog.text
    connections.leave("192.0.2.7")
    assert "18 connections are open; new ones are taken again" in caplog.text


def test_only_so_many_refused_connections_may_wait() -> None:
    connections = Connections(ConnectionLimits(), lambda why: None)
    assert [connections.begin_farewell() for _ in range(FAREWELLS + 1)] == [True] * FAREWELLS + [False]
    connections.end_farewell()
    assert connections.begin_farewell()


FIT = """
import logging, resource
from kerbauth.web.connections import ConnectionLimits, fit_to_files
logging.basicConfig(format="%(message)s")
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(fit_to_files(ConnectionLimits(total=1000, logins={logins})).total, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "logins", "found", "warned"),
    [
        (512, 4096, 0, "1000 1256 4096", False),
        (512, 4096, 500, "1000 2256 4096", False),
        (300, 800, 0, "544 800 800", True),
        (300, 800, 100, "344 800 800", True),
        (2000, 2000, 0, "1000 2000 2000", False),
    ],
)
def test_there_are_no_more_connections_than_open_files(soft: int, hard: int, logins: int, found: str, warned: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIT.format(soft=soft, hard=hard, logins=logins)], capture_output=True, text=True, check=True
    )
    assert (done.stdout.strip(), "only 800 files may be open" in done.stderr) == (found, warned)
