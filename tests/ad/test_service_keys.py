"""Our own account in the domain: several names, a password that is renewed, and encryption with AES only."""

import itertools
from collections.abc import Callable
from pathlib import Path

import krb5
import pytest
import requests

from kerbauth.kdc.keytab import list_keys
from tests.ad.domain import AES, PASSWORD, Domain
from tests.integration.kdc import make_tokens
from tests.integration.service import RealmEntry, RunningService, Setup

Start = Callable[..., RunningService]
RC4 = 23
NEXT_PASSWORD = "canary-of-the-next-K9"
_numbers = itertools.count(1)


class Account:
    """An account for services, with names of its own, and its keytab."""

    def __init__(self, domain: Domain, *hosts: str, enctypes: int = 24) -> None:
        self.domain, self.hosts = domain, tuple(f"{host}{next(_numbers)}.{domain.dns}" for host in hosts)
        self.name = f"svc{next(_numbers)}"
        names = [f"HTTP/{host}" for host in self.hosts]
        domain.user(self.name, "canary-of-a-service-K9", servicePrincipalName=names, **{"msDS-SupportedEncryptionTypes": str(enctypes)})
        self.keytab = domain.folder / f"{self.name}.keytab"

    def export(self) -> Path:
        """Append the keys of now, as samba-tool and msktutil do."""
        self.domain.ask("keytab", str(self.keytab), *(f"HTTP/{host}" for host in self.hosts))
        self.keytab.chmod(0o600)
        return self.keytab

    def renew(self) -> None:
        self.domain.ask("password", self.name, NEXT_PASSWORD)

    def setup(self, *, also: bool = True) -> Setup:
        first, *others = self.hosts
        more = ", ".join(f'"HTTP/{host}"' for host in others) if also else ""
        settings = f'default = true\nnetbios = "{self.domain.netbios}"\nalso_accept = [{more}]'
        return Setup((RealmEntry(self.domain.realm, (self.domain.kdc,), self.keytab, f"HTTP/{first}", settings, kind="ad"),))

    def token(self, wallet: dict[str, str], number: int = 0) -> bytes:
        (token,) = make_tokens(wallet, f"HTTP/{self.hosts[number]}@{self.domain.realm}")
        return token


@pytest.fixture
def wallet(domain: Domain, tmp_path: Path) -> dict[str, str]:
    """The environment of alice, who has a ticket-granting ticket and no other yet."""
    return domain.kinit("alice", tmp_path / "cc")


def answer(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.json().get("reason") or reply.json()["user"]


def test_each_name_of_the_service_has_its_tickets_taken(domain: Domain, start: Start, wallet: dict[str, str]) -> None:
    account = Account(domain, "sso", "login", "alias")
    account.export()
    service = start(account.setup())
    answers = [answer(service.sso(account.token(wallet, number), None)) for number in range(3)]
    assert answers == [(200, "alice")] * 3


def test_a_name_in_other_case_is_the_same_name_to_a_domain(domain: Domain, start: Start, wallet: dict[str, str]) -> None:
    account = Account(domain, "sso")
    account.export()
    (token,) = make_tokens(wallet, f"HTTP/{account.hosts[0].upper()}@{domain.realm}")
    assert answer(start(account.setup()).sso(token, None)) == (200, "alice")


def test_a_name_of_the_account_that_the_settings_lack_is_no_boundary_since_the_key_is_the_same(
    domain: Domain, start: Start, wallet: dict[str, str]
) -> None:
    # The name in a ticket is outside of what the key protects (RFC 4120 5.3): whoever has the ticket can write another there. libkrb5 opens
    # it with whatever key fits (lib/krb5/krb/rd_req_dec.c), so the account has to be the service's alone, as the how-to says.
    account = Account(domain, "sso", "forgotten")
    account.export()
    assert answer(start(account.setup(also=False)).sso(account.token(wallet, 1), None)) == (200, "alice")


def test_a_ticket_for_another_account_is_refused(domain: Domain, start: Start, wallet: dict[str, str]) -> None:
    ours, other = Account(domain, "sso"), Account(domain, "other")
    ours.export()
    assert answer(start(ours.setup()).sso(other.token(wallet), None)) == (401, "ticket-not-for-us")


def test_tickets_of_the_old_and_the_new_password_are_taken_where_the_keytab_has_both(
    domain: Domain, start: Start, wallet: dict[str, str], tmp_path: Path
) -> None:
    account = Account(domain, "sso")
    account.export()
    account.token(wallet)  # from now on in the cache, with the old key
    account.renew()
    account.export()
    assert len({key.kvno for key in list_keys(account.keytab)}) == 2
    service = start(account.setup())
    fresh = domain.kinit("alice", tmp_path / "fresh")
    assert [answer(service.sso(account.token(each), None)) for each in (wallet, fresh)] == [(200, "alice")] * 2
    assert answer(service.login("alice", PASSWORD, None)) == (200, "alice")


def test_a_keytab_older_than_the_password_is_our_fault_and_named_at_both_doors(
    domain: Domain, start: Start, wallet: dict[str, str]
) -> None:
    account = Account(domain, "sso")
    account.export()
    service = start(account.setup())
    account.renew()
    replies = [service.sso(account.token(wallet), None), service.login("alice", PASSWORD, None)]
    assert [answer(reply) for reply in replies] == [(503, "service-keys")] * 2
    for reply in replies:
        (line,) = (line for line in service.log().splitlines() if reply.headers["X-Correlation-ID"] in line)
        assert "kvno 3" in line  # which the keytab lacks
    account.export()
    service.reload()
    assert answer(service.sso(account.token(wallet), None)) == (200, "alice")


def test_old_tickets_go_on_after_the_password_was_renewed(domain: Domain, start: Start, wallet: dict[str, str]) -> None:
    account = Account(domain, "sso")
    account.export()
    service = start(account.setup())
    account.token(wallet)
    account.renew()
    assert answer(service.sso(account.token(wallet), None)) == (200, "alice")


def test_a_user_with_an_rc4_key_alone_is_told_of_the_keys(domain: Domain, service: RunningService) -> None:
    user = domain.user()
    domain.ask("without_aes", user)
    reply = service.login(user, PASSWORD, None)
    assert answer(reply) == (401, "account-keys")
    assert any("Change your password" in message["text"] for message in reply.json()["messages"])
    assert domain.bad_passwords(user) == 0
    domain.ask("password", user, NEXT_PASSWORD)  # a new password makes AES keys
    assert answer(service.login(user, NEXT_PASSWORD, None)) == (200, user)


def test_a_service_whose_tickets_are_rc4_does_not_start_with_its_rc4_keys(domain: Domain, start: Start) -> None:
    account = Account(domain, "sso", enctypes=4)
    account.export()
    assert {key.enctype for key in list_keys(account.keytab)} == {RC4}
    with pytest.raises(AssertionError, match=r"holds no AES key of HTTP/.*, only arcfour-hmac\. Export it again"):
        start(account.setup())


def test_rc4_tickets_for_a_service_with_aes_keys_are_the_administrators_trouble(
    domain: Domain, start: Start, wallet: dict[str, str]
) -> None:
    account = Account(domain, "sso", enctypes=24)
    account.export()
    service = start(account.setup())
    domain.ask("set", account.name, **{"msDS-SupportedEncryptionTypes": "4"})
    replies = [service.sso(account.token(wallet), None), service.login("alice", PASSWORD, None)]
    assert [answer(reply) for reply in replies] == [(503, "service-keys")] * 2
    (line,) = (line for line in service.log().splitlines() if replies[0].headers["X-Correlation-ID"] in line)
    assert "rc4-hmac" in line


def test_an_rc4_key_beside_the_others_is_pointed_out_at_the_start_and_when_the_keytab_is_shown(domain: Domain, start: Start) -> None:
    account = Account(domain, "sso")
    account.export()
    assert {key.enctype for key in list_keys(account.keytab)} == AES
    context = krb5.init_context()
    (key, *_) = krb5.kt_resolve(context, str(account.keytab).encode())
    weak = krb5.init_keyblock(context, RC4, bytes(16))
    krb5.kt_add_entry(context, krb5.kt_resolve(context, str(account.keytab).encode()), key.principal, key.kvno, 0, weak)
    assert f"arcfour-hmac keys of HTTP/{account.hosts[0]}@{domain.realm}; they are never used" in start(account.setup()).log()
