"""A request that bears a password goes to one KDC, and to no other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.transport.errors import SilentKdcError
from kerbauth.kdc.transport.exchange import CONNECT_SECONDS
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
    closed_address,
    swallowing,
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


@pytest.mark.parametrize("resend_passwords", [False, True])
async def test_a_lost_connection_is_not_made_again_for_a_password(resend_passwords: bool) -> None:
    async def drop_passwords(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if one.connections == 1:
            await answers_over_tcp()(reader, writer)

    options = {"transport": Transport.TCP, "resend_passwords": resend_passwords}
    async with tcp_server(drop_passwords) as one, kdcs(one.address, **options) as ours:
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


async def test_after_the_deadline_the_kdc_is_listened_to_and_nothing_more_is_sent() -> None:
    def late(server: UdpServer, request: bytes, sender: Datagram) -> None:
        server.send(PREAUTH_REQUIRED, sender, 0.0 if request == REQUEST else 0.7)

    async with udp_server(late) as one, kdcs(one.address, resend_passwords=True) as ours:
        kdc = await pinned(ours)
        assert (await ours.again(kdc, PASSWORD, within(0.3), late_until=within(LONG))).reply == PREAUTH_REQUIRED
        assert one.requests.count(PASSWORD) == 2  # at once and after 0.15 seconds, not after 0.45


async def test_a_kdc_that_refused_somebody_meanwhile_is_sent_no_further_copy() -> None:
    async with udp_server(first_only) as one, kdcs(one.address, resend_passwords=True) as ours:
        kdc = await pinned(ours)
        asking = asyncio.create_task(ours.again(kdc, PASSWORD, within(0.6)))
        await one.asked(2)
        kdc.refused("another login was told so")
        kdc.answered(None)  # it is there again at once
        with pytest.raises(SilentKdcError) as gone:
            await asking
        assert (gone.value.reached, one.requests.count(PASSWORD)) == (True, 1)


async def test_a_connection_that_does_not_come_about_has_not_reached_the_kdc() -> None:
    with swallowing() as address:
        async with kdcs(address, transport=Transport.TCP) as ours:
            with pytest.raises(SilentKdcError) as gone:
                await ours.again(ours._lines[0].kdc, PASSWORD, within(0.2), late_until=within(LONG))
    assert not gone.value.reached


async def test_a_kdc_that_read_a_request_and_found_the_reply_too_big_was_reached_even_if_nobody_listens_on_tcp() -> None:
    def too_big(server: UdpServer, request: bytes, sender: Datagram) -> None:
        server.send(PREAUTH_REQUIRED if request == REQUEST else TOO_BIG, sender)

    async with udp_server(too_big) as one, kdcs(one.address, resend_passwords=True) as ours:
        with pytest.raises(SilentKdcError, match="refused") as gone:
            await ours.again(await pinned(ours), PASSWORD, within(LONG))
    assert gone.value.reached


async def test_in_place_of_a_kdc_that_was_not_reached_another_one_may_be_asked_that_is_not_silent() -> None:
    closed = [closed_address(), closed_address()]
    async with udp_server(answers()) as one, udp_server(answers()) as two, kdcs(closed[0], one.address, closed[1], two.address) as ours:
        first, second, third, fourth = (line.kdc for line in ours._lines)
        third.refused("nobody is there")
        with pytest.raises(SilentKdcError) as gone:
            await ours.again(first, PASSWORD, within(LONG))
        assert not gone.value.reached
        assert ours.instead_of(first) is second
        assert ours.instead_of(first, {second}) is fourth
        assert ours.instead_of(first, {second, fourth}) is None


async def test_in_place_of_the_only_kdc_there_is_none() -> None:
    async with kdcs(closed_address()) as ours:
        assert ours.instead_of(ours._lines[0].kdc) is None


async def test_where_another_kdc_may_be_asked_a_connection_is_not_waited_for_until_the_deadline() -> None:
    with swallowing() as swallowed:
        async with tcp_server(answers_over_tcp()) as other, kdcs(swallowed, other.address, transport=Transport.TCP) as ours:
            began = within(0)
            with pytest.raises(SilentKdcError, match="took no connection") as gone:
                await ours.again(ours._lines[0].kdc, PASSWORD, within(LONG))
    assert within(0) - began < CONNECT_SECONDS + 0.7
    assert not gone.value.reached
