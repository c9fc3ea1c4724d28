"""KDCs that answer over TCP only, where nobody said so."""

import socket

import pytest

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.errors import NoKdcError
from kerbauth.settings.kdcs import Transport
from tests.kdc.transport.realm import LONG, REQUEST, Events, kdcs, within
from tests.kdc.transport.servers import LARGE, PREAUTH_REQUIRED, answers, answers_over_tcp, silent, tcp_server, udp_server


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
