"""The domain controllers of these tests behave as Active Directory does, or what they show would mean nothing."""

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import krb5
import pytest

from kerbauth.kdc.keytab import list_keys
from tests.ad.accounts import KINDS
from tests.ad.domain import PASSWORD, SERVICE_ACCOUNT, Domain


def test_a_user_gets_a_ticket_for_the_service(domain: Domain, tmp_path: Path) -> None:
    assert len(domain.token("alice", tmp_path / "cc")) > 1000  # with a PAC; without one it has some 700 bytes


def test_a_user_of_the_other_domain_gets_a_ticket_for_it_too(domain: Domain, other_domain: Domain, tmp_path: Path) -> None:
    assert other_domain.token(f"carol@{other_domain.realm}", tmp_path / "cc", service=f"HTTP/{domain.host}@{domain.realm}")


def test_a_client_may_ask_for_tickets_without_a_pac(domain: Domain, tmp_path: Path) -> None:
    with_pac, without = (
        domain.token("alice", tmp_path / f"cc{number}", *options) for number, options in enumerate(((), ("--no-request-pac",)))
    )
    assert len(without) < len(with_pac) - 500


def test_a_wrong_password_is_counted_once_in_the_directory_and_in_the_log(domain: Domain, tmp_path: Path) -> None:
    user, since = domain.user(), domain.mark()
    with pytest.raises(AssertionError, match="Password incorrect"):
        domain.kinit(user, tmp_path / "cc", password="wrong")
    assert (domain.bad_passwords(user), domain.wrong_passwords(user, since)) == (1, 1)
    domain.kinit(user, tmp_path / "cc")
    assert (domain.bad_passwords(user), domain.wrong_passwords(user, since)) == (0, 1)
    assert [each.status for each in domain.attempts(since)] == ["NT_STATUS_WRONG_PASSWORD", "NT_STATUS_OK"]


def test_an_account_is_locked_at_the_threshold_until_it_is_unlocked(domain: Domain, tmp_path: Path) -> None:
    user = domain.user()
    for _ in range(domain.lockout_threshold - 1):
        with pytest.raises(AssertionError, match="Password incorrect"):
            domain.kinit(user, tmp_path / "cc", password="wrong")
    with pytest.raises(AssertionError):
        domain.kinit(user, tmp_path / "cc", password="wrong")
    with pytest.raises(AssertionError, match="credentials have been revoked"):
        domain.kinit(user, tmp_path / "cc")
    domain.ask("unlock", user)
    assert domain.kinit(user, tmp_path / "cc")


# kind: what kinit says with the right password (without FAST); nothing: there is a ticket
SAID = {
    "disabled": "credentials have been revoked",
    "expired": "credentials have been revoked",
    "mustchange": "Password expired|Cannot read password",
    "oldpassword": "Password expired|Cannot read password",
    "nighttime": "credentials have been revoked",
    "elsewhere": "",
    "locked": "credentials have been revoked",
    "nopreauth": "",
    "notdelegated": "",
    "smartcard": "Password incorrect",
    "protected": "",
    "rc4only": "",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_user_of_each_kind_is_in_the_state_it_is_named_after(
    kind: str, domain: Domain, fresh: Callable[[str], str], tmp_path: Path
) -> None:
    for user in (kind, fresh(kind)):
        if not SAID[kind]:
            assert domain.kinit(user, tmp_path / "cc")
        else:
            with pytest.raises(AssertionError, match=SAID[kind]):
                domain.kinit(user, tmp_path / "cc")


def test_an_account_without_aes_keys_has_an_rc4_key(domain: Domain) -> None:
    exported = domain.keytab("rc4only", enctypes=frozenset({17, 18, 23}))
    assert {entry.key.enctype for entry in krb5.kt_resolve(krb5.init_context(), bytes(exported))} == {23}


@pytest.mark.parametrize("typed", ["alice@{dns}", "alice@{netbios}", "bob.builder@corp.example", "ALICE"])
def test_kinit_with_windows_options_ends_in_the_account_s_own_name(typed: str, domain: Domain, tmp_path: Path) -> None:
    environment = domain.kinit(typed.format(dns=domain.dns, netbios=domain.netbios), tmp_path / "cc", "-C", "-E")
    listed = subprocess.run(["klist"], env=environment, capture_output=True, check=True, text=True).stdout
    name = "bob" if "bob" in typed else "alice"
    assert f"Default principal: {name}@{domain.realm}" in listed


def test_the_controller_has_service_principals_for_ldap(domain: Domain, tmp_path: Path) -> None:
    environment, host = domain.kinit("alice", tmp_path / "cc"), domain.controller_host
    for service in (f"ldap/{host}", f"ldap/{host}/{domain.dns}"):
        assert domain.kvno(environment, service) == f"{service}@{domain.realm}: kvno = 1"


def test_a_renamed_account_keeps_its_sid(domain: Domain, tmp_path: Path) -> None:
    user = domain.user()
    sid = domain.sid(user)
    domain.ask("rename", user, f"{user}-married")
    assert domain.sid(f"{user}-married") == sid
    assert sid.startswith(f"{domain.domain_sid}-")
    assert domain.kinit(f"{user}-married", tmp_path / "cc")


def test_a_disabled_account_is_enabled_and_a_group_s_member_leaves_it(domain: Domain, fresh: Callable[[str], str], tmp_path: Path) -> None:
    user = fresh("disabled")
    domain.ask("clear_flags", user, "ACCOUNTDISABLE")
    assert domain.kinit(user, tmp_path / "cc")
    domain.ask("members", "Univ1", [user])
    assert any(group.startswith("CN=Univ1,") for group in domain.ask("get", user, "memberOf"))
    domain.ask("remove_members", "Univ1", [user])
    assert domain.ask("get", user, "memberOf") == []


def test_what_the_directory_refuses_fails_the_test_with_samba_s_words(domain: Domain) -> None:
    with pytest.raises(AssertionError, match="the password is too short"):
        domain.user(password="simple")


def test_the_service_has_aes_keys_only(keytabs: dict[str, Path], domain: Domain) -> None:
    keys = list_keys(keytabs[domain.realm])
    assert {key.principal for key in keys} == {
        f"HTTP/{domain.host}@{domain.realm}",
        f"HTTP/localhost@{domain.realm}",
        f"{SERVICE_ACCOUNT}@{domain.realm}",
    }
    assert {key.enctype for key in keys} == {17, 18}
    assert stat.S_IMODE(keytabs[domain.realm].stat().st_mode) == 0o600


def test_a_keytab_may_hold_a_rotated_account_s_old_keys_and_its_new_ones(domain: Domain) -> None:
    user = domain.user()
    old = domain.keytab(user)
    domain.ask("password", user, f"{PASSWORD}-2")
    assert sorted(key.kvno for key in list_keys(domain.keytab(user, after=old))) == [2, 2, 3, 3]


def test_a_computer_s_ticket_is_had_by_its_name_without_the_dollar(domain: Domain, tmp_path: Path) -> None:
    environment = domain.kinit("ceo", tmp_path / "cc")
    listed = subprocess.run(["klist"], env=environment, capture_output=True, check=True, text=True).stdout
    assert f"Default principal: ceo@{domain.realm}" in listed
