"""GET and POST /v1/sso, over TCP."""

import base64
import logging

import pytest

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proved, Refused, Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.ports import NotPermitted, SourceFailed, TokenAnswer
from kerbauth.web import wire
from tests.web.conftest import Door, Opener
from tests.web.fakes import ALICE, CLIENT_TOKEN, World

TICKET = b"alice's ticket"
REPLY_TOKEN = b"alice's reply token"
REPLY = f"Negotiate {base64.b64encode(REPLY_TOKEN).decode()}"
SSO = "/v1/sso?application=desktop"


def negotiate(token: bytes) -> dict[str, str]:
    return {"Authorization": f"Negotiate {base64.b64encode(token).decode()}"}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_good_ticket_is_granted_and_the_reply_token_comes_along(door: Door, method: str) -> None:
    got = await door.ask(method, SSO, headers=negotiate(TICKET))
    assert (got.status, got.document["user"], got.headers.getall("WWW-Authenticate")) == (200, "alice", [REPLY])


async def test_head_has_the_status_and_the_headers_only(door: Door) -> None:
    got = await door.ask("HEAD", SSO, headers=negotiate(TICKET))
    assert (got.status, got.headers["WWW-Authenticate"], got.body) == (200, REPLY, b"")


async def test_application_and_tenant_reach_the_permission_source(door: Door) -> None:
    await door.ask("GET", "/v1/sso?application=desktop&tenant=Tenant%20%C3%A4", headers=negotiate(TICKET))
    [question] = door.world.permissions.questions
    assert (question.application, question.tenant) == ("desktop", "Tenant ä")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Negotiate"}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer x"}])
async def test_without_a_token_there_is_a_challenge_and_no_record(door: Door, headers: dict[str, str]) -> None:
    got = await door.ask("GET", SSO, headers=headers)
    assert (got.status, got.document["reason"]) == (401, "bad-token")
    assert got.headers.getall("WWW-Authenticate") == ["Negotiate"]
    assert door.world.audit.records == []


async def test_what_is_no_base64_gets_a_challenge_and_a_record(door: Door) -> None:
    got = await door.ask("GET", SSO, headers={"Authorization": "Negotiate n@t-base64"})
    assert (got.status, got.document["reason"], got.headers["WWW-Authenticate"]) == (401, "bad-token", "Negotiate")
    assert [record.reason for record in door.world.audit.records] == [Reason.BAD_TOKEN]


async def test_a_token_that_a_fresh_one_can_replace_gets_a_challenge(door: Door) -> None:
    got = await door.ask("GET", SSO, headers=negotiate(b"garbage"))
    assert (got.status, got.headers.getall("WWW-Authenticate")) == (401, ["Negotiate"])


async def test_one_that_nothing_can_replace_gets_none(door: Door) -> None:
    door.world.verifier.tokens[b"ntlm"] = TokenAnswer(Refused(Reason.NTLM_NOT_SUPPORTED, Stage.ACCEPT))
    got = await door.ask("GET", SSO, headers=negotiate(b"ntlm"))
    assert (got.status, got.document["reason"]) == (401, "ntlm-not-supported")
    assert "WWW-Authenticate" not in got.headers


async def test_two_authorization_headers_are_400(door: Door) -> None:
    value = negotiate(TICKET)["Authorization"]
    got = await door.ask("GET", SSO, headers=[("Authorization", value), ("Authorization", value)])
    assert (got.status, got.document["reason"]) == (400, "malformed-request")


async def test_a_token_of_64_kilobytes_passes(door: Door) -> None:
    token = b"\x60" + bytes(65_534)
    door.world.verifier.tokens[token] = TokenAnswer(Proved(ALICE), reply=b"r")
    assert (await door.ask("GET", SSO, headers=negotiate(token))).status == 200


async def test_a_larger_one_has_its_own_reason_and_no_challenge(door: Door) -> None:
    got = await door.ask("GET", SSO, headers=negotiate(bytes(wire.TOKEN_LIMIT + 1)))
    assert (got.status, got.document["reason"]) == (401, "token-too-large")
    assert "WWW-Authenticate" not in got.headers
    assert [record.reason for record in door.world.audit.records] == [Reason.TOKEN_TOO_LARGE]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("user=alice", "?user"),
        ("application=a&application=b", "?application"),
        (f"application={'x' * 256}", "?application"),
        ("application=", "?application"),
        ("application=%00", "?application"),
    ],
)
async def test_malformed_queries_are_422_before_any_token_is_looked_at(door: Door, query: str, place: str) -> None:
    got = await door.ask("GET", f"/v1/sso?{query}", headers=negotiate(TICKET))
    assert (got.status, got.document["reason"], got.document["place"]) == (422, "malformed-request", place)
    assert door.world.permissions.questions == []


async def test_missing_application_is_422(door: Door) -> None:
    got = await door.ask("GET", "/v1/sso", headers=negotiate(TICKET))
    assert (got.status, got.document["reason"]) == (422, "malformed-request")


@pytest.mark.parametrize(
    ("proof", "answer", "status"),
    [
        (Proved(ALICE), NotPermitted(Reason.NOT_PERMITTED), 403),
        (Proved(ALICE), SourceFailed("down"), 503),
        (Refused(Reason.NO_VERIFIED_PAC, Stage.ACCEPT, proved=True), None, 401),
        (Refused(Reason.THROTTLED, Stage.THROTTLE), None, 429),
        (Unavailable(Reason.INTERNAL, Stage.ACCEPT), None, 503),
    ],
)
async def test_the_reply_token_comes_along_on_every_status(door: Door, proof: object, answer: object, status: int) -> None:
    door.world.verifier.tokens[TICKET] = TokenAnswer(proof, reply=REPLY_TOKEN)  # type: ignore[arg-type]  # one parameter stands for several types
    door.world.permissions.answer = answer  # type: ignore[assignment]  # one parameter stands for several types
    got = await door.ask("GET", SSO, headers=negotiate(TICKET))
    assert (got.status, got.headers.getall("WWW-Authenticate")) == (status, [REPLY])


async def test_the_reply_token_comes_along_where_the_record_could_not_be_written(door: Door) -> None:
    door.world.audit.full = True
    got = await door.ask("GET", SSO, headers=negotiate(TICKET))
    assert (got.status, got.document["reason"], got.headers["WWW-Authenticate"]) == (503, "audit", REPLY)


async def test_the_record_names_the_door_and_the_client(door: Door) -> None:
    await door.ask("GET", SSO, headers={**negotiate(TICKET), "X-Kerbauth-Client": CLIENT_TOKEN})
    [record] = door.world.audit.records
    assert (record.origin.door, record.origin.client) == ("spnego", "trusted")


async def test_a_client_token_that_is_nobodys_gets_no_challenge(door: Door) -> None:
    got = await door.ask("GET", SSO, headers={**negotiate(TICKET), "X-Kerbauth-Client": "nobody"})
    assert (got.status, got.document["reason"]) == (401, "client-not-allowed")
    assert "WWW-Authenticate" not in got.headers
    assert [record.reason for record in door.world.audit.records] == [Reason.CLIENT_NOT_ALLOWED]


async def test_where_clients_are_required_a_stranger_gets_no_challenge(open_door: Opener) -> None:
    door: Door = await open_door(World(require_client=True))
    got = await door.ask("GET", SSO)
    assert (got.status, got.document["reason"]) == (401, "client-not-allowed")
    assert "WWW-Authenticate" not in got.headers


async def test_two_users_on_one_connection_are_two_users(door: Door) -> None:
    door.world.verifier.tokens[b"garbage"] = TokenAnswer(Refused(Reason.TICKET_EXPIRED, Stage.ACCEPT), challenge=True)
    first = await door.ask("GET", SSO, headers=negotiate(TICKET))
    second = await door.ask("GET", SSO)
    third = await door.ask("GET", SSO, headers=negotiate(b"garbage"))
    assert [first.status, second.status, third.status] == [200, 401, 401]


@pytest.mark.parametrize("token", [TICKET, b"canary-9c1e garbage", b"canary-9c1e" * 10_000])
async def test_tokens_are_in_no_log_or_record(door: Door, caplog: pytest.LogCaptureFixture, token: bytes) -> None:
    caplog.set_level(logging.DEBUG)
    headers = negotiate(token)
    await door.ask("GET", SSO, headers=headers)
    seen = f"{caplog.text}{[record.as_json() for record in door.world.audit.records]}"
    assert "canary-9c1e" not in seen
    assert headers["Authorization"][10:40] not in seen
