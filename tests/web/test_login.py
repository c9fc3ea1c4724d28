"""POST /v1/login, over TCP."""

import gzip
import json
import logging

import pytest

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Notice, Proved, Refused, Severity, Unavailable
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason
from kerbauth.ports import NotPermitted, Permitted, SourceFailed
from kerbauth.web import body, wire
from kerbauth.web.exchange import Limits
from tests.web.conftest import LOGIN, Door, Opener
from tests.web.fakes import ALICE, CLIENT_TOKEN, GUARDED_TOKEN, World

TRUSTED = {"Authorization": f"Bearer {CLIENT_TOKEN}"}


async def test_right_password_is_granted_with_the_permissions(door: Door) -> None:
    got = await door.login()
    assert got.status == 200
    assert got.headers["Content-Type"] == "application/json"
    assert got.document == {
        "verdict": "granted",
        "user": "alice",
        "principal": "alice@CORP.EXAMPLE",
        "realm": "CORP.EXAMPLE",
        "application": {"name": "desktop", "type": "agent-desktop", "permissions": ["read", "execute"]},
        "messages": [],
        "correlation_id": got.headers["X-Correlation-ID"],
    }


async def test_a_warning_comes_along_with_the_grant(door: Door) -> None:
    door.world.verifier.proofs[str(ALICE)] = Proved(ALICE, (Notice(Severity.WARNING, Reason.PASSWORD_EXPIRES_SOON),))
    got = await door.login(headers={"Accept-Language": "de"})
    assert got.document["messages"] == [{"severity": "warning", "reason": "password-expires-soon", "text": "Ihr Kennwort läuft bald ab."}]


async def test_without_a_permission_question_there_is_no_application_in_the_reply(open_door: Opener) -> None:
    world = World()
    world.permissions.asks_application = False
    door: Door = await open_door(world)
    world.permissions.answer = Permitted("alice", None)
    got = await door.login({"username": "alice", "password": LOGIN["password"]})
    assert (got.status, got.document["application"]) == (200, None)


async def test_wrong_password_is_a_problem_document(door: Door) -> None:
    got = await door.login({**LOGIN, "password": "wrong"})
    text = "The user name or password is wrong. Check both and try again."
    assert got.status == 401
    assert got.headers["Content-Type"] == "application/problem+json"
    assert got.document == {
        "type": "urn:kerbauth:reason:bad-credentials",
        "title": "Wrong name or password",
        "status": 401,
        "detail": text,
        "verdict": "refused",
        "reason": "bad-credentials",
        "retryable": False,
        "messages": [{"severity": "error", "reason": "bad-credentials", "text": text}],
        "correlation_id": got.headers["X-Correlation-ID"],
    }


async def test_no_challenge_for_a_wrong_password(door: Door) -> None:
    got = await door.login({**LOGIN, "password": "wrong"})
    assert "WWW-Authenticate" not in got.headers


async def test_permission_refusal_is_403(door: Door) -> None:
    got = await door.login({**LOGIN, "application": "other"})
    assert (got.status, got.document["reason"]) == (403, "not-permitted")


async def test_failing_permission_source_is_unavailable_and_may_be_tried_again(door: Door) -> None:
    door.world.permissions.answer = SourceFailed("down")
    got = await door.login()
    assert (got.status, got.document["verdict"], got.document["retryable"]) == (503, "unavailable", True)
    assert got.headers["Retry-After"] == "5"


async def test_missing_application_is_422(door: Door) -> None:
    got = await door.login({"username": "alice", "password": LOGIN["password"]})
    assert (got.status, got.document["reason"]) == (422, "malformed-request")
    assert door.world.verifier.asked == []


async def test_clients_own_application_is_asked_for_where_it_names_none(open_door: Opener) -> None:
    door: Door = await open_door(World(application="desktop"))
    got = await door.login({"username": "alice", "password": LOGIN["password"]}, TRUSTED)
    assert (got.status, got.document["application"]["name"]) == (200, "desktop")


async def test_another_application_than_the_clients_own_is_403(open_door: Opener) -> None:
    door: Door = await open_door(World(application="desktop"))
    got = await door.login({**LOGIN, "application": "other"}, TRUSTED)
    assert (got.status, got.document["reason"]) == (403, "client-not-allowed")


async def test_throttled_is_429_with_retry_after(door: Door) -> None:
    door.world.verifier.proofs[str(ALICE)] = Refused(Reason.THROTTLED, Stage.THROTTLE)
    got = await door.login()
    assert (got.status, got.headers["Retry-After"]) == (429, "5")


async def test_tenant_reaches_the_permission_source(door: Door) -> None:
    await door.login({**LOGIN, "tenant": "Environment"})
    assert [question.tenant for question in door.world.permissions.questions] == ["Environment"]


async def test_a_code_nobody_knows_is_503_not_500(door: Door) -> None:
    door.world.verifier.proofs[str(ALICE)] = Unavailable(Reason.INTERNAL, Stage.AS)
    got = await door.login()
    assert (got.status, got.document["reason"]) == (503, "internal")


# --- requests that are not understood


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        (b"", 400, None),
        (b"\xff\xfe", 400, None),
        (b"[1]", 400, None),
        (b'{"username":"a","username":"b","password":"c"}', 400, "/username"),
        (b"[" * 60_000, 400, None),
        (b'{"username":"alice"}', 422, "/password"),
        (b'{"username":1,"password":"c"}', 422, "/username"),
        (b'{"username":"a","password":"b","passwort":"c"}', 422, "/passwort"),
        (b'{"username":"a","password":"\\ud800"}', 422, "/password"),
        (b'{"username":"a","password":"b","application":""}', 422, "/application"),
    ],
)
async def test_malformed_bodies(door: Door, body: bytes, status: int, place: str | None) -> None:
    got = await door.login(body)
    assert (got.status, got.document["reason"], got.document.get("place")) == (status, "malformed-request", place)
    assert door.world.verifier.asked == []


async def test_malformed_request_says_what_is_wrong_with_it(door: Door) -> None:
    got = await door.login(b'{"username":"alice"}')
    assert [(message["severity"], message["text"]) for message in got.document["messages"]][1:] == [("info", body.MEMBER_MISSING)]


async def test_body_of_64_kilobytes_is_read(door: Door) -> None:
    frame = len(json.dumps({"username": "alice", "password": ""}))
    got = await door.login({"username": "alice", "password": "x" * (wire.BODY_LIMIT - frame)})
    assert got.status == 422  # read, and found wanting in what it says
    assert got.document["reason"] in {"malformed-request", "password-too-long"}


async def test_larger_body_is_413(door: Door) -> None:
    got = await door.login(b" " * (wire.BODY_LIMIT + 1))
    assert (got.status, got.document["reason"]) == (413, "malformed-request")


async def test_larger_body_is_refused_before_it_is_sent(door: Door) -> None:
    head = b"POST /v1/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 65537\r\n\r\n"
    assert (await door.raw(head)).startswith(b"HTTP/1.1 413 ")


async def test_larger_body_without_content_length_is_413(door: Door) -> None:
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    head = b"POST /v1/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await door.raw(head + chunk * 3 + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("media_type", ["text/plain", "application/json; charset=latin-1", "application/jsonp", "application/json-seq"])
async def test_other_media_types_are_415(door: Door, media_type: str) -> None:
    got = await door.login(headers={"Content-Type": media_type})
    assert (got.status, got.headers["Accept"]) == (415, "application/json")


async def test_missing_media_type_is_415(door: Door) -> None:
    answer = await door.raw(b"POST /v1/login HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
    assert answer.startswith(b"HTTP/1.1 415 ")


async def test_compressed_body_is_415_and_never_unpacked(door: Door) -> None:
    got = await door.login(gzip.compress(json.dumps(LOGIN).encode()), {"Content-Encoding": "gzip"})
    assert (got.status, got.headers["Accept-Encoding"]) == (415, "identity")


async def test_slow_body_is_cut_off(open_door: Opener) -> None:
    door: Door = await open_door(limits=Limits(body_seconds=0.05))
    head = b"POST /v1/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    answer = await door.raw(head + b'{"username":')
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert [record.reason for record in door.world.audit.records] == [Reason.MALFORMED_REQUEST]


async def test_client_that_hangs_up_in_the_body_is_on_record_once(door: Door) -> None:
    head = b"POST /v1/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    await door.raw(head + b'{"username":', hang_up=True)
    await door.runner.cleanup()
    assert [record.reason for record in door.world.audit.records] == [Reason.MALFORMED_REQUEST]


# --- who asks


@pytest.mark.parametrize("headers", [TRUSTED, {"X-Kerbauth-Client": CLIENT_TOKEN}, {"Authorization": f"bearer {CLIENT_TOKEN}"}])
async def test_trusted_client_is_told_the_exact_reason(door: Door, headers: dict[str, str]) -> None:
    got = await door.login({**LOGIN, "username": "nobody"}, headers)
    assert (got.status, got.document["reason"]) == (401, "unknown-user")


@pytest.mark.parametrize("headers", [{}, {"X-Kerbauth-Client": GUARDED_TOKEN}])
async def test_nobody_else_is(door: Door, headers: dict[str, str]) -> None:
    got = await door.login({**LOGIN, "username": "nobody"}, headers)
    assert (got.status, got.document["reason"]) == (401, "bad-credentials")


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer no-such-token"}, {"Authorization": "Basic YTpi"}, {"X-Kerbauth-Client": "ü"}, {"X-Kerbauth-Client": ""}],
)
async def test_a_token_that_is_no_clients_is_refused_and_on_record(door: Door, headers: dict[str, str]) -> None:
    got = await door.login(headers=headers)
    assert (got.status, got.document["reason"]) == (401, "client-not-allowed")
    assert got.headers["WWW-Authenticate"] == 'Bearer realm="kerbauth"'
    assert [record.reason for record in door.world.audit.records] == [Reason.CLIENT_NOT_ALLOWED]
    assert door.world.verifier.asked == []


async def test_where_clients_are_required_a_stranger_is_refused(open_door: Opener) -> None:
    door: Door = await open_door(World(require_client=True))
    got = await door.login()
    assert (got.status, got.document["reason"]) == (401, "client-not-allowed")
    assert (await door.login(headers=TRUSTED)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", f"Bearer {CLIENT_TOKEN}"), ("Authorization", f"Bearer {CLIENT_TOKEN}")],
        [("X-Kerbauth-Client", CLIENT_TOKEN), ("X-Kerbauth-Client", CLIENT_TOKEN)],
        [("Authorization", f"Bearer {CLIENT_TOKEN}"), ("X-Kerbauth-Client", CLIENT_TOKEN)],
    ],
)
async def test_a_token_given_twice_is_400(door: Door, headers: list[tuple[str, str]]) -> None:
    got = await door.ask("POST", "/v1/login", data=b"{}", headers=headers)
    assert (got.status, got.document["reason"]) == (400, "malformed-request")


# --- the record


async def test_the_record_names_door_peer_client_and_the_correlation_id_of_the_reply(door: Door) -> None:
    got = await door.login(headers=TRUSTED)
    [record] = door.world.audit.records
    assert record.origin.correlation_id == got.document["correlation_id"] == got.headers["X-Correlation-ID"]
    assert (record.origin.door, record.origin.peer, record.origin.client) == ("http", "127.0.0.1", "trusted")


async def test_without_a_record_there_is_no_grant(door: Door) -> None:
    door.world.audit.full = True
    got = await door.login()
    assert (got.status, got.document["reason"]) == (503, "audit")


async def test_without_a_record_a_malformed_request_is_not_answered_as_such(door: Door) -> None:
    door.world.audit.full = True
    got = await door.login(b"")
    assert (got.status, got.document["reason"]) == (503, "audit")


# --- nothing leaks


CANARY = "canary-7f3a"


@pytest.mark.parametrize(
    "body",
    [
        {"username": "alice", "password": CANARY, "application": "desktop"},
        {"username": "alice", "password": CANARY, "nope nope": 1},
        {"username": "alice", "password": [CANARY]},
        {"username": "alice", "password": CANARY + "\ud800"},
        {"username": "alice", "password": CANARY, f"x {CANARY}": 1},
        f'{{"username":"alice","password":"{CANARY}"'.encode(),
        f'{{"username":"alice","password":"{CANARY}","password":"{CANARY}"}}'.encode(),
    ],
)
async def test_the_password_is_in_no_reply_log_or_record(door: Door, caplog: pytest.LogCaptureFixture, body: object) -> None:
    caplog.set_level(logging.DEBUG)
    got = await door.login(body, TRUSTED)
    records = [record.as_json() for record in door.world.audit.records]
    assert got.status in {400, 401, 422}
    assert CANARY not in f"{got.body!r}{got.headers!r}{caplog.text}{records}"


async def test_guarded_reasons_are_answered_in_the_same_bytes_and_headers(open_door: Opener) -> None:
    door: Door = await open_door(new_id=lambda: "the-same-id")
    hidden = [reason for reason in Reason if REASONS[reason].guarded]
    answers = set()
    for reason in [Reason.BAD_CREDENTIALS, *hidden]:
        door.world.verifier.proofs[str(ALICE)] = Refused(
            reason, Stage.AS, diagnostic="x", notices=(Notice(Severity.INFO, reason, "CLIENT LOCKED OUT", foreign=True),)
        )
        got = await door.login()
        answers.add((got.status, got.body, tuple((name, value) for name, value in got.headers.items() if name != "Date")))
    assert len(hidden) > 10
    assert len(answers) == 1


async def test_the_kdcs_own_words_are_for_trusted_clients_only(door: Door) -> None:
    door.world.verifier.proofs[str(ALICE)] = Refused(
        Reason.ACCOUNT_RESTRICTED, Stage.AS, notices=(Notice(Severity.INFO, Reason.ACCOUNT_RESTRICTED, "LOCKED_OUT", foreign=True),)
    )
    got = await door.login(headers=TRUSTED)
    assert got.document["messages"][1:] == [{"severity": "info", "reason": "account-restricted", "text": "LOCKED_OUT"}]


async def test_a_permission_refusal_is_told_to_everybody_because_the_password_was_right(door: Door) -> None:
    door.world.permissions.answer = NotPermitted(Reason.USER_DISABLED)
    assert (await door.login()).document["reason"] == "user-disabled"
