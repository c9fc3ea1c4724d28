"""The OpenAPI document says the truth: every route is in it, and every reply is as it says."""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from multidict import CIMultiDict, CIMultiDictProxy
from openapi_spec_validator import OpenAPIV31SpecValidator

from kerbauth.core.audit import Door as AuditDoor
from kerbauth.core.codes.model import Stage
from kerbauth.core.kdc_state import KdcState, Standing
from kerbauth.core.outcome import Notice, Proved, Refused, Severity
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.core.secret import Secret
from kerbauth.ports import RealmState, TokenAnswer
from kerbauth.web import body as reading
from kerbauth.web.app import make_app
from kerbauth.web.clients import Client
from kerbauth.web.openapi import document
from kerbauth.web.server import FIELD_LIMIT, QuietServer
from tests.web.conftest import CHANGE, LOGIN, Door, Got, Opener
from tests.web.fakes import ALICE, REALM, Speechless, World

DOCUMENT = document()
OPERATIONS = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]
REPLIES = [(method, path, int(status)) for method, path in OPERATIONS for status in DOCUMENT["paths"][path][method.lower()]["responses"]]
TICKET = {"Authorization": f"Negotiate {base64.b64encode(b'ticket').decode()}"}
ELSEWHERE = {"X-Forwarded-For": "192.0.2.1"}


def test_it_is_a_valid_openapi_document() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_it_lists_every_route_and_no_other() -> None:
    routes = {(route.method, route.resource.canonical) for route in make_app(World().services()).router.routes() if route.resource}
    assert {(method, path) for method, path in routes if method != "HEAD"} == set(OPERATIONS)


def test_every_get_takes_head_as_it_says() -> None:
    routes = {(route.method, route.resource.canonical) for route in make_app(World().services()).router.routes() if route.resource}
    assert {path for method, path in routes if method == "HEAD"} == {path for method, path in OPERATIONS if method == "GET"}


async def test_it_is_what_is_served(door: Door) -> None:
    assert (await door.ask("GET", "/openapi.json")).document == DOCUMENT


def test_operation_ids_are_unique() -> None:
    ids = [DOCUMENT["paths"][path][method.lower()]["operationId"] for method, path in OPERATIONS]
    assert len(set(ids)) == len(ids)


def test_every_status_of_every_reason_is_in_it() -> None:
    listed = {
        (status, reason)
        for path in ("/v1/login", "/v1/password", "/v1/sso")
        for operation in DOCUMENT["paths"][path].values()
        for status, response in operation["responses"].items()
        if status != "200"
        for reason in response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["reason"]["enum"]
    }
    from_the_table = {
        (str(status), info.reason.value) for info in REASONS.values() if info.kind is not Kind.WARNING for status in info.statuses
    }
    assert listed == from_the_table | {("405", "malformed-request")}


# --- a request for every status of every operation


def refuse(reason: Reason) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        notices = (Notice(Severity.INFO, reason, "a KDC's words", foreign=True),)
        by_password, by_token = (Stage.THROTTLE,) * 2 if reason is Reason.THROTTLED else (Stage.AS, Stage.ACCEPT)
        world.verifier.proofs[str(ALICE)] = Refused(reason, by_password, notices=notices)
        world.verifier.tokens[b"ticket"] = TokenAnswer(Refused(reason, by_token, notices=notices), challenge=True)

    return prepare


def grant(world: World) -> None:
    notices = (Notice(Severity.WARNING, Reason.PASSWORD_EXPIRES_SOON),)
    world.verifier.proofs[str(ALICE)] = Proved(ALICE, notices)
    world.verifier.tokens[b"ticket"] = TokenAnswer(Proved(ALICE, notices), reply=b"reply")


def fail(world: World) -> None:
    world.verifier.error = KeyError("boom")


def fail_outside(world: World) -> None:
    world.texts = Speechless("boom")  # type: ignore[assignment]  # a stand-in that fails


def not_ready(world: World) -> None:
    unheard = KdcState(REALM, "kdc1", "192.0.2.1:88", Standing.SILENT, False, None, None, None, datetime.now(UTC), "no answer")
    known = KdcState(REALM, "kdc2", "192.0.2.2:88", Standing.PASSED_OVER, True, 0.002, -1.5, datetime.now(UTC), datetime.now(UTC))
    world.verifier.states = (RealmState(REALM, ready=False, problem="no KDC answers", kdcs=(unheard, known)),)


def nothing(world: World) -> None:
    pass


Send = Callable[[Door, str, str], Awaitable[Got]]


def plainly(**request: Any) -> Send:
    return lambda door, method, path: door.ask(method, path, **request)


def log_in(body: Any = LOGIN, **headers: str) -> Send:
    return lambda door, _method, _path: door.login(body, headers)


def change(body: Any = CHANGE, **headers: str) -> Send:
    return lambda door, _method, _path: door.change(body, headers)


def sign_on(query: str = "application=desktop", **request: Any) -> Send:
    return lambda door, method, path: door.ask(method, f"{path}?{query}", **{"headers": TICKET, **request})


def raw(extra: bytes) -> Send:
    async def send(door: Door, method: str, path: str) -> Got:
        answer = await door.raw(f"{method} {path} HTTP/1.1\r\nHost: h\r\n".encode() + extra + b"\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *fields = head.decode().split("\r\n")
        headers = CIMultiDict(tuple(field.split(": ", 1)) for field in fields)
        return Got(int(status.split()[1]), CIMultiDictProxy(headers), body)

    return send


async def another_method(door: Door, _method: str, path: str) -> Got:
    return await door.ask("DELETE", path)


async def crowded(door: Door, method: str, path: str) -> Got:
    """Ask while all connections that there may be are open."""
    server = door.runner.server
    assert isinstance(server, QuietServer)
    server._open.limits = replace(server._open.limits, total=0)
    return await raw(b"")(door, method, path)


Case = tuple[Callable[[World], None], Send]
ANY: dict[int, Case] = {
    200: (nothing, plainly()),
    400: (nothing, raw(b"Host: other\r\n")),
    403: (nothing, plainly(headers=ELSEWHERE)),
    405: (nothing, another_method),
    431: (nothing, raw(b"X-A: " + b"A" * (FIELD_LIMIT + 1) + b"\r\n")),
    503: (nothing, crowded),
    500: (fail_outside, plainly(headers={"Accept-Language": "de"})),
}
OWN: dict[tuple[str, int], Case] = {
    ("/v1/login", 200): (grant, log_in()),
    ("/v1/login", 400): (nothing, log_in(b"{")),
    ("/v1/login", 401): (refuse(Reason.BAD_CREDENTIALS), log_in()),
    ("/v1/login", 403): (nothing, log_in({**LOGIN, "application": "other"})),
    ("/v1/login", 413): (nothing, log_in(b" " * 70_000)),
    ("/v1/login", 415): (nothing, log_in(**{"Content-Encoding": "gzip"})),
    ("/v1/login", 422): (nothing, log_in({})),
    ("/v1/login", 429): (refuse(Reason.THROTTLED), log_in()),
    ("/v1/login", 500): (fail, log_in()),
    ("/v1/login", 503): (refuse(Reason.INTERNAL), log_in()),
    ("/v1/password", 200): (nothing, change()),
    ("/v1/password", 400): (nothing, change(b"{")),
    ("/v1/password", 401): (refuse(Reason.BAD_CREDENTIALS), change()),
    ("/v1/password", 403): (nothing, change(**{"X-Kerbauth-Client": "token-of-an-sso-client"})),
    ("/v1/password", 413): (nothing, change(b" " * 70_000)),
    ("/v1/password", 415): (nothing, change(**{"Content-Encoding": "gzip"})),
    ("/v1/password", 422): (refuse(Reason.PASSWORD_REJECTED), change()),
    ("/v1/password", 429): (refuse(Reason.THROTTLED), change()),
    ("/v1/password", 500): (fail, change()),
    ("/v1/password", 503): (refuse(Reason.INTERNAL), change()),
    ("/v1/sso", 200): (grant, sign_on()),
    ("/v1/sso", 400): (nothing, sign_on(headers=[*TICKET.items(), *TICKET.items()])),
    ("/v1/sso", 401): (refuse(Reason.TICKET_EXPIRED), sign_on()),
    ("/v1/sso", 403): (grant, sign_on("application=other")),
    ("/v1/sso", 422): (nothing, sign_on("user=x")),
    ("/v1/sso", 429): (refuse(Reason.THROTTLED), sign_on()),
    ("/v1/sso", 500): (fail, sign_on()),
    ("/v1/sso", 503): (refuse(Reason.INTERNAL), sign_on()),
    ("/readyz", 503): (not_ready, plainly()),
}


@pytest.mark.parametrize(("method", "path", "status"), REPLIES)
async def test_every_reply_is_as_it_says(open_door: Opener, method: str, path: str, status: int) -> None:
    prepare, send = OWN.get((path, status)) or ANY[status]
    world = World(more_clients=(Client("sso", Secret(b"token-of-an-sso-client"), doors=frozenset({AuditDoor.SPNEGO})),))
    prepare(world)
    got = await send(await open_door(world), method, path)
    response = DOCUMENT["paths"][path][method.lower()]["responses"][str(status)]
    media_type = got.headers["Content-Type"].partition(";")[0]
    assert got.status == status
    assert media_type in response["content"]
    assert set(response["headers"]) >= {name for name in DOCUMENT["components"]["headers"] if name in got.headers}
    assert "X-Correlation-ID" in got.headers
    if media_type.endswith("json"):
        schema = response["content"][media_type]["schema"]
        Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(json.loads(got.body))


@pytest.mark.parametrize(
    ("body", "valid"),
    [(LOGIN, True), ({"username": "a", "password": "b"}, True), ({"username": "a"}, False), ({**LOGIN, "x": "y"}, False), ([], False)],
)
async def test_the_schema_of_a_login_takes_what_the_service_takes(door: Door, body: Any, valid: bool) -> None:
    got = await door.login(body)
    texts = {message["text"] for message in got.document["messages"]}
    taken = not texts & {reading.NOT_JSON, reading.MEMBER_MISSING, reading.UNKNOWN_MEMBER}
    schema = DOCUMENT["paths"]["/v1/login"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert Draft202012Validator({**schema, "components": DOCUMENT["components"]}).is_valid(body) is valid
    assert taken is valid


@pytest.mark.parametrize(
    ("body", "valid"),
    [(CHANGE, True), ({"username": "a", "old_password": "b"}, False), ({**CHANGE, "application": "desktop"}, False), ([], False)],
)
async def test_the_schema_of_a_change_takes_what_the_service_takes(door: Door, body: Any, valid: bool) -> None:
    got = await door.change(body)
    schema = DOCUMENT["paths"]["/v1/password"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert Draft202012Validator({**schema, "components": DOCUMENT["components"]}).is_valid(body) is valid
    assert (got.status == 200) is valid
