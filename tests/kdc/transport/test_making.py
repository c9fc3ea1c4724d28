"""A realm's KDCs, made from its settings."""

from pathlib import Path
from typing import Any

from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.transport.making import kdcs_of
from kerbauth.settings import Transport
from tests.kdc.transport.name_server import dnsmasq, host, srv
from tests.kdc.transport.realm import LONG, REQUEST, probe, within
from tests.kdc.transport.servers import LARGE, PREAUTH_REQUIRED, answers, answers_over_tcp, tcp_server, udp_server


def realm(kdcs: tuple[str, ...], **more: Any) -> KerberosRealm:
    return KerberosRealm("KA.TEST", kdcs, Path("x.keytab"), "HTTP/localhost", **more)


async def test_named_kdcs_are_asked() -> None:
    async with udp_server(answers()) as server:
        ours = kdcs_of(realm((server.address.text,)), probe)
        await ours.start()
        assert (await ours.first(REQUEST, within(LONG))).reply == PREAUTH_REQUIRED
        await ours.close()


async def test_a_realm_on_tcp_is_asked_over_tcp() -> None:
    async with tcp_server(answers_over_tcp()) as server:
        ours = kdcs_of(realm((server.address.text,), transport=Transport.TCP), probe)
        await ours.start()
        assert (await ours.first(REQUEST, within(LONG))).reply == LARGE
        await ours.close()


async def test_where_none_is_named_dns_is_asked() -> None:
    async with udp_server(answers()) as server:
        records = (host("kdc.ka.test", "127.0.0.1"), srv("_kerberos._udp.ka.test", "kdc.ka.test", server.address.where[1]))
        async with dnsmasq(*records) as name_server:
            ours = kdcs_of(realm((), dns_servers=(name_server,)), probe)
            await ours.start()
            (state,) = ours.states()
            assert (state.name, state.address) == ("kdc.ka.test", server.address.text)
            assert (await ours.first(REQUEST, within(LONG))).reply == PREAUTH_REQUIRED
            await ours.close()
