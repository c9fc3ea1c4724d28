"""Replies that are not what the real KDC sent, or not to what was asked: nobody is let in, and the reason is a true one."""

from collections.abc import Callable, Mapping

import pytest

from tests.integration.conftest import CANARY, REALM
from tests.integration.hostile import Hostile
from tests.integration.kdc import LabRealm
from tests.kdc import wire
from tests.kdc.behaviours import (
    constantly,
    error,
    keeping,
    of_realm,
    proves_a_password,
    where,
    wrong_nonce,
)
from tests.kdc.forgeries import asked_instead, of_another_kind, renamed
from tests.kdc.scripted import Asked, Behaviour

UNTRUSTED_AS, UNTRUSTED_TGS = (503, "kdc-not-trusted", "as"), (503, "kdc-not-trusted", "tgs")
OTHER_REALM = REALM.replace("A", "X")
OTHER_USER, OTHER_SERVICE = "jdo2", "localhos2"  # as long as the right ones, so that a name can be exchanged in an encoded message


def asks_the_tgs(asked: Asked) -> bool:
    return asked.kind == wire.TGS_REQ


# What is sent instead of the KDC's AS-REP to a proof, and what comes of it; the codes are 147 "did not match", 36, 40, 24, 68 and 31.
FORGED_AS_REPS: Mapping[str, tuple[Behaviour, tuple[int, str, str], int]] = {
    "to-another-nonce": (wrong_nonce, UNTRUSTED_AS, 147),
    "of-another-realm": (of_realm(REALM, OTHER_REALM), UNTRUSTED_AS, 147),
    "for-another-client": (renamed("jdoe", OTHER_USER), (503, "kdc-not-trusted", "verify"), 36),
    "for-another-service": (renamed("localhost", OTHER_SERVICE), UNTRUSTED_AS, 147),
    "of-another-kind": (of_another_kind(), (503, "kdc-error", "as"), 40),
    "to-a-request-for-another-service": (asked_instead("localhost", OTHER_SERVICE), UNTRUSTED_AS, 147),
    "to-a-request-for-another-client": (asked_instead("jdoe", OTHER_USER), (401, "bad-credentials", "as"), 24),
    "a-krb-error-of-another-realm": (error(24, wire.ErrorFields(realm=OTHER_REALM)), (401, "bad-credentials", "as"), 24),
    "a-referral": (error(68, wire.ErrorFields(realm=REALM, client_realm=OTHER_REALM)), (401, "wrong-realm", "as"), 68),
}
FORGED_TGS_REPS: Mapping[str, tuple[Behaviour, tuple[int, str, str], int]] = {
    "to-another-nonce": (wrong_nonce, (503, "kdc-error", "tgs"), 31),
    "of-another-realm": (of_realm(REALM, OTHER_REALM), UNTRUSTED_TGS, 147),
    "for-another-service": (renamed("localhost", OTHER_SERVICE), UNTRUSTED_TGS, 147),
    "of-another-kind": (of_another_kind(), (503, "kdc-error", "tgs"), 40),
    "to-a-request-for-another-service": (asked_instead("localhost", OTHER_SERVICE), (503, "kdc-error", "tgs"), 31),
    "a-krb-error-of-another-realm": (error(24, wire.ErrorFields(realm=OTHER_REALM)), (503, "kdc-error", "tgs"), 24),
    "a-referral": (error(68, wire.ErrorFields(realm=REALM, client_realm=OTHER_REALM)), (503, "trust-path", "tgs"), 68),
}


def number(code: int) -> str:
    """A code of libkrb5's own table, as an audit record has it; those below 128 are the protocol's."""
    return f"krb5:{code - 1_765_328_384}"


@pytest.fixture(scope="module", autouse=True)
def other_names(realm: LabRealm) -> None:
    realm.kadmin(f'add_principal -clearpolicy -pw "{CANARY}" {OTHER_USER}', f"add_principal -clearpolicy -randkey HTTP/{OTHER_SERVICE}")


@pytest.mark.parametrize("what", FORGED_AS_REPS)
def test_a_forged_as_rep_lets_nobody_in(hostile: Hostile, what: str) -> None:
    behaviour, told, code = FORGED_AS_REPS[what]
    hostile.kdc.behaviour = where(proves_a_password, behaviour)
    answer = hostile.login("jdoe", CANARY)
    assert (answer.short, answer.codes[0]) == (told, number(code))
    assert answer.alarm == (answer.said == "kdc-not-trusted")
    mark = hostile.realm.mark()
    assert hostile.login("jdoe", "wrong").status in {401, 503}
    assert hostile.realm.failed_password_checks(mark) <= 1


@pytest.mark.parametrize("what", FORGED_TGS_REPS)
def test_a_forged_tgs_rep_lets_nobody_in(by_tgs: Hostile, what: str) -> None:
    behaviour, told, code = FORGED_TGS_REPS[what]
    by_tgs.kdc.behaviour = where(asks_the_tgs, behaviour)
    answer = by_tgs.login("jdoe", CANARY)
    assert (answer.short, answer.codes[0]) == (told, number(code))
    assert answer.alarm == (answer.said == "kdc-not-trusted")


def kept_reply(hostile: Hostile, user: str, condition: Callable[[Asked], bool]) -> bytes:
    """The KDC's reply in a good login of this user."""
    replies: list[bytes] = []
    hostile.kdc.behaviour = where(condition, keeping(replies))
    assert hostile.login(user, CANARY).said == "granted"
    return replies[-1]


@pytest.mark.parametrize(
    ("user", "told", "code"),
    [("jdoe", UNTRUSTED_AS, 147), (OTHER_USER, (503, "kdc-error", "as"), 31)],  # the other's is sealed with another key
)
def test_the_as_rep_to_an_earlier_login_lets_nobody_in(hostile: Hostile, user: str, told: tuple[int, str, str], code: int) -> None:
    hostile.kdc.behaviour = where(proves_a_password, constantly(kept_reply(hostile, user, proves_a_password)))
    answer = hostile.login("jdoe", CANARY)
    assert (answer.short, answer.codes[0]) == (told, number(code))


@pytest.mark.parametrize("user", ["jdoe", OTHER_USER])
def test_the_tgs_rep_to_an_earlier_login_lets_nobody_in(by_tgs: Hostile, user: str) -> None:
    by_tgs.kdc.behaviour = where(asks_the_tgs, constantly(kept_reply(by_tgs, user, asks_the_tgs)))
    answer = by_tgs.login("jdoe", CANARY)
    assert (answer.short, answer.codes[0]) == ((503, "kdc-error", "tgs"), number(31))
