"""What operators and monitoring ask, over TCP."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from kerbauth.core.addresses import read_network
from kerbauth.core.kdc_state import KdcState, Standing
from kerbauth.ports import RealmState
from kerbauth.web.app import make_operations_app, replace_services
from kerbauth.web.exchange import Limits
from kerbauth.web.forwarded import TrustedProxies
from kerbauth.web.operations import is_local
from kerbauth.web.server import start
from tests.web.conftest import Door, Opener
from tests.web.fakes import CLIENT_TOKEN, MONITOR_TOKEN, REALM, World

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SILENT = KdcState("A.TEST", "kdc1.a.test:88", "192.0.2.1:88", Standing.SILENT, False, 0.002, -1.5, NOON, NOON, "no answer for 2.0 seconds")

FOR_OPERATORS = ["/readyz", "/metrics", "/docs"]


async def test_healthz_answers_while_everything_behind_is_stuck(door: Door) -> None:
    door.world.verifier.gate = asyncio.Event()
    got = await door.ask("GET", "/healthz")
    assert (got.status, got.document) == (200, {"status": "ok"})


async def test_ready_while_one_realm_works(door: Door) -> None:
    down = RealmState("A.TEST", ready=False, problem="no KDC answers", kdcs=(SILENT,))
    door.world.verifier.states = (down, RealmState(REALM, ready=True))
    got = await door.ask("GET", "/readyz")
    assert got.status == 200
    assert got.document == {
        "ready": True,
        "realms": [
            {"realm": "A.TEST", "ready": False, "problem": "no KDC answers", "kdcs": [SILENT.as_json()]},
            {"realm": "CORP.EXAMPLE", "ready": True, "problem": "", "kdcs": []},
        ],
        "permissions": {"ready": True, "problem": ""},
    }


async def test_not_ready_when_no_realm_works(door: Door) -> None:
    door.world.verifier.states = (RealmState(REALM, ready=False, problem="no KDC answers"),)
    got = await door.ask("GET", "/readyz")
    assert (got.status, got.document["ready"], got.headers["Retry-After"]) == (503, False, "5")


async def test_not_ready_when_the_permission_source_has_a_problem(door: Door) -> None:
    door.world.permissions.trouble = "the file is gone"
    got = await door.ask("GET", "/readyz")
    assert (got.status, got.document["permissions"]) == (503, {"ready": False, "problem": "the file is gone"})


async def test_not_ready_when_nobody_answers_in_time(open_door: Opener) -> None:
    world = World()
    world.verifier.gate = asyncio.Event()
    door: Door = await open_door(world, limits=Limits(readiness_seconds=0.01))
    got = await door.ask("GET", "/readyz")
    assert (got.status, got.document["realms"]) == (503, [])


async def test_metrics_are_passed_on(door: Door) -> None:
    got = await door.ask("GET", "/metrics")
    assert (got.status, got.body) == (200, b"requests_total 1.0\n")
    assert got.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_docs_are_one_page_without_scripts_or_anything_from_elsewhere(door: Door) -> None:
    got = await door.ask("GET", "/docs")
    page = got.body.decode()
    assert got.status == 200
    assert got.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script" not in page
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!/openapi\.json|#)", page)
    assert " on" not in "".join(re.findall(r"<[^>]*>", page))
    assert "/v1/login" in page


async def test_the_page_allows_its_own_style_and_nothing_else(door: Door) -> None:
    policy = (await door.ask("GET", "/docs")).headers["Content-Security-Policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'", policy
    )


async def test_every_link_within_the_page_leads_somewhere(door: Door) -> None:
    page = (await door.ask("GET", "/docs")).body.decode()
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links
    assert links <= set(re.findall(r'id="([^"]+)"', page))


# --- who may ask


@pytest.mark.parametrize("path", FOR_OPERATORS)
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host"])
async def test_what_came_through_a_proxy_is_not_local(door: Door, path: str, header: str) -> None:
    got = await door.ask("GET", path, headers={header: "127.0.0.1"})
    assert (got.status, got.document["reason"]) == (403, "client-not-allowed")


@pytest.mark.parametrize("path", FOR_OPERATORS)
@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {MONITOR_TOKEN}"}, {"X-Kerbauth-Client": MONITOR_TOKEN}])
async def test_clients_that_may_ask_do_so_from_anywhere(door: Door, path: str, headers: dict[str, str]) -> None:
    got = await door.ask("GET", path, headers={**headers, "X-Forwarded-For": "192.0.2.1"})
    assert got.status == 200


@pytest.mark.parametrize("path", FOR_OPERATORS)
async def test_other_clients_ask_from_this_machine_only(door: Door, path: str) -> None:
    headers = {"Authorization": f"Bearer {CLIENT_TOKEN}"}
    assert (await door.ask("GET", path, headers=headers)).status == 200
    assert (await door.ask("GET", path, headers={**headers, "X-Forwarded-For": "192.0.2.1"})).status == 403


@pytest.mark.parametrize("path", FOR_OPERATORS)
async def test_this_machine_needs_no_token_even_where_clients_are_required(open_door: Opener, path: str) -> None:
    door: Door = await open_door(World(require_client=True))
    assert (await door.ask("GET", path)).status == 200


@pytest.mark.parametrize("path", FOR_OPERATORS)
@pytest.mark.parametrize("forwarded_for", ["198.51.100.7", "127.0.0.1, 198.51.100.7", "garbage", "", "127.0.0.1"])
async def test_a_trusted_proxy_makes_nobody_local(open_door: Opener, path: str, forwarded_for: str) -> None:
    door: Door = await open_door(World(proxies=TrustedProxies((read_network("127.0.0.1"),))))
    assert (await door.ask("GET", path, headers={"X-Forwarded-For": forwarded_for})).status == 403


@pytest.mark.parametrize("path", FOR_OPERATORS)
async def test_a_wrong_token_is_refused_even_from_this_machine(door: Door, path: str) -> None:
    got = await door.ask("GET", path, headers={"Authorization": "Bearer nobody"})
    assert (got.status, got.document["reason"]) == (403, "client-not-allowed")


@pytest.mark.parametrize("path", FOR_OPERATORS)
async def test_a_token_given_twice_is_400(door: Door, path: str) -> None:
    value = f"Bearer {CLIENT_TOKEN}"
    got = await door.ask("GET", path, headers=[("Authorization", value), ("Authorization", value)])
    assert (got.status, got.document["reason"]) == (400, "malformed-request")


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json"])
async def test_anybody_may_ask_for_these(door: Door, path: str) -> None:
    assert (await door.ask("GET", path, headers={"X-Forwarded-For": "192.0.2.1"})).status == 200


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"])
def test_loopback_addresses_are_local(peer: str) -> None:
    assert is_local(peer)


@pytest.mark.parametrize("peer", ["", "192.0.2.1", "::ffff:192.0.2.1", "localhost", "fe80::1%eth0"])
def test_other_addresses_are_not(peer: str) -> None:
    assert not is_local(peer)


async def test_an_operators_request_is_no_login_attempt(door: Door) -> None:
    for path in FOR_OPERATORS:
        await door.ask("GET", path, headers={"X-Forwarded-For": "192.0.2.1"})
    assert door.world.audit.records == []


# --- a listener of its own


@pytest.fixture
async def apart(open_door: Opener) -> AsyncIterator[tuple[Door, int]]:
    """A door that leaves operators' pages to another listener, and that one's port."""
    door: Door = await open_door(operations_apart=True)
    runner = await start(make_operations_app(door.app), [socket.create_server(("127.0.0.1", 0))], shutdown_timeout=1.0)
    yield door, runner.addresses[0][1]
    await runner.cleanup()


async def status(door: Door, port: int, path: str, **headers: str) -> int:
    async with door.session.get(f"http://127.0.0.1:{port}{path}", headers=headers) as response:
        await response.read()
        return response.status


@pytest.mark.parametrize("path", FOR_OPERATORS)
async def test_a_listener_of_its_own_answers_everybody(apart: tuple[Door, int], path: str) -> None:
    door, port = apart
    assert await status(door, port, path, **{"X-Forwarded-For": "198.51.100.7"}) == 200
    assert await status(door, door.port, path, Authorization=f"Bearer {MONITOR_TOKEN}") == 404


async def test_both_listeners_say_that_the_process_lives(apart: tuple[Door, int]) -> None:
    door, port = apart
    assert [await status(door, each, "/healthz") for each in (door.port, port)] == [200, 200]


@pytest.mark.parametrize("path", ["/v1/login", "/v1/sso", "/openapi.json"])
async def test_a_listener_of_its_own_serves_nothing_else(apart: tuple[Door, int], path: str) -> None:
    door, port = apart
    assert await status(door, port, path) == 404


async def test_services_are_replaced_behind_both_listeners(apart: tuple[Door, int]) -> None:
    door, port = apart
    other = World()
    other.verifier.states = ()
    replace_services(door.app, other.services())
    assert await status(door, port, "/readyz") == 503
