"""Which account a salt names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.principal import Principal
from kerbauth.kdc.protocol.salt import LONGEST, named_by

REALM = "AD.KERBAUTH.TEST"
BOB = Principal(("bob",), REALM)
UPN = Principal(("bob.builder@corp.example",), REALM)


@pytest.mark.parametrize(
    ("asked", "salt", "account"),
    [
        (BOB, "AD.KERBAUTH.TESTbob", BOB),
        (UPN, "AD.KERBAUTH.TESTbob", BOB),
        (Principal(("BOB",), REALM), "AD.KERBAUTH.TESTbob", Principal(("BOB",), REALM)),
        (Principal(("jurgen",), REALM), "AD.KERBAUTH.TESTjürgen", Principal(("jürgen",), REALM)),
        (Principal(("robert",), REALM), "AD.KERBAUTH.TESTbob", BOB),
        (Principal(("bob", "admin"), REALM), "AD.KERBAUTH.TESTbobadmin", Principal(("bob", "admin"), REALM)),
        (Principal(("bob",), REALM.lower()), "AD.KERBAUTH.TESTrobert", Principal(("robert",), REALM.lower())),
    ],
    ids=["its own name", "a UPN", "in another case", "without accents", "renamed", "an instance", "a realm in another case"],
)
def test_a_salt_of_realm_and_name_names_the_account(asked: Principal, salt: str, account: Principal) -> None:
    assert named_by(salt.encode(), asked) == account


@pytest.mark.parametrize(
    "salt",
    [b"", REALM.encode(), b"X7'q:0aB+;k2w!pZ", b"OLD.KERBAUTH.TESTbob", REALM.encode() + b"\xff\xfe", REALM.encode() + b"bob\x1b[2J"],
    ids=["none", "the realm only", "random", "of another realm", "no UTF-8", "controls"],
)
def test_a_salt_of_another_form_names_nobody(salt: bytes) -> None:
    assert named_by(salt, UPN) is None


def test_a_name_longer_than_any_names_nobody() -> None:
    assert named_by((REALM + "b" * LONGEST).encode(), UPN) is not None
    assert named_by((REALM + "b" * (LONGEST + 1)).encode(), UPN) is None


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: (REALM + text).encode(errors="ignore")))
def test_of_any_salt_the_account_is_one_of_the_realm_asked_or_none(salt: bytes) -> None:
    account = named_by(salt, UPN)
    assert account is None or account.realm == REALM


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), min_size=1, max_size=LONGEST))
def test_all_names_of_an_account_lead_to_the_same_principal(name: str) -> None:
    salt = (REALM + name).encode()
    assert named_by(salt, UPN) == named_by(salt, Principal(("somebody-else@corp.example",), REALM)) == Principal((name,), REALM)
