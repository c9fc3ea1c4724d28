"""KDCs that answer over TCP only, where nobody said so."""

import asyncio
import socket

import pytest

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.errors import NoKdcError, SilentKdcError
from kerbauth.kdc.transport.exchange import CONNECT_SECONDS, WITHOUT_TCP
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.settings.kdcs import Transport
from tests.kdc.transport.realm import LONG, REQUEST, Events, kdcs, within
from tests.kdc.transport.servers import (
    LARGE,
    PREAUTH_REQUIRED,
    Datagram,
    UdpServer,
    answers,
    answers_over_tcp,
    silent,
    swallowing,
    tcp_server,
    udp_server,
)

PASSWORD = b"a request with a password"


async def test_a_kdc_without_udp_is_asked_over_tcp_in_the_same_login_and_from_then_on() -> None:
    async with tcp_server(answers_over_tcp()) as one, kdcs(one.address) as ours:
        assert (await ours.first(REQUEST, within(LONG))).reply == LARGE
        async with udp_server(answers(), port=one.address.where[1]) as datagrams:
            answered = await ours.first(REQUEST, within(LONG))
            assert (answered.reply, (await ours.again(answered.kdc, REQUEST, within(LONG))).reply) == (LARGE, LARGE)
            assert datagrams.requests == []


async def test_where_a_firewall_swallows_datagrams_the_login_goes_on_over_tcp() -> None:
    async with udp_server(silent) as one, tcp_server(answers_over_tcp(), port=one.address.where[1]), kdcs(one.address) as ours:
        began = within(0)
        assert (await ours.first(REQUEST, within(LONG))).reply == LARGE
        assert within(0) - began < 2.5
        sent = len(one.requests)
        assert (await ours.first(REQUEST, within(LONG))).reply == LARGE
        assert len(one.requests) == sent


async def test_a_kdc_that_answers_over_both_when_it_comes_back_is_asked_over_udp() -> None:
    events = Events()
    async with udp_server(silent) as one, kdcs(one.address, events=events) as ours:
        with pytest.raises(NoKdcError):
            await ours.first(REQUEST, within(3.0))
        async with tcp_server(answers_over_tcp(), port=one.address.where[1]):
            one.script = answers()
            await events.wait_for(one.address, Standing.ANSWERS)
            assert (await ours.first(REQUEST, within(LONG))).reply == PREAUTH_REQUIRED


async def test_a_kdc_that_answers_over_udp_again_after_tcp_has_failed_is_asked_over_udp() -> None:
    events = Events()
    async with tcp_server(answers_over_tcp()) as one:
        address = one.address
        async with kdcs(address, events=events) as ours:
            assert (await ours.first(REQUEST, within(LONG))).reply == LARGE
            await one.close()
            with pytest.raises(NoKdcError):
                await ours.first(REQUEST, within(LONG))
            async with udp_server(answers(), port=address.where[1]):
                await events.wait_for(address, Standing.ANSWERS)
                assert (await ours.first(REQUEST, within(LONG))).reply == PREAUTH_REQUIRED


async def test_where_udp_is_wanted_a_closed_port_is_final() -> None:
    async with tcp_server(answers_over_tcp()) as one, kdcs(one.address, transport=Transport.UDP) as ours:
        with pytest.raises(NoKdcError, match="refused"):
            await ours.first(REQUEST, within(LONG))


async def test_a_kdc_that_dns_names_for_tcp_only_gets_no_datagram() -> None:
    async with udp_server(answers()) as one, tcp_server(answers_over_tcp(), port=one.address.where[1]):
        named = Address("kdc.test", socket.AF_INET, one.address.where, udp=False)
        async with kdcs(named) as ours:
            assert (await ours.first(REQUEST, within(LONG))).reply == LARGE
        assert one.requests == []


async def pinned(ours: Kdcs) -> Kdc:
    return (await ours.first(REQUEST, within(LONG))).kdc


async def test_where_a_firewall_swallows_connections_a_password_goes_over_udp_once() -> None:
    def not_at_once(server: UdpServer, request: bytes, sender: Datagram) -> None:
        server.send(PREAUTH_REQUIRED, sender, after=0.3)  # time enough for a second copy

    async with udp_server(answers()) as one, kdcs(one.address) as ours:
        with swallowing(one.address.where[1]):
            kdc = await pinned(ours)
            one.script = not_at_once
            began = within(0)
            assert (await ours.again(kdc, PASSWORD, within(LONG))).reply == PREAUTH_REQUIRED
            assert within(0) - began < CONNECT_SECONDS + 0.7
            assert one.requests.count(PASSWORD) == 1


async def test_a_firewall_that_swallows_connections_is_remembered_for_a_while() -> None:
    async with udp_server(answers()) as one, kdcs(one.address) as ours:
        with swallowing(one.address.where[1]):
            kdc = await pinned(ours)
            await ours.again(kdc, PASSWORD, within(LONG))
            began = within(0)
            await ours.again(kdc, PASSWORD, within(LONG))
            assert within(0) - began < 0.3
        assert 0 < ours._lines[0].udp_until - within(0) <= WITHOUT_TCP


async def test_after_a_while_one_login_looks_whether_the_firewall_is_still_there_and_no_other_waits_for_it() -> None:
    async with udp_server(answers()) as one, kdcs(one.address) as ours:
        with swallowing(one.address.where[1]):
            kdc = await pinned(ours)
            ours._lines[0].udp_until = within(0) - 1  # found out so long ago
            looking = asyncio.create_task(ours.again(kdc, PASSWORD, within(LONG)))
            await asyncio.sleep(0)
            began = within(0)
            await ours.again(kdc, PASSWORD, within(LONG))
            assert within(0) - began < 0.3
            assert not looking.done()
            await looking
        assert ours._lines[0].udp_until - within(0) > WITHOUT_TCP / 2


async def test_a_firewall_that_is_gone_is_forgotten() -> None:
    async with udp_server(answers()) as one, tcp_server(answers_over_tcp(), port=one.address.where[1]), kdcs(one.address) as ours:
        kdc = await pinned(ours)
        ours._lines[0].udp_until = within(0) - 1
        assert [(await ours.again(kdc, PASSWORD, within(LONG))).reply for _ in range(2)] == [LARGE, LARGE]
        assert one.requests == [REQUEST]


async def test_half_of_the_time_is_left_for_udp() -> None:
    async with udp_server(answers()) as one, kdcs(one.address) as ours:
        with swallowing(one.address.where[1]):
            kdc = await pinned(ours)
            assert (await ours.again(kdc, PASSWORD, within(0.6))).reply == PREAUTH_REQUIRED


async def test_where_udp_is_closed_behind_such_a_firewall_the_request_has_reached_nobody() -> None:
    with swallowing() as address:
        async with kdcs(address) as ours:
            with pytest.raises(SilentKdcError, match="refused") as gone:
                await ours.again(ours._lines[0].kdc, PASSWORD, within(LONG))
    assert not gone.value.reached
