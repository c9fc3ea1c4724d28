"""What a KDC may say in a KRB-ERROR: each code leads to its own reason, lets nobody in, and costs a wrong password one check at most."""

from collections.abc import Callable

import pytest

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Stage
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason
from tests.integration.conftest import CANARY, REALM
from tests.integration.hostile import Answer, Hostile
from tests.kdc import wire
from tests.kdc.behaviours import checked_and_then, error, preauth_required, proves_a_password, relay, where
from tests.kdc.scripted import Behaviour, Exchange

SALT = f"{REALM}jdoe"
CODES = range(128)
KEY_INFO, TIMESTAMP = wire.pa_data(wire.ETYPE_INFO2, wire.etype_info2(wire.AES256, SALT)), wire.pa_data(wire.ENC_TIMESTAMP)
DATA = {
    "nothing": None,
    "empty": b"",
    "method-data": wire.method_data(KEY_INFO, TIMESTAMP),
    "method-data-with-a-cookie": wire.method_data(KEY_INFO, TIMESTAMP, wire.pa_data(wire.FX_COOKIE, b"MIT")),
}
UNREADABLE = {"broken": b"\x30\x80\x30", "a-tail": wire.preauth_wanted(SALT) + b"\0"}
EXPIRED, PREAUTH_EXPIRED, MORE_PREAUTH = 23, 90, 91  # RFC 4120, 7.5.9 and RFC 6113, 6


def goes_on(code: int, *, with_data: bool, after_proof: bool) -> bool:
    """Whether libkrb5 does not take the code for an end, but for a wish that it can fulfil, again and again."""
    return code == PREAUTH_EXPIRED or (with_data and code in ({0, 25, 91} if after_proof else {25, 91}))


def expected(code: int, *, with_data: bool, after_proof: bool) -> tuple[int, str, str, set[str]]:
    """Status, reason, stage, and the codes on record."""
    last, reason = code, catalogue.reason_for(Stage.AS, catalogue.krb_error(code))
    if goes_on(code, with_data=with_data, after_proof=after_proof):
        reason = Reason.KDC_ERROR
        last = wire.PREAUTH_REQUIRED if after_proof and code == PREAUTH_EXPIRED else code  # the exchange began anew, and was asked again
    # After 23 the old password is proved by an exchange that has a stage of its own, unless a proof has left already.
    stage = Stage.CHANGEPW_PROOF if code == EXPIRED and not after_proof else Stage.AS
    return REASONS[reason].status, reason, stage, {str(catalogue.krb_error(last))}


def noting(numbers: list[int], then: Behaviour) -> Behaviour:
    """Keeps the numbers of the requests that it is given."""

    async def behave(exchange: Exchange) -> None:
        numbers.append(exchange.asked.number)
        await then(exchange)

    return behave


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("after_proof", [False, True], ids=["at-once", "after-the-proof"])
def test_each_krb_error_has_the_reason_of_the_catalogue_and_its_code_and_text_on_record(
    hostile: Hostile, after_proof: bool, data: str
) -> None:
    answers, sent = dict[int, Answer](), dict[int, list[int]]()
    for code in CODES:
        sent[code] = []
        said = noting(sent[code], error(code, wire.ErrorFields(realm=REALM, text=f"CODE {code}", data=DATA[data])))
        hostile.kdc.behaviour = where(proves_a_password, said, relay if after_proof else said)
        answers[code] = hostile.login("jdoe", CANARY)
    assert [code for code in CODES if not sent[code]] == [], "the KDC never came to say them"
    seen = {code: (*answer.short, set(answer.codes)) for code, answer in answers.items()}
    wanted = {code: expected(code, with_data=bool(DATA[data]), after_proof=after_proof) for code in CODES}
    assert {code: (seen[code], wanted[code]) for code in CODES if seen[code] != wanted[code]} == {}
    untold = {code: answer.diagnostic for code, answer in answers.items() if f"CODE {code}" not in answer.diagnostic}
    assert [code for code in untold if not goes_on(code, with_data=bool(DATA[data]), after_proof=after_proof)] == []


@pytest.mark.parametrize("data", UNREADABLE)
def test_a_krb_error_whose_data_cannot_be_read_is_never_taken_for_another(hostile: Hostile, data: str) -> None:
    answers = {}
    for code in CODES:
        hostile.kdc.behaviour = error(code, wire.ErrorFields(realm=REALM, data=UNREADABLE[data]))
        answers[code] = hostile.login("jdoe", CANARY)
    reasons = {code: catalogue.reason_for(Stage.AS, catalogue.krb_error(code)) for code in CODES}
    reasons |= dict.fromkeys((wire.PREAUTH_REQUIRED, PREAUTH_EXPIRED, MORE_PREAUTH), Reason.KDC_ERROR)  # they ask for what is in the data
    assert {code: answer.said for code, answer in answers.items() if answer.said != reasons[code]} == {}
    assert {code for code, answer in answers.items() if str(catalogue.krb_error(code)) not in answer.codes} == set()


@pytest.mark.parametrize("data", DATA)
def test_no_krb_error_has_a_wrong_password_checked_twice(hostile: Hostile, fresh: Callable[[], str], data: str) -> None:
    user, mark = fresh(), hostile.realm.mark()
    checks = {}
    for code in CODES:
        hostile.kdc.behaviour = where(proves_a_password, checked_and_then(error(code, wire.ErrorFields(realm=REALM, data=DATA[data]))))
        assert hostile.login(user, "wrong").status != 200
        before, mark = mark, hostile.realm.mark()
        checks[code] = hostile.realm.failed_password_checks(before, user)
    assert {code: count for code, count in checks.items() if count != 1} == {}


def test_preauthentication_without_end_comes_to_an_end_with_one_proof(hostile: Hostile) -> None:
    hostile.kdc.behaviour = preauth_required(REALM, SALT)
    requests, proofs = hostile.requests_about("jdoe"), hostile.proofs_of("jdoe")
    answer = hostile.login("jdoe", CANARY)
    assert answer.short == (503, "kdc-error", "as")
    assert "second proof" in answer.diagnostic
    assert (hostile.requests_about("jdoe") - requests, hostile.proofs_of("jdoe") - proofs) == (2, 1)


def test_an_exchange_that_is_begun_again_and_again_comes_to_an_end_with_no_proof(hostile: Hostile) -> None:
    hostile.kdc.behaviour = error(PREAUTH_EXPIRED, wire.ErrorFields(realm=REALM))
    requests, proofs = hostile.requests_about("jdoe"), hostile.proofs_of("jdoe")
    assert hostile.login("jdoe", CANARY).short == (503, "kdc-error", "as")
    assert (hostile.requests_about("jdoe") - requests, hostile.proofs_of("jdoe") - proofs) == (10, 0)


# kerberos codes and what Active Directory puts beside them (MS-KILE 2.2.1, MS-ERREF 2.3.1).
STATUSES = (
    (18, 0xC0000072, "account-disabled"),
    (18, 0xC0000234, "account-locked"),
    (18, 0xC0000193, "account-expired"),
    (18, 0xC000006F, "logon-hours"),
    (23, 0xC0000071, "password-expired"),
    (23, 0xC0000224, "password-must-change"),
    (12, 0xC0000070, "logon-workstation"),
    (12, 0xC000006E, "account-restricted"),
    (12, 0xC000015B, "account-restricted"),
    (12, 0xC0000413, "account-restricted"),
    (12, 0xC0000364, "account-restricted"),
    (12, 0xC0000198, "account-restricted"),
    (12, 0xC0000199, "account-restricted"),
    (12, 0xC000019A, "account-restricted"),
    (12, 0xC00002FA, "preauth-required"),
    (37, 0xC0000133, "server-clock"),
    (24, 0xC000006A, "bad-credentials"),
    (24, 0xC000006D, "bad-credentials"),
    (6, 0xC0000064, "unknown-user"),
    (16, 0xC0000351, "preauth-required"),
    (14, 0xC00002FD, "account-keys"),
)


@pytest.mark.parametrize("encoding", [wire.kerb_error_data, wire.status_in_method_data], ids=["kerb-error-data", "method-data"])
@pytest.mark.parametrize(("code", "status", "reason"), STATUSES, ids=[f"{status:08X}" for _, status, _ in STATUSES])
def test_the_ntstatus_beside_a_krb_error_names_the_reason(
    hostile: Hostile, code: int, status: int, reason: str, encoding: Callable[[int], bytes]
) -> None:
    refusal = error(code, wire.ErrorFields(realm=REALM, data=encoding(status)))
    hostile.kdc.behaviour = where(proves_a_password, refusal)
    assert hostile.login("jdoe", CANARY).said == reason
