"""Peers who connect and do not speak TLS, in numbers."""

import asyncio
import logging
import os
import resource
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from kerbauth.web.listener import AT_ONCE, PER_ADDRESS, Listener
from kerbauth.web.tls import TlsSwitch
from tests.certificates import Authority, Pair
from tests.web.tls import client_context, connected, opened, telling

FLOOD, OTHER_FLOOD, USER = "127.0.0.3", "127.0.0.4", "127.0.0.2"  # all of 127.0.0.0/8 is this machine


def silent(stack: ExitStack, port: int, address: str, count: int) -> list[socket.socket]:
    """Connections from this address that say nothing."""
    return [stack.enter_context(socket.create_connection(("127.0.0.1", port), 10, (address, 0))) for _ in range(count)]


async def is_served(port: int, authority: Authority, address: str) -> bool:
    with suppress(ConnectionError):
        async with connected(port, client_context(authority), address) as client:
            return (await client.ask())[0].startswith("HTTP/1.1 200 ")
    return False


async def closed(connection: socket.socket) -> bytes:
    """What a connection says until it is closed from the other end."""
    connection.settimeout(0)
    async with asyncio.timeout(20):
        return await asyncio.get_running_loop().sock_recv(connection, 1)


async def test_one_address_does_not_take_all_handshakes(pair: Pair, authority: Authority) -> None:
    async with telling(TlsSwitch(opened(pair))) as (port,):
        with ExitStack() as stack:
            *_, above = silent(stack, port, FLOOD, PER_ADDRESS + 1)
            assert await closed(above) == b""  # at once, long before the handshake's ten seconds
            async with connected(port, client_context(authority), USER) as user:
                assert (await user.ask())[0].startswith("HTTP/1.1 200 ")
        async with asyncio.timeout(20):
            while not await is_served(port, authority, FLOOD):  # until the listener has noticed that they are gone
                pass


async def test_who_comes_when_all_handshakes_are_taken_waits_until_one_is_over(pair: Pair, authority: Authority) -> None:
    assert AT_ONCE == 2 * PER_ADDRESS
    async with telling(TlsSwitch(opened(pair), handshake=0.5)) as (port,):
        with ExitStack() as stack:
            for address in (FLOOD, OTHER_FLOOD):
                silent(stack, port, address, PER_ADDRESS)
            async with connected(port, client_context(authority), USER) as user:
                assert (await user.ask())[0].startswith("HTTP/1.1 200 ")


async def test_connections_that_are_made_do_not_count_as_handshakes(pair: Pair, authority: Authority) -> None:
    context = client_context(authority)
    async with telling(TlsSwitch(opened(pair))) as (port,), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(port, context, USER)) for _ in range(PER_ADDRESS + 2)]
        assert (await clients[-1].ask())[0].startswith("HTTP/1.1 200 ")


@contextmanager
def no_file_left() -> Iterator[None]:
    """This process may open no more files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(int(file.name) for file in Path("/proc/self/fd").iterdir()) + 1, hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with suppress(OSError):
            while True:  # the numbers that are still free below the limit
                stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        yield


async def test_want_of_files_is_logged_and_gets_over(pair: Pair, authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    context = client_context(authority)
    async with telling(TlsSwitch(opened(pair))) as (port,):
        with socket.socket() as waiting:
            waiting.settimeout(0)
            with no_file_left():
                await asyncio.get_running_loop().sock_connect(waiting, ("127.0.0.1", port))
                for _ in range(100):
                    await asyncio.sleep(0)  # the listener's turn
            assert [record.getMessage() for record in caplog.records] == ["no connection can be accepted: Too many open files"]
            assert caplog.records[0].levelno == logging.ERROR
            async with connected(port, context) as user:
                assert (await user.ask())[0].startswith("HTTP/1.1 200 ")


async def test_a_stop_breaks_handshakes_off(pair: Pair, authority: Authority) -> None:
    with ExitStack() as stack:
        async with telling(TlsSwitch(opened(pair))) as (port,):
            (half,) = silent(stack, port, FLOOD, 1)
            half.sendall(b"\x16\x03\x01")
            # The one after it is answered: connections are accepted in turn, so the half one is under way.
            async with connected(port, client_context(authority)) as user:
                assert (await user.ask())[0].startswith("HTTP/1.1 200 ")
        assert await closed(half) == b""
        with pytest.raises(ConnectionRefusedError):
            silent(stack, port, FLOOD, 1)


class Taken(asyncio.Protocol):
    """Notes under which name a connection was made, and ends it."""

    def __init__(self, notes: asyncio.Queue[str], name: str) -> None:
        self._notes, self._name = notes, name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._notes.put_nowait(self._name)
        transport.close()


async def test_processes_that_share_a_socket_share_the_connections_that_wait() -> None:
    notes: asyncio.Queue[str] = asyncio.Queue()
    with ExitStack() as stack:
        one = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        other = stack.enter_context(one.dup())  # as a forked process has it
        silent(stack, one.getsockname()[1], USER, 6)
        listeners = [Listener(sock, partial(Taken, notes, name), None) for sock, name in ((one, "one"), (other, "other"))]
        async with asyncio.timeout(10):
            taken = Counter([await notes.get() for _ in range(6)])
        for each in listeners:
            each.close()
    assert taken == {"one": 3, "other": 3}
