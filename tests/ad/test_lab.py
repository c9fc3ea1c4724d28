"""The domain controllers of these tests behave as Active Directory does, or what they show would mean nothing."""

import subprocess
from pathlib import Path

import pytest

from kerbauth.kdc.keytab import list_keys
from tests.ad.domain import SERVICE_ACCOUNT, Domain


def test_a_user_gets_a_ticket_for_the_service(domain: Domain, tmp_path: Path) -> None:
    assert len(domain.token("alice", tmp_path / "cc")) > 1000  # with a PAC; without one it has some 700 bytes


def test_a_user_of_the_other_domain_gets_a_ticket_for_it_too(domain: Domain, other_domain: Domain, tmp_path: Path) -> None:
    assert other_domain.token(f"carol@{other_domain.realm}", tmp_path / "cc", service=f"HTTP/{domain.host}@{domain.realm}")


def test_a_client_may_ask_for_tickets_without_a_pac(domain: Domain, tmp_path: Path) -> None:
    with_pac, without = (
        domain.token("alice", tmp_path / f"cc{number}", *options) for number, options in enumerate(((), ("--no-request-pac",)))
    )
    assert len(without) < len(with_pac) - 500


def test_a_wrong_password_is_counted_once(domain: Domain, tmp_path: Path) -> None:
    user = domain.user()
    with pytest.raises(AssertionError, match="Password incorrect"):
        domain.kinit(user, tmp_path / "cc", password="wrong")
    assert domain.bad_passwords(user) == 1
    domain.kinit(user, tmp_path / "cc")
    assert domain.bad_passwords(user) == 0


def test_an_account_is_locked_at_the_threshold(domain: Domain, tmp_path: Path) -> None:
    user = domain.user()
    for _ in range(10):
        with pytest.raises(AssertionError):
            domain.kinit(user, tmp_path / "cc", password="wrong")
    with pytest.raises(AssertionError, match="credentials have been revoked"):
        domain.kinit(user, tmp_path / "cc")


def test_the_service_has_aes_keys_only(keytabs: dict[str, Path], domain: Domain) -> None:
    keys = list_keys(keytabs[domain.realm])
    assert {key.principal for key in keys} == {
        f"HTTP/{domain.host}@{domain.realm}",
        f"HTTP/localhost@{domain.realm}",
        f"{SERVICE_ACCOUNT}@{domain.realm}",
    }
    assert {key.enctype for key in keys} == {17, 18}


def test_a_computer_s_ticket_is_had_by_its_name_without_the_dollar(domain: Domain, tmp_path: Path) -> None:
    environment = domain.kinit("ceo", tmp_path / "cc")
    listed = subprocess.run(["klist"], env=environment, capture_output=True, check=True, text=True).stdout
    assert f"Default principal: ceo@{domain.realm}" in listed
