"""One exchange over UDP with servers that do what servers should not."""

import asyncio
import errno
import socket
from collections.abc import Iterator

import pytest

from kerbauth.kdc.protocol.framing import whole
from kerbauth.kdc.transport import udp
from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.errors import NoSocketError, RefusedError, UnsentError
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.ports import RestingPorts
from kerbauth.kdc.transport.sending import Copies, Sending
from tests.kdc.transport.servers import (
    PREAUTH_REQUIRED,
    Datagram,
    UdpServer,
    answers,
    closed_address,
    krb_error,
    no_descriptors,
    silent,
    udp_server,
)

REQUEST = b"a request"


def to(address: Address, copies: Copies = Copies.ANY, until: float | None = None) -> Sending:
    return Sending(Kdc("KA.TEST", address, asyncio.get_running_loop().time, lambda _: None), copies, until)


async def exchange(
    address: Address, resends: Iterator[float] = iter(()), ports: RestingPorts | None = None, sending: Sending | None = None
) -> tuple[bytes, list[float]]:
    heard: list[float] = []
    own = RestingPorts() if ports is None else ports
    try:
        async with asyncio.timeout(5):
            reply = await udp.exchange(address, REQUEST, whole, resends, heard.append, own, sending or to(address))
    finally:
        own.release()
    return reply, heard


async def test_the_reply_comes_back_with_the_seconds_it_took() -> None:
    async with udp_server(answers()) as server:
        reply, (seconds,) = await exchange(server.address)
    assert reply == PREAUTH_REQUIRED
    assert 0 < seconds < 5


async def test_a_kdc_on_ipv6_is_asked_like_any_other() -> None:
    async with udp_server(answers(), socket.AF_INET6) as server:
        reply, _ = await exchange(server.address)
    assert reply == PREAUTH_REQUIRED


async def test_an_unanswered_request_is_sent_again_in_identical_bytes_and_its_time_begins_with_the_first() -> None:
    def third(server: UdpServer, request: bytes, sender: Datagram) -> None:
        if len(server.requests) == 3:
            server.send(PREAUTH_REQUIRED, sender)

    async with udp_server(third) as server:
        reply, (seconds,) = await exchange(server.address, iter((0.01, 0.01)))
    assert (reply, server.requests) == (PREAUTH_REQUIRED, [REQUEST] * 3)
    assert seconds >= 0.02


async def test_without_resends_a_request_is_sent_once() -> None:
    async with udp_server(silent) as server:
        task = asyncio.create_task(exchange(server.address))
        await server.asked(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert server.requests == [REQUEST]


@pytest.mark.parametrize(
    "first",
    [b"", PREAUTH_REQUIRED[:-1], PREAUTH_REQUIRED + b"\0", b"\x7e", bytes(65_507), b"\x30\x03\x02\x01\x05"],
    ids=["empty", "cut short", "longer than it says", "one byte", "oversized", "another message"],
)
async def test_what_is_no_whole_message_is_ignored_and_the_reply_after_it_taken(first: bytes) -> None:
    def twice(server: UdpServer, request: bytes, sender: Datagram) -> None:
        server.send(first, sender)
        server.send(PREAUTH_REQUIRED, sender, after=0.02)

    async with udp_server(twice) as server:
        assert (await exchange(server.address))[0] == PREAUTH_REQUIRED


async def test_of_two_replies_the_first_is_taken() -> None:
    def twice(server: UdpServer, request: bytes, sender: Datagram) -> None:
        server.transport.sendto(PREAUTH_REQUIRED, sender)
        server.transport.sendto(krb_error(6), sender)

    async with udp_server(twice) as server:
        reply, heard = await exchange(server.address)
    assert (reply, len(heard)) == (PREAUTH_REQUIRED, 1)


async def test_a_datagram_of_another_sender_is_not_seen() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:

        def forge(server: UdpServer, request: bytes, sender: Datagram) -> None:
            stranger.sendto(krb_error(18), sender)
            server.send(PREAUTH_REQUIRED, sender, after=0.02)

        async with udp_server(forge) as server:
            assert (await exchange(server.address))[0] == PREAUTH_REQUIRED


async def test_a_closed_port_is_known_at_once_and_the_request_was_not_read() -> None:
    with pytest.raises(RefusedError, match="refused") as refused:
        await exchange(closed_address(), iter((60.0,)))
    assert not refused.value.reached


async def test_a_port_that_closes_between_two_resends_may_have_read_the_first() -> None:
    def leave(server: UdpServer, request: bytes, sender: Datagram) -> None:
        server.transport.close()

    async with udp_server(leave) as server:
        with pytest.raises(RefusedError) as refused:
            await exchange(server.address, iter((0.05, 60.0)))
    assert refused.value.reached


@pytest.mark.parametrize(
    ("error", "reached"),
    [(ConnectionRefusedError(errno.ECONNREFUSED, "refused"), False), (PermissionError(errno.EPERM, "forbidden"), True)],
)
async def test_only_a_refusal_says_that_the_first_copy_was_not_read_when_the_second_cannot_be_sent(error: OSError, reached: bool) -> None:
    class SendsOnce(socket.socket):
        sent = False

        def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]  # only what is called here
            if self.sent:
                raise error
            self.sent = True
            return super().send(data, flags)

    class Guarded(Address):
        def open(self, kind: socket.SocketKind) -> socket.socket:
            made = SendsOnce(self.family, kind)
            made.settimeout(0)
            return made

    async with udp_server(silent) as server:
        with pytest.raises(RefusedError) as refused:
            await exchange(Guarded("kdc.test", socket.AF_INET, server.address.where), iter((0.01,)))
    assert refused.value.reached is reached


async def test_what_may_be_sent_once_is_sent_once() -> None:
    async with udp_server(answers(after=0.1)) as server:
        await exchange(server.address, iter((0.01, 0.01)), sending=to(server.address, Copies.ONE))
        assert server.requests == [REQUEST]


async def test_after_its_time_no_further_copy_is_sent_and_the_reply_is_taken_all_the_same() -> None:
    async with udp_server(answers(after=0.3)) as server:
        sending = to(server.address, until=asyncio.get_running_loop().time() + 0.1)
        reply, _ = await exchange(server.address, iter((0.01, 0.15, 0.01)), sending=sending)
        assert (reply, server.requests) == (PREAUTH_REQUIRED, [REQUEST] * 2)


async def test_after_its_time_a_request_is_not_even_sent_once() -> None:
    async with udp_server(silent) as server:
        sending = to(server.address, until=asyncio.get_running_loop().time())
        with pytest.raises(UnsentError):
            await exchange(server.address, sending=sending)
        assert (server.requests, sending.left) == ([], False)


async def test_an_address_without_a_way_to_it_is_refused() -> None:
    with pytest.raises(RefusedError):
        await exchange(Address("broadcast", socket.AF_INET, ("255.255.255.255", 88)))  # EACCES without SO_BROADCAST


async def test_a_family_that_this_machine_does_not_have_is_refused() -> None:
    with pytest.raises(RefusedError):
        await exchange(Address("other", socket.AF_X25, ("x", 88)))


async def test_a_process_without_descriptors_blames_no_kdc() -> None:
    with no_descriptors(), pytest.raises(NoSocketError, match="Too many open files"):
        await exchange(Address("kdc.test", socket.AF_INET, ("127.0.0.1", 88)))


async def test_a_port_that_a_reply_may_still_come_to_rests() -> None:
    senders: list[Datagram] = []

    def second(server: UdpServer, request: bytes, sender: Datagram) -> None:
        senders.append(sender)
        if len(senders) == 2:
            server.send(PREAUTH_REQUIRED, sender)

    ports = RestingPorts()
    async with udp_server(second) as server:
        await exchange(server.address, iter((0.01,)), ports)  # two copies, one answer
    assert ports.rests(senders[0][1], asyncio.get_running_loop().time())


async def test_a_port_whose_requests_are_all_answered_does_not_rest() -> None:
    senders: list[Datagram] = []

    def answer(server: UdpServer, request: bytes, sender: Datagram) -> None:
        senders.append(sender)
        server.send(PREAUTH_REQUIRED, sender)

    ports = RestingPorts()
    async with udp_server(answer) as server:
        await exchange(server.address, ports=ports)
    assert not ports.rests(senders[0][1], asyncio.get_running_loop().time())


async def test_a_resting_port_is_not_used() -> None:
    senders: list[Datagram] = []
    drawn: list[int] = []

    class FirstTwoRest(RestingPorts):
        def rests(self, port: int, now: float) -> bool:
            drawn.append(port)
            return len(drawn) <= 2

    def answer(server: UdpServer, request: bytes, sender: Datagram) -> None:
        senders.append(sender)
        server.send(PREAUTH_REQUIRED, sender)

    async with udp_server(answer) as server:
        await exchange(server.address, ports=FirstTwoRest())
    assert [sender[1] for sender in senders] == drawn[2:]


async def test_where_every_port_rests_one_is_used_all_the_same() -> None:
    class AllRest(RestingPorts):
        def rests(self, port: int, now: float) -> bool:
            return True

    async with udp_server(answers()) as server:
        assert (await exchange(server.address, ports=AllRest()))[0] == PREAUTH_REQUIRED


async def test_a_process_without_descriptors_gives_up_sockets_first_that_are_kept_for_whatever_kdc() -> None:
    ports, loop = RestingPorts(), asyncio.get_running_loop()
    async with udp_server(answers()) as server:
        kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ports.rest(kept, loop.time())
        with no_descriptors():
            assert (await exchange(server.address, ports=RestingPorts()))[0] == PREAUTH_REQUIRED
    assert kept.fileno() == -1


def test_pauses_double_up_to_the_longest() -> None:
    some = udp.pauses(None)
    assert [next(some) for _ in range(8)] == [0.15, 0.3, 0.6, 1.2, 2.4, 4.0, 4.0, 4.0]


def test_a_slow_kdc_is_not_asked_again_before_it_had_time_to_answer() -> None:
    assert next(udp.pauses(1.0)) == 2.0
