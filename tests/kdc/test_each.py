"""Each KDC of a realm asked by itself."""

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kerbauth.kdc.each import ask_each
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.settings import Transport
from tests.kdc import wire
from tests.kdc.behaviours import delayed, error, silence
from tests.kdc.scripted import scripted_kdc
from tests.kdc.transport.name_server import dnsmasq, host, srv
from tests.kdc.transport.servers import answers, as_rep, closed_address, udp_server

ANSWERS = error(wire.PREAUTH_REQUIRED)
NOBODY = "the KDC answers but does not know our principal HTTP/localhost@KA.TEST"


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", os.devnull)


def realm(*kdcs: str, **more: Any) -> KerberosRealm:
    return KerberosRealm("KA.TEST", kdcs, Path("x.keytab"), "HTTP/localhost", **more)


async def test_each_kdc_is_asked_by_itself_over_udp_and_tcp() -> None:
    closed = closed_address().text
    with scripted_kdc(ANSWERS) as one, scripted_kdc(error(6)) as two:
        told = await ask_each(realm(one.address, closed, two.address))
        assert [asked.transport for asked in sorted(one.asked, key=lambda asked: asked.transport)] == ["tcp", "udp"]
        assert not one.proofs
    assert [(each.kdc, each.address, each.over, each.answered, each.problem) for each in told] == [
        (one.address, one.address, "udp", True, ""),
        (one.address, one.address, "tcp", True, ""),
        (closed, closed, "udp", False, "Connection refused"),
        (closed, closed, "tcp", False, "Connection refused"),
        (two.address, two.address, "udp", True, NOBODY),
        (two.address, two.address, "tcp", True, NOBODY),
    ]


@pytest.mark.parametrize(("transport", "over"), [(Transport.UDP, ["udp"]), (Transport.TCP, ["tcp"]), (Transport.AUTO, ["udp", "tcp"])])
async def test_the_realms_transport_says_how(transport: Transport, over: list[str]) -> None:
    with scripted_kdc(ANSWERS) as kdc:
        told = await ask_each(realm(kdc.address, transport=transport))
        assert sorted(asked.transport for asked in kdc.asked) == sorted(over)
    assert [(each.over, each.answered) for each in told] == [(each, True) for each in over]


async def test_a_kdc_whose_datagrams_are_lost_answers_over_tcp_and_it_is_seen() -> None:
    with scripted_kdc(ANSWERS, transports=frozenset({"tcp"})) as kdc, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as swallowing:
        swallowing.bind(("127.0.0.1", kdc.port))
        told = await ask_each(realm(kdc.address))
    assert [(each.over, each.answered, each.problem) for each in told] == [
        ("udp", False, "no answer within 3 seconds"),
        ("tcp", True, ""),
    ]


async def test_latency_and_clock_of_each_are_told() -> None:
    ahead = wire.ErrorFields(at=datetime.now(UTC) + timedelta(seconds=600))
    with scripted_kdc(delayed(0.3, error(wire.PREAUTH_REQUIRED, ahead))) as slow, scripted_kdc(silence) as silent:
        late, none = await ask_each(realm(slow.address, silent.address, transport=Transport.UDP))
    assert late.latency is not None
    assert 0.3 <= late.latency < 3.0
    assert late.clock_offset == pytest.approx(600, abs=5)
    assert (none.latency, none.clock_offset) == (None, None)


async def test_a_ticket_is_an_answer_that_tells_no_time() -> None:
    async with udp_server(answers(as_rep(700))) as kdc:
        (told,) = await ask_each(realm(kdc.address.text, transport=Transport.UDP))
    assert (told.answered, told.problem, told.clock_offset) == (True, "", None)


async def test_kdcs_that_dns_names_are_asked_by_name_and_address() -> None:
    with scripted_kdc(ANSWERS) as kdc:
        records = (host("kdc.ka.test", "127.0.0.1"), srv("_kerberos._udp.ka.test", "kdc.ka.test", kdc.port))
        async with dnsmasq(*records) as name_server:
            told = await ask_each(realm(dns_servers=(name_server,)))
    assert [(each.kdc, each.address, each.over, each.answered) for each in told] == [
        ("kdc.ka.test", kdc.address, "udp", True),
        ("kdc.ka.test", kdc.address, "tcp", True),
    ]


async def test_a_kdc_that_dns_names_for_tcp_only_is_asked_over_tcp_only() -> None:
    with scripted_kdc(ANSWERS) as kdc:
        records = (host("kdc.ka.test", "127.0.0.1"), srv("_kerberos._tcp.ka.test", "kdc.ka.test", kdc.port))
        async with dnsmasq(*records) as name_server:
            told = await ask_each(realm(dns_servers=(name_server,)))
    assert [each.over for each in told] == ["tcp"]


async def test_where_dns_names_none_that_is_the_answer() -> None:
    async with dnsmasq() as name_server:
        (told,) = await ask_each(realm(dns_servers=(name_server,)))
    assert (told.kdc, told.address, told.over, told.answered) == ("by DNS SRV", "", "", False)
    assert "DNS names no KDC of KA.TEST" in told.problem


async def test_a_name_that_is_not_found_hides_no_other_kdc() -> None:
    with scripted_kdc(ANSWERS) as kdc:
        lost, *found = await ask_each(realm("x" * 64 + ".ka.test", kdc.address))  # no label can have 64 letters: nobody is asked for it
    assert (lost.answered, lost.address, bool(lost.problem)) == (False, "", True)
    assert not lost.problem.startswith("x")
    assert [each.answered for each in found] == [True, True]


async def test_a_kdc_that_is_named_twice_is_asked_once() -> None:
    with scripted_kdc(ANSWERS) as kdc:
        assert len(await ask_each(realm(kdc.address, kdc.address, transport=Transport.TCP))) == 1


async def test_a_library_that_cannot_be_used_is_told_for_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "krb5.conf").write_text("[libdefaults\n")
    monkeypatch.setenv("KRB5_CONFIG", str(tmp_path / "krb5.conf"))
    with scripted_kdc(ANSWERS) as kdc:
        told = await ask_each(realm(kdc.address))
        assert kdc.asked == []
    assert [(each.answered, bool(each.problem)) for each in told] == [(False, True)] * 2
