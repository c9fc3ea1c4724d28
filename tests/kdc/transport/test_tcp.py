"""One exchange over TCP with servers that do what servers should not."""

import asyncio
import socket
import struct

import pytest

from kerbauth.kdc.protocol.framing import whole
from kerbauth.kdc.transport import tcp
from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.errors import LostError, NoSocketError, RefusedError
from tests.kdc.transport.servers import (
    LARGE,
    PREAUTH_REQUIRED,
    answers_over_tcp,
    as_rep,
    closed_address,
    framed,
    never_answers,
    no_descriptors,
    read_request,
    tcp_server,
)

REQUEST = b"a request"


async def exchange(address: Address) -> bytes:
    async with asyncio.timeout(5):
        return await tcp.exchange(address, REQUEST, whole, lambda seconds: None)


async def test_the_reply_comes_back() -> None:
    async with tcp_server(answers_over_tcp()) as server:
        assert await exchange(server.address) == LARGE


async def test_a_kdc_on_ipv6_is_asked_like_any_other() -> None:
    async with tcp_server(answers_over_tcp(), socket.AF_INET6) as server:
        assert await exchange(server.address) == LARGE


async def test_the_request_has_its_length_before_it() -> None:
    seen = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readexactly(4 + len(REQUEST)))
        writer.write(framed(PREAUTH_REQUIRED))

    async with tcp_server(script) as server:
        await exchange(server.address)
    assert seen == [struct.pack("!I", len(REQUEST)) + REQUEST]


async def test_a_reply_in_single_bytes_is_put_together() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for byte in framed(PREAUTH_REQUIRED):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async with tcp_server(script) as server:
        assert await exchange(server.address) == PREAUTH_REQUIRED


async def test_the_largest_reply_is_taken() -> None:
    largest = as_rep(tcp.REPLY_LIMIT - 10)
    assert len(largest) == tcp.REPLY_LIMIT
    async with tcp_server(answers_over_tcp(largest)) as server:
        assert await exchange(server.address) == largest


@pytest.mark.parametrize("length", [0, tcp.REPLY_LIMIT + 1, 0x8000_0010, 0xFFFF_FFFF])
async def test_a_reply_of_an_absurd_length_is_not_read(length: int) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(struct.pack("!I", length))
        await reader.read()

    async with tcp_server(script) as server:
        with pytest.raises(LostError, match=f"{length} bytes"):
            await exchange(server.address)


@pytest.mark.parametrize("sent", [b"", framed(LARGE)[:2], framed(LARGE)[:-1]], ids=["nothing", "half a length", "half a reply"])
async def test_a_connection_that_ends_early_is_lost(sent: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(sent)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with tcp_server(script) as server:
        with pytest.raises(LostError, match="closed the connection") as lost:
            await exchange(server.address)
    assert lost.value.reached


async def test_a_connection_that_is_reset_is_lost() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with tcp_server(script) as server:
        with pytest.raises(LostError, match="reset"):
            await exchange(server.address)


async def test_a_reply_that_is_no_kerberos_message_is_lost() -> None:
    async with tcp_server(answers_over_tcp(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        with pytest.raises(LostError, match="no whole Kerberos message"):
            await exchange(server.address)


async def test_a_closed_port_is_known_at_once_and_the_request_was_not_read() -> None:
    with pytest.raises(RefusedError, match="refused") as refused:
        await exchange(closed_address(socket.SOCK_STREAM))
    assert not refused.value.reached


async def test_an_exchange_that_is_given_up_closes_its_connection() -> None:
    ended = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set()

    async with tcp_server(script) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await exchange(server.address)
        async with asyncio.timeout(5):
            await ended.wait()


async def test_a_half_open_connection_is_waited_for_until_it_is_given_up() -> None:
    async with tcp_server(never_answers) as server:
        task = asyncio.create_task(exchange(server.address))
        done, _ = await asyncio.wait({task}, timeout=0.05)
        assert not done
        task.cancel()
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)


async def test_a_process_without_descriptors_blames_no_kdc() -> None:
    with no_descriptors(), pytest.raises(NoSocketError, match="Too many open files"):
        await exchange(Address("kdc.test", socket.AF_INET, ("127.0.0.1", 88)))
