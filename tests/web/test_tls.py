"""TLS over real sockets: what is spoken, who is known, what is replaced, and that nothing that came in is logged."""

import asyncio
import logging
import ssl
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from cryptography.x509 import DNSName, RFC822Name, UniformResourceIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from kerbauth.web.tls import ServerContext, TlsSwitch
from tests.certificates import DAY, NAMES, Authority, Pair
from tests.web.conftest import LOGIN, Door, Opener
from tests.web.tls import client_context, connected, opened, telling, what_it_tells

CANARY = b"canary-t1s7"


@pytest.fixture
async def door(open_door: Opener, pair: Pair) -> Door:
    secured: Door = await open_door(tls=TlsSwitch(opened(pair)))
    return secured


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_login_over_each_version_of_tls(door: Door, authority: Authority, version: ssl.TLSVersion) -> None:
    context = client_context(authority)
    context.minimum_version = context.maximum_version = version
    url = f"https://localhost:{door.port}/v1/login"
    async with door.session.post(url, json=LOGIN, ssl=context) as reply:
        assert (reply.status, (await reply.json())["user"]) == (200, "alice")


async def test_the_protocol_is_http_1_1(door: Door, authority: Authority) -> None:
    context = client_context(authority)
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with connected(door.port, context) as client:
        assert client.tls.selected_alpn_protocol() == "http/1.1"


# A ClientHello that offers TLS 1.1 at most (RFC 4346 7.4.1.2): one cipher suite, no compression, no extensions.
_HELLO_BODY = b"\x03\x02" + bytes(32) + b"\x00" + b"\x00\x04\xc0\x13\x00\xff" + b"\x01\x00"
TLS_1_1_HELLO = b"\x16\x03\x01" + (len(_HELLO_BODY) + 4).to_bytes(2, "big") + b"\x01" + len(_HELLO_BODY).to_bytes(3, "big") + _HELLO_BODY


async def test_tls_1_1_is_refused(door: Door, pair: Pair) -> None:
    with pytest.raises(ssl.SSLError) as refused:  # why, which asyncio tells nobody
        answer_to(opened(pair), TLS_1_1_HELLO)
    assert refused.value.reason == "UNSUPPORTED_PROTOCOL"
    assert await door.raw(TLS_1_1_HELLO) == b""


def test_a_key_exchange_without_forward_secrecy_is_refused(authority: Authority, successor: Pair) -> None:
    context = client_context(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = opened(successor)  # with an RSA key, or there would be nothing to exchange
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    assert answer_to(server, greeting(context))
    context.set_ciphers("AES128-GCM-SHA256:AES256-GCM-SHA384")
    with pytest.raises(ssl.SSLError) as refused:
        answer_to(server, greeting(context))
    assert refused.value.reason == "NO_SHARED_CIPHER"


def greeting(context: ssl.SSLContext) -> bytes:
    """What a client says first."""
    said = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost").do_handshake()
    return said.read()


def answer_to(context: ServerContext, said: bytes) -> bytes:
    """What the server answers to a client's first words."""
    heard, answer = ssl.MemoryBIO(), ssl.MemoryBIO()
    heard.write(said)
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(heard, answer, server_side=True).do_handshake()
    return answer.read()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_there_are_no_session_tickets(door: Door, authority: Authority, version: ssl.TLSVersion) -> None:
    context = client_context(authority)
    context.minimum_version = context.maximum_version = version
    async with connected(door.port, context) as client:
        await client.ask()
        assert client.tls.session is None or not client.tls.session.has_ticket


async def test_every_reply_over_tls_keeps_browsers_to_tls(door: Door, authority: Authority) -> None:
    async with connected(door.port, client_context(authority)) as client:
        for path in ("/healthz", "/nowhere"):
            head, _ = await client.ask(path)
            assert "\r\nStrict-Transport-Security: max-age=31536000\r\n" in head
        client.writer.write(b"no HTTP\r\n\r\n")
        assert b"\r\nStrict-Transport-Security: max-age=31536000\r\n" in await client.reader.readuntil(b"\r\n\r\n")


async def test_no_reply_over_plain_http_speaks_of_tls(open_door: Opener) -> None:
    plain: Door = await open_door()
    assert "Strict-Transport-Security" not in (await plain.ask("GET", "/healthz")).headers


NO_TLS = {
    "plain HTTP": b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic " + CANARY + b"\r\n\r\n",
    "a body in plain HTTP": b'POST /v1/login HTTP/1.1\r\nHost: h\r\n\r\n{"password":"' + CANARY + b'"}',
    "a record of TLS with nonsense in it": b"\x16\x03\x01\x00\x20" + CANARY * 4,
    "nothing": b"",
    "half a greeting": TLS_1_1_HELLO[:9],
}


@pytest.mark.parametrize("sent", NO_TLS.values(), ids=NO_TLS.keys())
async def test_what_is_no_tls_is_not_answered_and_not_logged(
    door: Door, authority: Authority, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await door.raw(sent, hang_up=True)
    assert CANARY not in answer
    assert b"HTTP" not in answer
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
    assert CANARY.decode() not in caplog.text
    async with connected(door.port, client_context(authority)) as client:  # and the next one is served
        assert (await client.ask())[0].startswith("HTTP/1.1 200 ")


async def test_a_handshake_that_never_ends_is_cut_off(open_door: Opener, pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    door: Door = await open_door(tls=TlsSwitch(opened(pair), handshake=0.1))
    assert await door.raw(TLS_1_1_HELLO[:9]) == b""
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


@pytest.fixture
def asking(pair: Pair, authority: Authority) -> ServerContext:
    """A context that asks clients for certificates."""
    return opened(pair, client_ca=authority)


async def test_a_client_without_a_certificate_is_served_and_has_no_name(asking: ServerContext, authority: Authority) -> None:
    async with telling(TlsSwitch(asking)) as (port,), connected(port, client_context(authority)) as client:
        assert (await what_it_tells(client))["names"] == []


async def test_a_client_is_known_by_the_dns_and_uri_names_of_its_certificate(asking: ServerContext, authority: Authority) -> None:
    names = (DNSName("gax.corp.example"), UniformResourceIdentifier("urn:genesys:gax"), RFC822Name("a@corp.example"), NAMES[1])
    theirs = authority.issue("gax", names=names)
    async with telling(TlsSwitch(asking)) as (port,), connected(port, client_context(authority, theirs)) as client:
        assert (await what_it_tells(client))["names"] == ["gax.corp.example", "urn:genesys:gax"]


async def test_a_certificate_without_names_names_nobody(asking: ServerContext, authority: Authority) -> None:
    theirs = authority.issue("gax.corp.example", names=())
    async with telling(TlsSwitch(asking)) as (port,), connected(port, client_context(authority, theirs)) as client:
        assert (await what_it_tells(client))["names"] == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("why", ["another CA", "expired", "not yet valid", "for servers only"])
async def test_a_certificate_that_does_not_hold_ends_the_connection(
    asking: ServerContext, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture, why: str, version: ssl.TLSVersion
) -> None:
    theirs = {
        "another CA": lambda: Authority(tmp_path, "Test CA").issue("gax"),
        "expired": lambda: authority.issue("expired", time=(-2 * DAY, -DAY)),
        "for servers only": lambda: authority.issue("server-only", usage=ExtendedKeyUsageOID.SERVER_AUTH),
        "not yet valid": lambda: authority.issue("early", time=(DAY, 2 * DAY)),
    }[why]()
    context = client_context(authority, theirs)
    context.minimum_version = context.maximum_version = version
    async with telling(TlsSwitch(asking)) as (port,):
        # TLS 1.3 clients have done their part before the server looks at the certificate: they hear of it with their first read
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            async with connected(port, context) as client:
                await what_it_tells(client)
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


async def test_a_server_that_asks_for_no_certificate_knows_no_names(pair: Pair, authority: Authority) -> None:
    theirs = authority.issue("gax")
    async with telling(TlsSwitch(opened(pair))) as (port,), connected(port, client_context(authority, theirs)) as client:
        assert (await what_it_tells(client))["names"] == []


async def test_a_plain_connection_tells_nothing(authority: Authority) -> None:
    async with telling(None) as (port,), aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/shown") as reply:
        assert await reply.json() == {"names": [], "bound": None}
