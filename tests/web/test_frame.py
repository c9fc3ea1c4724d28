"""What every request gets, over TCP: correlation id, language, common header fields, counting, and an answer to the unforeseen."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable

import pytest

from kerbauth.core.codes.model import Code
from kerbauth.core.reasons import Reason
from kerbauth.web.app import replace_services
from tests.web.conftest import LOGIN, Door, Got, Opener
from tests.web.fakes import World, english_and_german

Ask = Callable[[Door], Awaitable[Got]]
EVERY_KIND: dict[str, Ask] = {
    "granted": lambda door: door.login(),
    "refused": lambda door: door.login({**LOGIN, "password": "x"}),
    "malformed": lambda door: door.login(b"{"),
    "challenge": lambda door: door.ask("GET", "/v1/sso"),
    "healthz": lambda door: door.ask("GET", "/healthz"),
    "readyz": lambda door: door.ask("GET", "/readyz"),
    "metrics": lambda door: door.ask("GET", "/metrics"),
    "openapi": lambda door: door.ask("GET", "/openapi.json"),
    "docs": lambda door: door.ask("GET", "/docs"),
    "not found": lambda door: door.ask("GET", "/nothing"),
    "wrong method": lambda door: door.ask("GET", "/v1/login"),
    "options": lambda door: door.ask("OPTIONS", "/v1/login"),
    "head": lambda door: door.ask("HEAD", "/healthz"),
}


@pytest.mark.parametrize("ask", EVERY_KIND.values(), ids=EVERY_KIND.keys())
async def test_every_reply_has_the_common_headers(door: Door, ask: Ask) -> None:
    headers = (await ask(door)).headers
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Correlation-ID"])
    assert headers.getall("Cache-Control") == ["no-store"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert headers.getall("Server") == ["kerbauth"]


async def test_every_request_has_an_id_of_its_own(door: Door) -> None:
    ids = {(await door.ask("GET", "/healthz")).headers["X-Correlation-ID"] for _ in range(3)}
    assert len(ids) == 3


async def test_the_callers_own_id_is_kept_everywhere(door: Door) -> None:
    got = await door.login({**LOGIN, "password": "x"}, {"X-Correlation-ID": "call-2026.01_02"})
    assert got.headers["X-Correlation-ID"] == got.document["correlation_id"] == "call-2026.01_02"
    assert [record.origin.correlation_id for record in door.world.audit.records] == ["call-2026.01_02"]


@pytest.mark.parametrize("own", ["short", "x" * 65, "with blanks in it", "<script>alert(1)</script>", "é" * 8])
async def test_a_malformed_one_is_replaced(door: Door, own: str) -> None:
    got = await door.ask("GET", "/nothing", headers={"X-Correlation-ID": own})
    assert re.fullmatch("[0-9a-f]{32}", got.headers["X-Correlation-ID"])


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("de-AT, en;q=0.5", "de"),
        ("fr, en;q=0.8", "en"),
        ("fr", "en"),
        (";;;", "en"),
        ("de" + ", de" * 1000, "en"),
        ("é", "en"),
    ],
)
async def test_the_language_is_negotiated(door: Door, accepted: str, language: str) -> None:
    got = await door.login({**LOGIN, "password": "x"}, {"Accept-Language": accepted})
    assert (got.headers["Content-Language"], got.headers["Vary"]) == (language, "Accept-Language")
    assert ("Kennwort" in got.document["detail"]) == (language == "de")


# --- paths and methods


async def test_another_path_is_404(door: Door) -> None:
    got = await door.ask("GET", "/v2/login")
    assert (got.status, got.document["reason"], got.headers["Content-Type"]) == (404, "malformed-request", "application/problem+json")


@pytest.mark.parametrize(
    ("path", "allow"),
    [("/v1/login", "OPTIONS, POST"), ("/v1/sso", "GET, HEAD, OPTIONS, POST"), ("/healthz", "GET, HEAD, OPTIONS")],
)
async def test_another_method_is_405_and_the_right_ones_are_named(door: Door, path: str, allow: str) -> None:
    got = await door.ask("DELETE", path)
    assert (got.status, got.document["reason"], got.headers["Allow"]) == (405, "malformed-request", allow)


async def test_options_names_the_methods(door: Door) -> None:
    got = await door.ask("OPTIONS", "/v1/login")
    assert (got.status, got.headers["Allow"], got.body) == (204, "OPTIONS, POST", b"")


async def test_no_reply_opens_the_door_to_another_sites_scripts(door: Door) -> None:
    headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    got = await door.ask("OPTIONS", "/v1/login", headers=headers)
    assert not [name for name in got.headers if name.lower().startswith("access-control")]


async def test_requests_are_counted_by_route_and_not_by_path(door: Door) -> None:
    await door.login()
    await door.ask("GET", "/v1/sso?application=x")
    await door.ask("GET", "/any/thing")
    await door.ask("PROPFIND", "/other")
    assert door.world.metrics.requests == {
        ("/v1/login", "POST", 200): 1,
        ("/v1/sso", "GET", 401): 1,
        ("other", "GET", 404): 1,
        ("other", "other", 404): 1,
    }


# --- the unforeseen

CANARY = "canary-51d0"


async def test_an_unforeseen_error_is_a_500_on_record(door: Door) -> None:
    door.world.verifier.error = KeyError("boom")
    got = await door.login(headers={"X-Correlation-ID": "call-0001"})
    assert (got.status, got.document["reason"], got.document["verdict"]) == (500, "internal", "unavailable")
    [record] = door.world.audit.records
    assert (record.reason, record.verdict, record.origin.correlation_id) == (Reason.INTERNAL, "unavailable", "call-0001")


async def test_its_log_line_says_what_and_where_and_nothing_of_the_request(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    door.world.verifier.error = ValueError(f"bad value {CANARY}")
    got = await door.login({**LOGIN, "password": CANARY}, {"X-Correlation-ID": "call-0002"})
    assert "call-0002: unexpected error: ValueError at fakes.py:" in caplog.text
    records = [record.as_json() for record in door.world.audit.records]
    assert CANARY not in f"{caplog.text}{got.body!r}{records}"


async def test_an_unforeseen_error_of_a_single_sign_on_is_a_500_on_record(door: Door) -> None:
    door.world.verifier.error = RuntimeError()
    got = await door.ask("GET", "/v1/sso?application=desktop", headers={"Authorization": "Negotiate YTpi"})
    assert (got.status, [record.reason for record in door.world.audit.records]) == (500, [Reason.INTERNAL])


class Stammering:
    """Texts that fail over one reason."""

    def __init__(self, reason: Reason) -> None:
        self._texts = english_and_german()
        self._reason = reason

    def reason_text(self, language: str, reason: Reason, codes: tuple[Code, ...] = ()) -> str:
        if reason is self._reason:
            raise KeyError(reason)
        return self._texts.reason_text(language, reason, codes)

    def __getattr__(self, name: str) -> object:
        return getattr(self._texts, name)


async def test_an_error_after_the_record_leaves_no_second_one(open_door: Opener) -> None:
    door: Door = await open_door(World(texts=Stammering(Reason.BAD_CREDENTIALS)))  # type: ignore[arg-type]  # a stand-in that fails
    got = await door.login({**LOGIN, "password": "x"})
    assert (got.status, [record.reason for record in door.world.audit.records]) == (500, [Reason.BAD_CREDENTIALS])


async def test_an_unforeseen_error_elsewhere_is_no_login_attempt(door: Door) -> None:
    door.world.permissions.error = OSError()
    got = await door.ask("GET", "/readyz")
    assert (got.status, got.document["reason"], door.world.audit.records) == (500, "internal", [])


async def test_an_unforeseen_error_without_a_record_is_503(door: Door) -> None:
    door.world.verifier.error = KeyError("boom")
    door.world.audit.full = True
    got = await door.login()
    assert (got.status, got.document["reason"]) == (503, "audit")


async def test_the_connection_lives_on_after_an_unforeseen_error(door: Door) -> None:
    door.world.verifier.error = KeyError("boom")
    await door.login()
    door.world.verifier.error = None
    assert (await door.login()).status == 200


async def test_a_login_cut_off_by_the_end_of_the_service_is_on_record(open_door: Opener) -> None:
    world = World()
    world.verifier.gate = asyncio.Event()
    door: Door = await open_door(world, shutdown_timeout=0.01)
    login = asyncio.create_task(door.login())
    await world.verifier.reached.wait()
    await door.runner.cleanup()
    await asyncio.gather(login, return_exceptions=True)
    assert [record.reason for record in world.audit.records] == [Reason.INTERNAL]


async def test_a_login_cut_off_while_its_record_is_written_has_one_record(open_door: Opener) -> None:
    world = World()
    world.audit.gate = asyncio.Event()
    door: Door = await open_door(world, shutdown_timeout=0.01)
    login = asyncio.create_task(door.login())
    await world.audit.taken.wait()
    await door.runner.cleanup()
    await asyncio.gather(login, return_exceptions=True)
    assert [record.verdict for record in world.audit.records] == ["granted"]


async def test_a_login_under_way_is_answered_before_the_service_ends(open_door: Opener) -> None:
    world = World()
    world.verifier.gate = asyncio.Event()
    door: Door = await open_door(world, shutdown_timeout=10)
    login = asyncio.create_task(door.login())
    await world.verifier.reached.wait()
    end = asyncio.create_task(door.runner.cleanup())
    world.verifier.gate.set()
    assert (await login).status == 200
    await end


# --- a reload


async def test_new_services_take_the_next_request_and_old_ones_end_what_they_began(door: Door) -> None:
    old, new = door.world, World()
    old.verifier.gate = asyncio.Event()
    under_way = asyncio.create_task(door.login())
    await old.verifier.reached.wait()
    before = replace_services(door.app, new.services())
    over = asyncio.create_task(before.idle())
    assert (await door.login()).status == 200
    assert not over.done(), "a request that began with the old services is under way"
    old.verifier.gate.set()
    assert (await under_way).status == 200
    await over
    assert (len(old.audit.records), len(new.audit.records)) == (1, 1)


async def test_debug_logging_shows_nothing_of_a_request(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await door.login({**LOGIN, "password": CANARY})
    await door.ask("GET", f"/v1/sso?application={CANARY}")
    assert CANARY not in caplog.text
