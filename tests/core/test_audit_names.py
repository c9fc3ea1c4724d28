"""Names in the audit: in clear once they are known to exist, else as a keyed hash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.audit_names import AuditNames, repeats, shows_account
from kerbauth.core.codes.model import Stage
from kerbauth.core.names import RealmDirectory, RealmNames
from kerbauth.core.outcome import Changed, Granted, Refused, Unavailable, Verdict
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret

ALICE = Principal(("alice",), "KA.TEST")
REALMS = RealmDirectory((RealmNames("KA.TEST", default=True),))


def names(secret: bytes = b"k" * 32, **more: int) -> AuditNames:
    return AuditNames(Secret(secret), **more)


def test_a_hash_says_how_it_was_made_and_not_the_name() -> None:
    written = names().hashed("hunter2")
    assert written.startswith("hmac-sha256:")
    assert len(written) == len("hmac-sha256:") + 32
    assert "hunter2" not in written


def test_a_hash_is_the_same_for_the_same_name_and_key_and_for_no_other() -> None:
    assert names().hashed("x") == names().hashed(" x ")
    assert len({names().hashed("x"), names().hashed("X"), names(b"o" * 32).hashed("x")}) == 3


def test_a_principal_is_hashed_as_its_text() -> None:
    assert names().hashed(ALICE) == names().hashed("alice@KA.TEST")


@pytest.mark.parametrize("typed", ["alice", "alice@KA.TEST", "alice@ka.test"])
def test_a_typed_name_is_hashed_as_the_principal_it_means(typed: str) -> None:
    assert names().hashed_as_typed(typed, REALMS) == names().hashed(ALICE)


@pytest.mark.parametrize("typed", ["hunter2@elsewhere", "a\nb", "", "\ud800"])
def test_what_is_no_name_is_hashed_as_it_was_typed(typed: str) -> None:
    assert names().hashed_as_typed(typed, REALMS) == names().hashed(typed)


def test_names_are_known_once_confirmed() -> None:
    kept = names()
    assert not kept.is_known(ALICE)
    kept.confirm(ALICE)
    assert kept.is_known(ALICE)


def test_the_name_that_was_not_seen_for_longest_is_forgotten() -> None:
    kept = names(remembered=2)
    first, second, third = (Principal((name,), "KA.TEST") for name in "abc")
    for principal in (first, second, first, third):
        kept.confirm(principal)
    assert [kept.is_known(each) for each in (first, second, third)] == [True, False, True]


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        (Granted("alice", ALICE, None), True),
        (Refused(Reason.BAD_CREDENTIALS, Stage.AS), True),
        (Refused(Reason.ACCOUNT_RESTRICTED, Stage.AS), True),
        (Refused(Reason.PASSWORD_EXPIRED, Stage.CHANGEPW_PROOF), True),
        (Unavailable(Reason.KDC_NOT_TRUSTED, Stage.VERIFY), True),
        (Changed(ALICE), True),
        (Unavailable(Reason.KDC_UNREACHABLE, Stage.KPASSWD), True),
        (Unavailable(Reason.KDC_UNREACHABLE, Stage.CHANGEPW_PROOF), False),
        (Refused(Reason.UNKNOWN_USER, Stage.CHANGEPW_PROOF), False),
        (Refused(Reason.UNKNOWN_USER, Stage.AS), False),
        (Refused(Reason.WRONG_REALM, Stage.AS), False),
        (Refused(Reason.THROTTLED, Stage.AS), False),
        (Refused(Reason.EMPTY_PASSWORD, Stage.NAME), False),
        (Unavailable(Reason.KDC_UNREACHABLE, Stage.AS), False),
        (Refused(Reason.TICKET_EXPIRED, Stage.ACCEPT), False),
    ],
)
def test_only_what_a_kdc_says_about_an_account_shows_that_it_exists(verdict: Verdict | Changed, shown: bool) -> None:
    assert shows_account(verdict) is shown


@pytest.mark.parametrize(
    ("sentence", "name", "found"),
    [
        ("Client 'ghost@KA.TEST' not found in Kerberos database", Principal(("ghost",), "KA.TEST"), True),
        ("CLIENT 'GHOST@KA.TEST' NOT FOUND", Principal(("ghost",), "KA.TEST"), True),
        ("no KDC of KA.TEST answered within 5 seconds", Principal(("ghost",), "KA.TEST"), False),
        ("Client 'hunter2hunter2hun", Principal(("hunter2hunter2hunter2",), "KA.TEST"), True),
        ("of secretsecret", Principal(("admin", "secretsecret"), "KA.TEST"), True),
        ("the name hunter2 is", "hunter2", True),
        ("nothing", "hunter2", False),
    ],
)
def test_a_sentence_that_repeats_a_name_is_known(sentence: str, name: Principal | str, found: bool) -> None:
    assert repeats(sentence, name) is found


@given(name=st.text(min_size=1), before=st.text(), after=st.text())
def test_no_name_escapes(name: str, before: str, after: str) -> None:
    assert repeats(f"{before} {name} {after}", name)
