"""POST /v1/password, over TCP."""

import pytest

from kerbauth.changing import CHANGED_ALL_THE_SAME, MAY_BE_CHANGED, NOT_CHANGED, NOT_NEW
from kerbauth.core.audit import Action
from kerbauth.core.codes.model import Stage
from kerbauth.core.messages import Counted
from kerbauth.core.outcome import Changed, Notice, Refused, Severity, Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.web import body
from tests.web.conftest import CHANGE, LOGIN, Door, Got, Opener
from tests.web.fakes import ALICE, CLIENT_TOKEN, World

TRUSTED = {"Authorization": f"Bearer {CLIENT_TOKEN}"}
TOO_SHORT = Refused(
    Reason.PASSWORD_REJECTED,
    Stage.KPASSWD,
    proved=True,
    notices=(
        Notice(Severity.INFO, Reason.PASSWORD_REJECTED, "New password is too short.\nAt least 12.", foreign=True),
        Notice(Severity.INFO, Reason.PASSWORD_REJECTED, Counted("", "At least {count}.", "At least {count} characters.", 12)),
    ),
)


def texts(got: Got) -> list[str]:
    return [message["text"] for message in got.document["messages"]]


async def test_a_changed_password_is_the_one_to_log_in_with(door: Door) -> None:
    got = await door.change()
    assert (got.status, got.headers["Content-Type"]) == (200, "application/json")
    assert got.document == {
        "changed": True,
        "principal": "alice@CORP.EXAMPLE",
        "messages": [],
        "correlation_id": got.headers["X-Correlation-ID"],
    }
    assert (await door.login()).status == 401
    assert (await door.login({**LOGIN, "password": CHANGE["new_password"]})).status == 200


async def test_it_leaves_a_record_of_its_own_kind(door: Door) -> None:
    got = await door.change(headers=TRUSTED)
    (record,) = door.world.audit.records
    assert (record.action, record.verdict, record.origin.client) == (Action.PASSWORD_CHANGE, "changed", "trusted")
    assert record.origin.correlation_id == got.headers["X-Correlation-ID"]


async def test_a_wrong_old_password_reads_exactly_as_at_a_login(door: Door) -> None:
    id_ = {"X-Correlation-ID": "the-same-id"}
    change, login = await door.change({**CHANGE, "old_password": "wrong"}, id_), await door.login({**LOGIN, "password": "wrong"}, id_)
    assert (change.status, change.body) == (login.status, login.body)


async def test_a_stranger_cannot_tell_accounts_apart_here_either(door: Door) -> None:
    id_ = {"X-Correlation-ID": "the-same-id"}
    unknown = await door.change({**CHANGE, "username": "nobody"}, id_)
    wrong = await door.change({**CHANGE, "old_password": "wrong"}, id_)
    assert (unknown.status, unknown.headers.keys(), unknown.body) == (wrong.status, wrong.headers.keys(), wrong.body)


async def test_a_client_with_full_disclosure_is_told_more(door: Door) -> None:
    got = await door.change({**CHANGE, "username": "nobody"}, TRUSTED)
    assert (got.status, got.document["reason"]) == (401, "unknown-user")


async def test_a_stranger_reads_why_policy_refused_the_new_password(door: Door) -> None:
    door.world.changer.answer = TOO_SHORT
    got = await door.change()
    assert (got.status, got.document["reason"]) == (422, "password-rejected")
    assert texts(got)[1:] == ["New password is too short. At least 12.", "At least 12 characters."]


async def test_the_same_password_again_is_refused_here(door: Door) -> None:
    got = await door.change({**CHANGE, "new_password": CHANGE["old_password"]})
    assert (got.status, got.document["reason"], texts(got)[1:]) == (422, "password-rejected", [NOT_NEW])
    assert door.world.verifier.asked == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Unavailable(Reason.KDC_UNREACHABLE, Stage.KPASSWD), NOT_CHANGED),
        (Unavailable(Reason.KDC_UNREACHABLE, Stage.KPASSWD, pending=True), MAY_BE_CHANGED),
    ],
)
async def test_an_unreachable_server_is_503_and_the_reply_says_which_password_counts(door: Door, answer: Unavailable, told: str) -> None:
    door.world.changer.answer = answer
    got = await door.change()
    assert (got.status, got.document["reason"], got.headers["Retry-After"]) == (503, "kdc-unreachable", "5")
    assert texts(got)[1:] == [told]


async def test_a_change_that_could_not_be_recorded_is_told_all_the_same(door: Door) -> None:
    door.world.changer.answer, door.world.audit.full = Changed(ALICE), True
    got = await door.change()
    assert (got.status, got.document["reason"], texts(got)[1:]) == (503, "audit", [CHANGED_ALL_THE_SAME])


async def test_an_unforeseen_error_is_500_recorded_and_leaves_open_which_password_counts(door: Door) -> None:
    door.world.verifier.error = KeyError("boom")
    got = await door.change()
    assert (got.status, got.document["reason"], texts(got)[1:]) == (500, "internal", [MAY_BE_CHANGED])
    assert [(record.action, record.reason) for record in door.world.audit.records] == [(Action.PASSWORD_CHANGE, Reason.INTERNAL)]


async def test_a_malformed_body_is_recorded_and_reaches_no_kdc(door: Door) -> None:
    got = await door.change({"username": "alice", "old_password": "x"})
    assert (got.status, got.document["place"], texts(got)[1:]) == (422, "/new_password", [body.MEMBER_MISSING])
    assert [record.action for record in door.world.audit.records] == [Action.PASSWORD_CHANGE]
    assert door.world.verifier.asked == []


async def test_where_clients_are_required_a_stranger_is_refused_with_a_challenge(open_door: Opener) -> None:
    door: Door = await open_door(World(require_client=True))
    got = await door.change()
    assert (got.status, got.document["reason"], got.headers["WWW-Authenticate"]) == (401, "client-not-allowed", 'Bearer realm="kerbauth"')


async def test_no_reply_holds_a_password(door: Door) -> None:
    for asked in ({}, {"old_password": "canary-wrong"}, {"new_password": "x" * 2000}):
        got = await door.change({**CHANGE, **asked})
        assert b"canary-wrong" not in got.body
        assert CHANGE["new_password"].encode() not in got.body
