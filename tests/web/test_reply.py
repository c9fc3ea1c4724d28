"""Writing replies, without a server."""

import base64
import json

import pytest

from kerbauth.attempt import Caller, LoginResult
from kerbauth.core.audit import AuditRecord, Door, Origin
from kerbauth.core.codes.model import Code, Family, Stage
from kerbauth.core.disclosure import Disclosure
from kerbauth.core.outcome import Granted, Notice, Refused, Severity, Unavailable, Verdict
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason
from kerbauth.web.reply import Reply, TurnedAway, Voice, login_reply
from tests.web.fakes import ALICE, english_and_german

TEXTS = english_and_german()
ENGLISH = Voice(TEXTS, "en")
GUARDED, FULL = Caller(), Caller("trusted", Disclosure.FULL)
TOKEN = b"\x00 reply"
REFUSALS = [info.reason for info in REASONS.values() if info.kind is not Kind.WARNING]


def verdict_for(reason: Reason, *, proved: bool = False) -> Refused | Unavailable:
    if REASONS[reason].kind is Kind.UNAVAILABLE:
        return Unavailable(reason, Stage.AS, diagnostic="for administrators")
    return Refused(reason, Stage.AS, proved=proved, diagnostic="for administrators")


def result(verdict: Verdict, caller: Caller = FULL, *, reply: bytes | None = None, challenge: bool = False) -> LoginResult:
    record = AuditRecord("2026-01-02T03:04:05.000+00:00", Origin("the-same-id", Door.HTTP), type(verdict).__name__.lower(), None, None)
    return LoginResult(verdict, caller, record, (), reply, challenge)


def fields(reply: Reply, name: str) -> list[str]:
    return [value for key, value in reply.headers if key == name]


@pytest.mark.parametrize("reason", REFUSALS)
def test_every_reason_is_answered_with_one_of_its_statuses_and_its_texts(reason: Reason) -> None:
    reply = login_reply(result(verdict_for(reason)), ENGLISH)
    document = json.loads(reply.body)
    info = REASONS[reason]
    assert reply.status in info.statuses
    assert document["status"] == reply.status
    assert (document["title"], document["detail"], document["retryable"]) == (info.title, info.text, info.retryable)
    assert document["messages"] == [{"severity": "error", "reason": reason.value, "text": info.text}]
    assert "administrators" not in reply.body.decode()


@pytest.mark.parametrize("challenge", [False, True])
@pytest.mark.parametrize("reason", [reason for reason in Reason if REASONS[reason].guarded])
def test_hidden_reasons_look_like_a_wrong_password(reason: Reason, challenge: bool) -> None:
    hidden = Refused(
        reason,
        Stage.CHANGEPW_PROOF,
        codes=(Code(Family.KRB5, -1765328366),),
        notices=(Notice(Severity.INFO, reason), Notice(Severity.INFO, reason, "LOCKED_OUT", foreign=True)),
    )
    assert login_reply(result(hidden, GUARDED, challenge=challenge), ENGLISH) == login_reply(
        result(Refused(Reason.BAD_CREDENTIALS, Stage.AS), GUARDED, challenge=not challenge), ENGLISH
    )


@pytest.mark.parametrize("reason", [Reason.PASSWORD_EXPIRED, Reason.PASSWORD_MUST_CHANGE])
def test_once_the_password_was_proved_everybody_is_told(reason: Reason) -> None:
    reply = login_reply(result(verdict_for(reason, proved=True), GUARDED), ENGLISH)
    assert json.loads(reply.body)["reason"] == reason.value


@pytest.mark.parametrize("reason", [None, *REFUSALS])
def test_the_reply_token_goes_out_on_every_status(reason: Reason | None) -> None:
    verdict = Granted("alice", ALICE, None) if reason is None else verdict_for(reason)
    reply = login_reply(result(verdict, reply=TOKEN, challenge=True), ENGLISH)
    assert fields(reply, "WWW-Authenticate") == [f"Negotiate {base64.b64encode(TOKEN).decode()}"]


def test_a_challenge_goes_out_where_a_fresh_token_helps() -> None:
    verdict = Refused(Reason.TICKET_EXPIRED, Stage.ACCEPT)
    assert fields(login_reply(result(verdict, challenge=True), ENGLISH), "WWW-Authenticate") == ["Negotiate"]
    assert fields(login_reply(result(verdict), ENGLISH), "WWW-Authenticate") == []


@pytest.mark.parametrize(
    "verdict", [Unavailable(Reason.KEYTAB, Stage.ACCEPT), Granted("alice", ALICE, None), Refused(Reason.THROTTLED, Stage.ACCEPT)]
)
def test_only_a_401_is_a_challenge(verdict: Verdict) -> None:
    assert fields(login_reply(result(verdict, challenge=True), ENGLISH), "WWW-Authenticate") == []


@pytest.mark.parametrize("reason", REFUSALS)
def test_retry_after_stands_on_429_and_503_only(reason: Reason) -> None:
    reply = login_reply(result(verdict_for(reason)), ENGLISH)
    assert fields(reply, "Retry-After") == (["5"] if reply.status in {429, 503} else [])


def test_notices_follow_the_reasons_own_text() -> None:
    verdict = Refused(
        Reason.ACCOUNT_RESTRICTED, Stage.AS, notices=(Notice(Severity.INFO, Reason.ACCOUNT_RESTRICTED, "\x1b[31mLOCKED_OUT", foreign=True),)
    )
    messages = json.loads(login_reply(result(verdict), ENGLISH).body)["messages"]
    assert [message["severity"] for message in messages] == ["error", "info"]
    assert messages[1]["text"] == "[31mLOCKED_OUT"


def test_text_and_language_go_together() -> None:
    reply = login_reply(result(Refused(Reason.BAD_CREDENTIALS, Stage.AS)), Voice(TEXTS, "de"))
    assert json.loads(reply.body)["detail"] == "Name oder Kennwort ist falsch. Prüfen Sie beides."
    assert fields(reply, "Content-Language") == ["de"]
    assert fields(reply, "Vary") == ["Accept-Language"]


def test_text_is_sent_as_utf_8_not_as_escapes() -> None:
    reply = login_reply(result(Refused(Reason.BAD_CREDENTIALS, Stage.AS)), Voice(TEXTS, "de"))
    assert "Prüfen".encode() in reply.body


def test_what_the_door_knows_of_its_own_refusal_is_said() -> None:
    verdict = Refused(Reason.MALFORMED_REQUEST, Stage.REQUEST)
    reply = login_reply(result(verdict), ENGLISH, TurnedAway(verdict, 415, "Content-Type", (("Accept", "application/json"),)))
    assert (reply.status, json.loads(reply.body)["place"], fields(reply, "Accept")) == (415, "Content-Type", ["application/json"])


def test_what_the_door_said_does_not_count_if_it_could_not_be_recorded() -> None:
    verdict = Refused(Reason.MALFORMED_REQUEST, Stage.REQUEST)
    recorded = result(Unavailable(Reason.AUDIT, Stage.AUDIT))
    reply = login_reply(recorded, ENGLISH, TurnedAway(verdict, 415, "Content-Type", (("Accept", "application/json"),)))
    assert (reply.status, fields(reply, "Accept")) == (503, [])


def test_the_reply_token_is_not_shown_by_the_reply() -> None:
    reply = login_reply(result(Granted("alice", ALICE, None), reply=b"secret"), ENGLISH)
    assert base64.b64encode(b"secret").decode() not in repr(reply)
