"""KDCs by DNS SRV, with a real name server."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from kerbauth.kdc.transport.directory import LookupFailedError
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.kdc.transport.srv import HOSTS_LIMIT, LONGEST, SHORTEST, BySrv
from tests.kdc.transport.name_server import dnsmasq, free_port, host, srv
from tests.kdc.transport.realm import LONG, REQUEST, probe, within
from tests.kdc.transport.servers import PREAUTH_REQUIRED, Datagram, UdpServer, answers, udp_server

UDP, TCP = "_kerberos._udp.KA.TEST", "_kerberos._tcp.KA.TEST"
KDC1, KDC2 = "kdc1.ka.test", "kdc2.ka.test"
HOSTS = (host(KDC1, "127.0.0.1"), host(KDC2, "127.0.0.2"))


async def found(server: str, **options: Any) -> list[str]:
    return [each.text for each in (await BySrv("KA.TEST", servers=(server,), **options).look_up()).addresses]


async def test_records_are_taken_by_priority() -> None:
    async with dnsmasq(*HOSTS, srv(UDP, KDC1, 88, 20), srv(UDP, KDC2, 750, 10)) as server:
        assert await found(server) == ["127.0.0.2:750", "127.0.0.1:88"]


async def test_among_equals_the_lot_falls_by_weight_and_stays_while_the_records_do() -> None:
    async with dnsmasq(*HOSTS, srv(UDP, KDC1, 88, 0, 10), srv(UDP, KDC2, 88, 0, 90)) as server:
        lots = iter((10, 90, 11, 10))
        directory = BySrv("KA.TEST", servers=(server,), choose=lambda highest: next(lots))
        assert [each.text for each in (await directory.look_up()).addresses] == ["127.0.0.1:88", "127.0.0.2:88"]
        assert [each.text for each in (await directory.look_up()).addresses] == ["127.0.0.1:88", "127.0.0.2:88"]
        assert list(lots) == [11, 10]
        assert await found(server, choose=lambda highest: highest) == ["127.0.0.2:88", "127.0.0.1:88"]


async def test_a_host_with_addresses_of_both_families_is_two_kdcs() -> None:
    async with dnsmasq(host(KDC1, "127.0.0.1"), host(KDC1, "::1"), srv(UDP, KDC1, 88)) as server:
        assert await found(server) == ["[::1]:88", "127.0.0.1:88"]


async def test_a_kdc_that_is_named_for_tcp_only_gets_no_datagram() -> None:
    async with dnsmasq(*HOSTS, srv(UDP, KDC1, 88), srv(TCP, KDC1, 88, 5), srv(TCP, KDC2, 88, 9)) as server:
        addresses = (await BySrv("KA.TEST", servers=(server,)).look_up()).addresses
        assert [(each.text, each.udp) for each in addresses] == [("127.0.0.1:88", True), ("127.0.0.2:88", False)]


async def test_a_realm_on_tcp_asks_for_the_records_of_tcp_only() -> None:
    async with dnsmasq(*HOSTS, srv(UDP, KDC1, 88), srv(TCP, KDC2, 88)) as server:
        assert await found(server, over_tcp=True) == ["127.0.0.2:88"]


async def test_controllers_of_the_site_come_first_and_the_others_after_them() -> None:
    near = "_kerberos._tcp.Berlin._sites.dc._msdcs.KA.TEST"
    async with dnsmasq(*HOSTS, srv(near, KDC2, 88, 50), srv(TCP, KDC1, 88, 1), srv(TCP, KDC2, 88, 2)) as server:
        assert await found(server, over_tcp=True, site="Berlin") == ["127.0.0.2:88", "127.0.0.1:88"]


def registered(controller: str, site: str, address: str) -> list[str]:
    """A domain controller's records for Kerberos (MS-ADTS 6.3.2.3), with the priority and weight that Windows' Netlogon gives to all."""
    names = (
        UDP,
        TCP,
        f"_kerberos._tcp.{site}._sites.KA.TEST",
        *(f"_kerberos._tcp.{each}dc._msdcs.KA.TEST" for each in ("", f"{site}._sites.")),
    )
    return [host(f"{controller}.ka.test", address), *(srv(name, f"{controller}.ka.test", 88, 0, 100) for name in names)]


@pytest.mark.parametrize("lot", [min, max])
@pytest.mark.parametrize(("site", "near"), [("Berlin", {"127.0.0.1:88", "127.0.0.2:88"}), ("Sydney", {"127.0.0.3:88"})])
async def test_of_controllers_as_they_register_themselves_the_sites_own_come_first_whatever_the_lot(
    lot: Callable[[int, int], int], site: str, near: set[str]
) -> None:
    records = [
        *registered("dc1", "Berlin", "127.0.0.1"),
        *registered("dc2", "Berlin", "127.0.0.2"),
        *registered("dc3", "Sydney", "127.0.0.3"),
    ]
    async with dnsmasq(*records) as server:
        order = await found(server, over_tcp=True, site=site, choose=lambda highest: lot(0, highest))
    assert (set(order[: len(near)]), sorted(order)) == (near, ["127.0.0.1:88", "127.0.0.2:88", "127.0.0.3:88"])


async def test_a_site_without_controllers_leaves_the_others() -> None:
    async with dnsmasq(*HOSTS, srv(TCP, KDC1, 88)) as server:
        assert await found(server, over_tcp=True, site="Atlantis") == ["127.0.0.1:88"]


async def test_a_dot_means_that_there_is_none_for_this_transport() -> None:
    async with dnsmasq(*HOSTS, f"--srv-host={UDP}", srv(TCP, KDC1, 88)) as server:
        (address,) = (await BySrv("KA.TEST", servers=(server,)).look_up()).addresses
        assert (address.text, address.udp) == ("127.0.0.1:88", False)


async def test_a_dot_everywhere_means_that_the_realm_has_no_kdc() -> None:
    async with dnsmasq(f"--srv-host={UDP}", f"--srv-host={TCP}") as server:
        assert await found(server) == []


async def test_a_realm_without_records_is_told_with_their_names() -> None:
    async with dnsmasq() as server:
        with pytest.raises(LookupFailedError, match=rf"names no KDC of KA\.TEST \({UDP}\., {TCP}\.\): there are no such records"):
            await found(server)


async def test_a_host_without_an_address_is_told() -> None:
    async with dnsmasq(srv(UDP, KDC1, 88)) as server:
        with pytest.raises(LookupFailedError, match=r"DNS has no address for kdc1\.ka\.test\.: there are no such records"):
            await found(server)


async def test_no_more_hosts_are_taken_than_a_login_can_use() -> None:
    many = range(1, HOSTS_LIMIT + 10)
    records = [each for n in many for each in (host(f"dc{n}.ka.test", f"127.0.0.{n}"), srv(UDP, f"dc{n}.ka.test", 88, n))]
    async with dnsmasq(*records) as server:  # too many for a datagram, too: they come over TCP
        assert await found(server) == [f"127.0.0.{n}:88" for n in range(1, HOSTS_LIMIT + 1)]


@pytest.mark.parametrize(("ttl", "keep"), [(0, SHORTEST), (120, 120.0), (1_000_000, LONGEST)])
async def test_records_are_looked_up_again_when_their_time_is_over_within_limits(ttl: int, keep: float) -> None:
    async with dnsmasq(*HOSTS, srv(UDP, KDC1, 88), f"--local-ttl={ttl}") as server:
        assert (await BySrv("KA.TEST", servers=(server,)).look_up()).keep == keep


async def test_when_the_name_server_stops_the_lookup_fails_and_what_was_found_stays_in_use() -> None:
    async with udp_server(answers()) as kdc:
        async with dnsmasq(*HOSTS, srv(UDP, KDC1, kdc.address.where[1])) as server:
            directory = BySrv("KA.TEST", servers=(server,))
            ours = Kdcs("KA.TEST", directory, probe)
            await ours.start()
        with pytest.raises(LookupFailedError, match=r"refused|no name server answered"):
            await directory.look_up()
        assert (await ours.first(REQUEST, within(LONG))).reply == PREAUTH_REQUIRED
        await ours.close()


async def test_a_realm_is_found_as_soon_as_the_name_server_is_there() -> None:
    port = free_port()
    directory = BySrv("KA.TEST", servers=(f"127.0.0.1:{port}",))
    with pytest.raises(LookupFailedError):
        await directory.look_up()
    async with dnsmasq(*HOSTS, srv(UDP, KDC1, 88), port=port):
        assert len((await directory.look_up()).addresses) == 1


async def test_where_one_question_fails_its_earlier_answer_stays() -> None:
    fails = False

    def script(server: UdpServer, request: bytes, sender: Datagram) -> None:
        question = dns.message.from_wire(request)
        name, reply = question.question[0].name.to_text().lower(), dns.message.make_response(question)
        if fails and ("_udp" in name or name.startswith("kdc1")):
            reply.set_rcode(dns.rcode.SERVFAIL)
        else:
            reply.answer = [each for each in zone if each.name == question.question[0].name and each.rdtype == question.question[0].rdtype]
        server.send(reply.to_wire(), sender)

    zone = dns.message.from_text(
        "flags QR\n;ANSWER\n"
        f"{UDP}. 60 IN SRV 1 0 88 kdc1.ka.test.\n{TCP}. 60 IN SRV 1 0 88 kdc1.ka.test.\n{TCP}. 60 IN SRV 2 0 88 kdc2.ka.test.\n"
        "kdc1.ka.test. 60 IN A 127.0.0.1\nkdc2.ka.test. 60 IN A 127.0.0.2\n"
    ).answer
    async with udp_server(script) as server:
        directory = BySrv("KA.TEST", servers=(server.address.text,))
        before = await directory.look_up()
        fails = True
        after = await directory.look_up()
    assert [each.text for each in before.addresses] == ["127.0.0.1:88", "127.0.0.2:88"]
    assert (after.addresses, after.keep) == (before.addresses, SHORTEST)


async def test_servfail_is_told() -> None:
    def servfail(server: UdpServer, request: bytes, sender: Datagram) -> None:
        reply = dns.message.make_response(dns.message.from_wire(request))
        reply.set_rcode(dns.rcode.SERVFAIL)
        server.send(reply.to_wire(), sender)

    async with udp_server(servfail) as server:
        with pytest.raises(LookupFailedError, match="SERVFAIL"):
            await found(server.address.text)


async def test_damaged_answers_are_told_and_raise_nothing_else() -> None:
    def damaged(server: UdpServer, request: bytes, sender: Datagram) -> None:
        server.send(request[:2] + b"\x84\x00" + request[4:6] + b"\x00\x09" + request[8:] + b"\xc0\xff\x00\x21\x00", sender)

    async with udp_server(damaged) as server:
        with pytest.raises(LookupFailedError):
            await found(server.address.text)


async def test_the_event_loop_goes_on_while_a_name_server_says_nothing() -> None:
    async with udp_server(lambda server, request, sender: None) as server:
        look = asyncio.create_task(found(server.address.text))
        await server.asked(1)
        assert not look.done()
        look.cancel()
        await asyncio.gather(look, return_exceptions=True)


def test_a_name_server_is_named_by_its_address() -> None:
    with pytest.raises(ValueError, match="dns"):
        BySrv("KA.TEST", servers=("dns.ka.test",))


def test_without_servers_those_of_the_machine_are_asked() -> None:
    servers = BySrv("KA.TEST")._resolver().nameservers
    named = [line.split()[1] for line in Path("/etc/resolv.conf").read_text().splitlines() if line.startswith("nameserver ")]
    assert [getattr(server, "address", server) for server in servers] == (named or ["127.0.0.1"])
