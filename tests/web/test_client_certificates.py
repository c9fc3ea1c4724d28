"""Clients known by the certificate of their connection, over TLS."""

import json
from typing import Any

import pytest
from cryptography.x509 import DNSName, GeneralName, UniformResourceIdentifier

from kerbauth.core.secret import Secret
from kerbauth.web.clients import Client, NoClient
from kerbauth.web.tls import TlsSwitch
from tests.certificates import Authority, Pair
from tests.web.conftest import LOGIN, Door, Opener
from tests.web.fakes import World
from tests.web.tls import client_context, connected, opened

TOKEN = "token-of-a-certified-client"
CLIENTS = (
    Client("by-name", certificate="gax.corp.example"),
    Client("by-uri", certificate="urn:genesys:portal"),
    Client("by-both", Secret(TOKEN.encode()), certificate="both.corp.example"),
    Client("operator", certificate="prometheus.corp.example", operations=True),
)


async def log_in(door: Door, authority: Authority, own: Pair | None, *fields: str) -> tuple[int, dict[str, Any]]:
    body = json.dumps(LOGIN)
    async with connected(door.port, client_context(authority, own)) as client:
        head = ["POST /v1/login HTTP/1.1", "Host: localhost", "Content-Type: application/json", f"Content-Length: {len(body)}", *fields]
        client.writer.write("\r\n".join([*head, "", body]).encode())
        got = (await client.reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line.partition(":")[2]) for line in got.splitlines() if line.lower().startswith("content-length:"))
        return int(got.split()[1]), json.loads(await client.reader.readexactly(length))


@pytest.fixture
async def closed(open_door: Opener, pair: Pair, authority: Authority) -> Door:
    """A door for registered clients only."""
    world = World(more_clients=CLIENTS, require_client=True)
    door: Door = await open_door(world, tls=TlsSwitch(opened(pair, client_ca=authority)))
    return door


@pytest.mark.parametrize(
    ("name", "client"),
    [(DNSName("GAX.corp.example"), "by-name"), (UniformResourceIdentifier("urn:genesys:portal"), "by-uri")],
)
async def test_a_client_is_known_by_its_certificate(closed: Door, authority: Authority, name: GeneralName, client: str) -> None:
    status, _ = await log_in(closed, authority, authority.issue(client, names=(name,)))
    assert status == 200
    assert [record.origin.client for record in closed.world.audit.records] == [client]


async def test_a_certificate_of_nobody_is_refused_where_clients_are_required(closed: Door, authority: Authority) -> None:
    status, document = await log_in(closed, authority, authority.issue("stranger", names=(DNSName("stranger.example"),)))
    assert (status, document["reason"], document["messages"][1]["text"]) == (401, "client-not-allowed", NoClient.MISSING.text)


async def test_a_client_with_both_must_show_both(closed: Door, authority: Authority) -> None:
    own = authority.issue("both", names=(DNSName("both.corp.example"),))
    bearer = f"Authorization: Bearer {TOKEN}"
    assert (await log_in(closed, authority, own, bearer))[0] == 200
    without_token = (await log_in(closed, authority, own))[1]
    without_certificate = (await log_in(closed, authority, None, bearer))[1]
    assert without_token["messages"][1]["text"] == NoClient.NO_TOKEN.text
    assert without_certificate["messages"][1]["text"] == NoClient.NO_CERTIFICATE.text


async def test_operators_pages_by_certificate(closed: Door, authority: Authority) -> None:
    own = authority.issue("prometheus", names=(DNSName("prometheus.corp.example"),))
    async with connected(closed.port, client_context(authority, own)) as client:
        assert (await client.ask("/metrics", "X-Forwarded-For: 192.0.2.1"))[0].startswith("HTTP/1.1 200 ")
    async with connected(closed.port, client_context(authority)) as client:
        assert (await client.ask("/metrics", "X-Forwarded-For: 192.0.2.1"))[0].startswith("HTTP/1.1 403 ")
