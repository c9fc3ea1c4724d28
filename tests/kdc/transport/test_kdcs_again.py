"""A request that bears a password goes to one KDC, and to no other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.transport.errors import SilentKdcError
from kerbauth.kdc.transport.kdc import PASS_OVER, Kdc
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.settings.kdcs import Transport
from tests.kdc.transport.realm import LONG, PROBE, REQUEST, kdcs, within
from tests.kdc.transport.servers import (
    LARGE,
    PREAUTH_REQUIRED,
    TOO_BIG,
    UNAVAILABLE,
    Datagram,
    UdpServer,
    answers,
    answers_over_tcp,
    tcp_server,
    udp_server,
)

PASSWORD = b"a request with a password"


async def pinned(ours: Kdcs) -> Kdc:
    return (await ours.first(REQUEST, within(LONG))).kdc


@asynccontextmanager
async def kdcs_of_one_that_leaves() -> AsyncIterator[tuple[Kdcs, Kdc]]:
    """A realm whose only KDC answered once and is gone."""
    async with udp_server(answers()) as one:
        address = one.address
        async with kdcs(address) as ours:
            kdc = await pinned(ours)
            one.transport.close()
            await asyncio.sleep(0)  # closing takes the loop's next turn
            yield ours, kdc


def first_only(server: UdpServer, request: bytes, sender: Datagram) -> None:
    if request == REQUEST:
        server.send(PREAUTH_REQUIRED, sender)


async def test_the_kdc_that_answered_first_is_asked_again() -> None:
    async with udp_server(answers()) as one, udp_server(answers()) as two, kdcs(one.address, two.address) as ours:
        kdc = await pinned(ours)
        assert (await ours.again(kdc, PASSWORD, within(LONG))).reply == PREAUTH_REQUIRED
        assert (one.requests, two.requests) == ([REQUEST, PASSWORD], [])


async def test_a_silent_kdc_ends_it_and_nobody_else_hears_of_the_password() -> None:
    async with udp_server(first_only) as one, udp_server(answers()) as two, kdcs(one.address, two.address) as ours:
        kdc = await pinned(ours)
        with pytest.raises(SilentKdcError, match="no answer from") as gone:
            await ours.again(kdc, PASSWORD, within(PASS_OVER * 1.2))
        assert gone.value.reached
        assert (one.requests.count(PASSWORD), two.requests) == (1, [])
        assert ours.states()[0].standing is Standing.PASSED_OVER
        assert (await ours.first(REQUEST, within(LONG))).kdc.address == two.address


async def test_resends_are_identical_and_for_kdcs_that_allow_them() -> None:
    def third(server: UdpServer, request: bytes, sender: Datagram) -> None:
        if request == REQUEST or server.requests.count(PASSWORD) == 3:
            server.send(PREAUTH_REQUIRED, sender)

    async with udp_server(third) as one, kdcs(one.address, resend_passwords=True) as ours:
        assert (await ours.again(await pinned(ours), PASSWORD, within(LONG))).reply == PREAUTH_REQUIRED
        assert one.requests == [REQUEST, *[PASSWORD] * 3]


async def test_what_holds_no_password_is_sent_again_to_any_kdc() -> None:
    def second(server: UdpServer, request: bytes, sender: Datagram) -> None:
        if request == REQUEST or server.requests.count(b"TGS") == 2:
            server.send(PREAUTH_REQUIRED, sender)

    async with udp_server(second) as one, kdcs(one.address) as ours:
        assert (await ours.again(await pinned(ours), b"TGS", within(LONG), password=False)).reply == PREAUTH_REQUIRED


async def test_unavailable_is_an_answer_here() -> None:
    def busy(server: UdpServer, request: bytes, sender: Datagram) -> None:
        server.send(PREAUTH_REQUIRED if request == REQUEST else UNAVAILABLE, sender)

    async with udp_server(busy) as one, udp_server(answers()) as two, kdcs(one.address, two.address) as ours:
        assert (await ours.again(await pinned(ours), PASSWORD, within(LONG))).reply == UNAVAILABLE
        assert two.requests == []


async def test_a_reply_too_big_for_udp_comes_over_tcp_from_the_same_kdc() -> None:
    def too_big(server: UdpServer, request: bytes, sender: Datagram) -> None:
        server.send(PREAUTH_REQUIRED if request == REQUEST else TOO_BIG, sender)

    async with udp_server(too_big) as one, tcp_server(answers_over_tcp(), port=one.address.where[1]), kdcs(one.address) as ours:
        assert (await ours.again(await pinned(ours), PASSWORD, within(LONG))).reply == LARGE


async def test_a_kdc_that_is_gone_has_not_read_the_request_and_is_silent_from_then_on() -> None:
    async with kdcs_of_one_that_leaves() as (ours, kdc):
        with pytest.raises(SilentKdcError, match="refused") as gone:
            await ours.again(kdc, PASSWORD, within(LONG))
        assert not gone.value.reached
        assert ours.states()[0].standing is Standing.SILENT


async def test_a_lost_connection_is_not_made_again_for_a_password() -> None:
    async def drop_passwords(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if one.connections == 1:
            await answers_over_tcp()(reader, writer)

    async with tcp_server(drop_passwords) as one, kdcs(one.address, transport=Transport.TCP) as ours:
        kdc = await pinned(ours)
        with pytest.raises(SilentKdcError, match=r"closed the connection|reset") as lost:
            await ours.again(kdc, PASSWORD, within(LONG))
        assert (lost.value.reached, one.connections) == (True, 2)


async def test_a_kdc_that_left_the_list_is_still_asked_by_the_login_that_began_with_it() -> None:
    async with udp_server(answers()) as one, kdcs(one.address) as ours:
        kdc = await pinned(ours)
        ours._take(())
        assert (await ours.again(kdc, PASSWORD, within(LONG))).reply == PREAUTH_REQUIRED


async def test_probes_hold_no_password() -> None:
    async with udp_server(first_only) as one, kdcs(one.address) as ours:
        kdc = await pinned(ours)
        with pytest.raises(SilentKdcError):
            await ours.again(kdc, PASSWORD, within(PASS_OVER * 1.2))
        await one.asked(3)
        assert one.requests == [REQUEST, PASSWORD, PROBE]


async def test_a_password_that_may_not_be_sent_twice_goes_over_tcp() -> None:
    async with udp_server(answers()) as one, tcp_server(answers_over_tcp(), port=one.address.where[1]), kdcs(one.address) as ours:
        assert (await ours.again(await pinned(ours), PASSWORD, within(LONG))).reply == LARGE
        assert one.requests == [REQUEST]


async def test_where_udp_is_wanted_it_goes_over_udp_once() -> None:
    async with udp_server(first_only) as one, kdcs(one.address, transport=Transport.UDP) as ours:
        kdc = await pinned(ours)
        with pytest.raises(SilentKdcError):
            await ours.again(kdc, PASSWORD, within(PASS_OVER * 1.2))
        assert one.requests.count(PASSWORD) == 1
