"""One exchange over TCP with servers that do what servers should not."""

import asyncio
import socket
import struct

import pytest

from kerbauth.kdc.protocol.framing import whole
from kerbauth.kdc.transport import tcp
from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.errors import LostError, NoSocketError, RefusedError, UnsentError
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.ports import RestingPorts
from kerbauth.kdc.transport.sending import Copies, Sending
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
    swallowing,
    tcp_server,
)

REQUEST = b"a request"


def to(address: Address, until: float | None = None) -> Sending:
    return Sending(Kdc("KA.TEST", address, asyncio.get_running_loop().time, lambda _: None), Copies.ONE, until)


async def exchange(address: Address, sending: Sending | None = None, connect_by: float | None = None) -> bytes:
    async with asyncio.timeout(5):
        return await tcp.exchange(address, REQUEST, whole, lambda seconds: None, sending or to(address), connect_by)


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


async def test_a_connection_that_does_not_come_about_in_time_leaves_the_request_unsent() -> None:
    with swallowing() as address:
        sending = to(address)
        with pytest.raises(UnsentError, match=r"took no connection within 0\.[01] seconds"):
            await exchange(address, sending, asyncio.get_running_loop().time() + 0.1)
    assert not sending.left


async def test_nothing_is_sent_over_a_connection_that_comes_about_too_late() -> None:
    seen = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read())

    async with tcp_server(script) as server:
        sending = to(server.address, asyncio.get_running_loop().time())
        with pytest.raises(UnsentError, match="too late"):
            await exchange(server.address, sending)
        async with asyncio.timeout(5):
            while not seen:  # noqa: ASYNC110 -- the server's end closes within some turns of the loop
                await asyncio.sleep(0)
    assert (seen, sending.left) == ([b""], False)


async def test_a_request_has_left_as_soon_as_the_connection_is_there() -> None:
    async with tcp_server(never_answers) as server:
        sending = to(server.address)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await exchange(server.address, sending)
    assert sending.left


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


async def test_a_process_without_descriptors_gives_up_sockets_first_that_are_kept_for_whatever_kdc() -> None:
    async with tcp_server(never_answers) as server:
        kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        RestingPorts().rest(kept, asyncio.get_running_loop().time())
        with no_descriptors():
            task = asyncio.create_task(exchange(server.address))
            await asyncio.wait({task}, timeout=0.05)
        task.cancel()
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
    assert kept.fileno() == -1


async def test_a_process_without_descriptors_blames_no_kdc() -> None:
    with no_descriptors(), pytest.raises(NoSocketError, match="Too many open files"):
        await exchange(Address("kdc.test", socket.AF_INET, ("127.0.0.1", 88)))
