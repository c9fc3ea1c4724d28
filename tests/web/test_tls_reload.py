"""Certificates that change while connections live, and what tokens are bound to on each of them."""

import asyncio
import ssl
from pathlib import Path

import pytest
from cryptography.x509 import DNSName

from kerbauth.core.channel import BindingMode, ChannelBinding
from kerbauth.core.outcome import Proved
from kerbauth.ports import TokenAnswer
from kerbauth.settings.certificates import end_point
from kerbauth.web.tls import TlsSwitch
from tests.certificates import Authority, Pair
from tests.web.conftest import Door, Opener
from tests.web.fakes import ALICE, World
from tests.web.tls import client_context, connected, opened, telling, what_it_tells


async def test_another_certificate_is_shown_to_new_connections_and_closes_none(pair: Pair, successor: Pair, authority: Authority) -> None:
    switch = TlsSwitch(opened(pair))
    async with telling(switch) as (port,), connected(port, client_context(authority)) as before:
        assert (await before.ask())[0].startswith("HTTP/1.1 200 ")
        switch.use(opened(successor))
        async with connected(port, client_context(authority)) as after:
            assert (before.shown, after.shown) == ("server", "successor")
            for client in (before, after):
                assert (await client.ask())[0].startswith("HTTP/1.1 200 ")


async def test_a_connection_is_bound_to_the_certificate_it_was_made_with(pair: Pair, successor: Pair, authority: Authority) -> None:
    switch = TlsSwitch(opened(pair))
    async with telling(switch) as (port,), connected(port, client_context(authority)) as before:
        switch.use(opened(successor))
        async with connected(port, client_context(authority)) as after:
            assert [(await what_it_tells(client))["bound"] for client in (before, after)] == [
                end_point(each.certificate).hex() for each in (pair, successor)
            ]


async def test_other_cas_are_asked_for_by_new_connections(pair: Pair, authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "Other CA")
    theirs = other.issue("gax", names=(DNSName("gax.corp.example"),))
    switch = TlsSwitch(opened(pair, client_ca=authority))
    async with telling(switch) as (port,):
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            async with connected(port, client_context(authority, theirs)) as client:
                await what_it_tells(client)
        switch.use(opened(pair, client_ca=other))
        async with connected(port, client_context(authority, theirs)) as client:
            assert (await what_it_tells(client))["names"] == ["gax.corp.example"]


async def test_no_connection_is_lost_while_certificates_change(pair: Pair, successor: Pair, authority: Authority) -> None:
    switch = TlsSwitch(opened(pair))
    contexts, context = (opened(successor), opened(pair)), client_context(authority)

    async def one(port: int) -> str:
        async with connected(port, context) as client:
            assert (await client.ask())[0].startswith("HTTP/1.1 200 ")
            return client.shown

    async with telling(switch) as (port,):
        seen: set[str] = set()
        for turn in range(20):
            asked = [asyncio.create_task(one(port)) for _ in range(5)]
            await asyncio.sleep(0)  # they are on their way when the certificate changes
            switch.use(contexts[turn % 2])
            seen |= set(await asyncio.gather(*asked))
    assert seen == {"server", "successor"}


async def test_all_sockets_share_one_switch(pair: Pair, successor: Pair, authority: Authority) -> None:
    switch = TlsSwitch(opened(pair))
    async with telling(switch, count=2) as ports:
        assert len(set(ports)) == 2
        switch.use(opened(successor))
        for port in ports:
            async with connected(port, client_context(authority)) as client:
                assert client.shown == "successor"


TICKET = "Authorization: Negotiate YWxpY2UncyB0aWNrZXQ="  # alice's ticket
PROXY = b"tls-server-end-point:the proxy's"


async def test_a_token_may_be_bound_to_our_certificate_and_to_the_proxys(pair: Pair, authority: Authority) -> None:
    world = World(binding=ChannelBinding(BindingMode.REQUIRE, (PROXY,)))
    async with telling(TlsSwitch(opened(pair)), world) as (port,), connected(port, client_context(authority)) as client:
        await client.ask("/v1/sso?application=desktop", TICKET)
    assert world.verifier.bindings == [ChannelBinding(BindingMode.REQUIRE, (end_point(pair.certificate), PROXY))]


async def test_without_tls_a_token_may_be_bound_to_the_proxys_certificate(open_door: Opener) -> None:
    world = World(binding=ChannelBinding(BindingMode.ALLOW, (PROXY,)))
    plain: Door = await open_door(world)
    await plain.ask("GET", "/v1/sso?application=desktop", headers=dict([TICKET.split(": ")]))
    assert world.verifier.bindings == [world.binding]


@pytest.mark.parametrize(("bound", "counted"), [(True, {True: 1}), (False, {False: 1}), (None, {})])
async def test_bound_tokens_are_counted(open_door: Opener, bound: bool | None, counted: dict[bool, int]) -> None:
    world = World()
    world.verifier.tokens = {b"alice's ticket": TokenAnswer(Proved(ALICE), bound=bound)}
    plain: Door = await open_door(world)
    await plain.ask("GET", "/v1/sso?application=desktop", headers=dict([TICKET.split(": ")]))
    assert world.metrics.bindings == counted
