"""What people type, and the names in their tickets, end in one user: the account's, as the domain controller knows it, or nobody."""

from pathlib import Path

import pytest

from tests.ad.accounts import LONG
from tests.ad.domain import PASSWORD, Domain
from tests.integration.service import RunningService

DECOMPOSED = "ju\u0308rgen"


@pytest.mark.parametrize(
    ("typed", "user"),
    [
        ("alice", "alice"),
        ("ALICE", "alice"),
        ("Alice", "alice"),
        ("alice ", "alice"),
        (" alice", "alice"),
        ("camelcase", "camelcase"),
        ("CamelCase", "camelcase"),
        ("jürgen", "jürgen"),
        ("JÜRGEN", "jürgen"),
        (DECOMPOSED, "jürgen"),
        ("Åsa", "åsa"),
        ("åsa", "åsa"),
        ("ユーザー", "ユーザー"),
        ("o'neil", "o'neil"),
        ("john smith", "john smith"),
        ("first.last", "first.last"),
        (LONG, LONG),
        ("alice@ad.kerbauth.test", "alice"),
        ("alice@AD.KERBAUTH.TEST", "alice"),
        ("Alice@Ad.Kerbauth.Test", "alice"),
        ("alice@KERBAUTH", "alice"),
        ("alice@kerbauth", "alice"),
        (r"KERBAUTH\alice", "alice"),
        (r"kerbauth\ALICE", "alice"),
        (r"ad.kerbauth.test\alice", "alice"),
        ("bob", "bob"),
        ("bob@ad.kerbauth.test", "bob"),
        ("bob.builder@corp.example", "bob"),
        ("BOB.Builder@CORP.Example", "bob"),
        (r"CORP2\alice", "c2-alice"),
        ("alice@corp2.test", "c2-alice"),
        ("ALICE@CORP2", "c2-alice"),
        (r"alice\@corp2.test", "c2-alice"),  # the first domain's controller is asked for this one, and refers to the other
    ],
)
def test_a_typed_name_ends_in_one_user(service: RunningService, typed: str, user: str) -> None:
    reply = service.login(typed, PASSWORD)
    assert reply.status_code == 200, reply.text
    realm = "CORP2.TEST" if user.startswith("c2-") else "AD.KERBAUTH.TEST"
    granted = reply.json()
    assert (granted["user"], granted["realm"]) == (user, realm)
    assert granted["principal"].casefold() == f"{user.removeprefix('c2-')}@{realm}".casefold()


def test_the_principal_is_spelled_as_in_the_directory(service: RunningService) -> None:
    assert service.login("camelcase", PASSWORD).json()["principal"] == "CamelCase@AD.KERBAUTH.TEST"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("jurgen", "unknown-user"),
        ("asa", "unknown-user"),
        ("strasse", "unknown-user"),
        ("STRASSE", "unknown-user"),
        ("straße", "no-user-mapping"),  # without case it is strasse, who is another account
        ("ali*ce", "unknown-user"),
        ("a*", "unknown-user"),
        ("alice)(x=*", "unknown-user"),
        ("bob@corp.example", "unknown-user"),
        ("bob.builder@ad.kerbauth.test", "unknown-user"),
        ("alice@other.example", "unknown-realm"),
        (r"OTHER\alice", "unknown-realm"),
        ("alice@", "malformed-name"),
        (r"KERBAUTH\alice@ad.kerbauth.test", "malformed-name"),
        ("alice/admin", "malformed-name"),
        ("HTTP/kerbauth.ad.kerbauth.test", "malformed-name"),
        ("WELLKNOWN/ANONYMOUS", "malformed-name"),
        ("ceo$", "malformed-name"),
        ("ceo$@ad.kerbauth.test", "malformed-name"),
        ("ceo", "no-user-mapping"),
        ("CEO", "no-user-mapping"),
        ("ceo@ad.kerbauth.test", "no-user-mapping"),
        (r"KERBAUTH\ceo", "no-user-mapping"),
    ],
)
def test_a_typed_name_of_nobody_lets_nobody_in(service: RunningService, typed: str, reason: str) -> None:
    assert service.login(typed, PASSWORD).json()["reason"] == reason


@pytest.mark.parametrize(
    ("asked", "options", "user"),
    [
        ("alice", (), "alice"),
        ("ALICE", (), "alice"),
        ("Alice", (), "alice"),
        ("ALICE", ("-C",), "alice"),
        ("alice ", ("-C",), "alice"),
        ("JÜRGEN", ("-C",), "jürgen"),
        ("jürgen", (), "jürgen"),
        ("JÜRGEN", (), "jürgen"),
        ("Åsa", (), "åsa"),
        ("ユーザー", (), "ユーザー"),
        ("o'neil", (), "o'neil"),
        ("john smith", (), "john smith"),
        (LONG, (), LONG),
        ("alice@ad.kerbauth.test", ("-C",), "alice"),
        ("alice@KERBAUTH", ("-C",), "alice"),
        ("alice@ad.kerbauth.test", ("-E",), "alice"),
        ("alice@KERBAUTH", ("-E",), "alice"),
        ("bob.builder@corp.example", ("-E",), "bob"),
        ("alice@ad.kerbauth.test", ("-C", "-E"), "alice"),
        ("BOB.Builder@CORP.Example", ("-C", "-E"), "bob"),
        ("bob@ad.kerbauth.test", ("-C", "-E"), "bob"),
    ],
)
def test_a_ticket_by_any_name_of_the_account_is_its_owner_s(
    service: RunningService, domain: Domain, tmp_path: Path, asked: str, options: tuple[str, ...], user: str
) -> None:
    reply = service.sso(domain.token(asked, tmp_path / "cc", *options))
    assert reply.status_code == 200, reply.text
    assert reply.json()["user"] == user


@pytest.mark.parametrize(
    ("asked", "options", "reason"),
    [
        ("alice ", (), "no-verified-pac"),
        (" alice", (), "no-verified-pac"),
        ("ceo", (), "no-verified-pac"),
        ("CEO", (), "no-verified-pac"),
        ("ceo@ad.kerbauth.test", ("-E",), "no-verified-pac"),
        ("ceo", ("-C",), "no-user-mapping"),
        ("ceo$", (), "no-user-mapping"),
        ("alice", ("--no-request-pac",), "no-verified-pac"),
        ("ceo", ("--no-request-pac",), "no-verified-pac"),
        ("straße", (), "no-user-mapping"),
    ],
)
def test_a_ticket_whose_name_proves_nothing_lets_nobody_in(
    service: RunningService, domain: Domain, tmp_path: Path, asked: str, options: tuple[str, ...], reason: str
) -> None:
    assert service.sso(domain.token(asked, tmp_path / "cc", *options)).json()["reason"] == reason
