"""Who may ask, over TCP: what a caller is answered, and what is on record of it."""

import logging
from typing import Any

import pytest

from kerbauth.core.addresses import read_network
from kerbauth.core.audit import Door as Entrance
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.web.clients import Client, NoClient
from kerbauth.web.forwarded import TrustedProxies
from tests.web.conftest import LOGIN, Door, Opener
from tests.web.fakes import World

TOKEN = "token-of-a-limited-client"
PROXIES = TrustedProxies((read_network("127.0.0.1"),))
CANARY = "canary-77ab"


def limited(**limits: Any) -> World:
    return World(more_clients=(Client("limited", Secret(TOKEN.encode()), **limits),), proxies=PROXIES)


@pytest.mark.parametrize(
    ("limits", "path", "why"),
    [
        ({"addresses": (read_network("192.0.2.0/24"),)}, "/v1/login", NoClient.ADDRESS),
        ({"addresses": (read_network("192.0.2.0/24"),)}, "/v1/sso", NoClient.ADDRESS),
        ({"doors": frozenset({Entrance.SPNEGO})}, "/v1/login", NoClient.DOOR),
        ({"doors": frozenset({Entrance.HTTP})}, "/v1/sso", NoClient.DOOR),
    ],
)
async def test_a_known_client_beyond_its_limits_is_403_and_told_which(open_door: Opener, limits: Any, path: str, why: NoClient) -> None:
    door: Door = await open_door(limited(**limits))
    got = await door.ask("POST", path, json=LOGIN, headers={"X-Kerbauth-Client": TOKEN})
    assert (got.status, got.document["reason"]) == (403, "client-not-allowed")
    assert got.document["messages"][1]["text"] == why.text
    assert "WWW-Authenticate" not in got.headers
    assert [(record.reason, record.diagnostic) for record in door.world.audit.records] == [(Reason.CLIENT_NOT_ALLOWED, why.text)]
    assert door.world.verifier.asked == []


async def test_a_client_that_must_show_a_certificate_as_well_is_401(open_door: Opener) -> None:
    door: Door = await open_door(limited(certificate="gax.corp.example"))
    got = await door.login(headers={"X-Kerbauth-Client": TOKEN})
    assert (got.status, got.document["messages"][1]["text"]) == (401, NoClient.NO_CERTIFICATE.text)


@pytest.mark.parametrize(
    ("forwarded_for", "peer"),
    [("192.0.2.7", "192.0.2.7"), ("203.0.113.1, 192.0.2.7", "192.0.2.7"), (CANARY, "unknown"), (f"192.0.2.7, {CANARY}", "unknown")],
)
async def test_the_peer_on_record_is_the_one_the_proxy_says(
    open_door: Opener, caplog: pytest.LogCaptureFixture, forwarded_for: str, peer: str
) -> None:
    caplog.set_level(logging.DEBUG)
    door: Door = await open_door(limited(addresses=(read_network("192.0.2.7"),)))
    got = await door.login(headers={"X-Kerbauth-Client": TOKEN, "X-Forwarded-For": forwarded_for})
    assert [record.origin.peer for record in door.world.audit.records] == [peer]
    assert got.status == (403 if peer == "unknown" else 200)
    assert CANARY not in got.body.decode() + caplog.text + repr(door.world.audit.records)


async def test_the_field_that_is_not_configured_is_ignored(open_door: Opener) -> None:
    door: Door = await open_door(World(proxies=PROXIES))
    await door.login(headers={"Forwarded": "for=192.0.2.7"})
    assert [record.origin.peer for record in door.world.audit.records] == ["127.0.0.1"]


ODD_PLACES = [
    ("POST", "/v1/login", {"User-Agent": CANARY}, LOGIN),
    ("POST", "/v1/login", {"Cookie": CANARY}, LOGIN),
    ("POST", "/v1/login", {"Referer": f"https://{CANARY}@h/"}, LOGIN),
    ("POST", "/v1/login", {"X-Correlation-ID": f"{CANARY}!"}, LOGIN),
    ("POST", "/v1/login", {"Accept-Language": f"{CANARY}, de;q={CANARY}"}, LOGIN),
    ("POST", "/v1/login", {"Accept": CANARY}, LOGIN),
    ("POST", "/v1/login", {"Content-Type": f"text/{CANARY}"}, LOGIN),
    ("POST", "/v1/login", {"Content-Encoding": CANARY}, LOGIN),
    ("POST", "/v1/login", {"Authorization": f"Basic {CANARY}"}, LOGIN),
    ("POST", "/v1/login", {"Authorization": f"Bearer {CANARY}"}, LOGIN),
    ("POST", "/v1/login", {"Authorization": CANARY}, LOGIN),
    ("POST", "/v1/login", {"X-Kerbauth-Client": CANARY}, LOGIN),
    ("POST", f"/v1/login?password={CANARY}", {}, LOGIN),
    ("POST", "/v1/login", {}, {**LOGIN, CANARY * 4: "a"}),
    ("POST", "/v1/login", {}, {**LOGIN, "tenant": {CANARY: CANARY}}),
    ("POST", "/v1/login", {}, {**LOGIN, "password": [CANARY]}),
    ("POST", "/v1/login", {}, {**LOGIN, "password": f"{CANARY}\0"}),
    ("POST", "/v1/login", {}, {**LOGIN, "password": CANARY}),
    ("GET", f"/v1/sso?application=desktop&password-{CANARY}%20=a", {}, None),
    ("GET", "/v1/sso?application=desktop", {"Authorization": f"Negotiate {CANARY}!"}, None),
    ("GET", "/v1/sso?application=desktop", {"Authorization": f"Basic {CANARY}"}, None),
    ("GET", "/metrics", {"Authorization": f"Bearer {CANARY}"}, None),
    ("GET", f"/{CANARY}", {}, None),
    ("PUT", f"/v1/login?{CANARY}", {}, None),
]


@pytest.mark.parametrize(("method", "path", "headers", "body"), ODD_PLACES)
async def test_what_stands_in_an_odd_place_is_repeated_nowhere(
    door: Door, caplog: pytest.LogCaptureFixture, method: str, path: str, headers: dict[str, str], body: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    content = {"json": body} if body is not None and "Content-Type" not in headers else {"data": str(body)} if body is not None else {}
    got = await door.ask(method, path, headers=headers, **content)
    assert CANARY not in got.body.decode() + repr(got.headers)
    assert CANARY not in caplog.text
    assert CANARY not in repr(door.world.audit.records)
    assert CANARY not in repr(door.world.metrics.requests)
