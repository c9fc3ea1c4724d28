"""Whom a ticket that our key has opened is believed to be of: realms, trusts, and the PAC of a domain's accounts."""

from dataclasses import replace
from pathlib import Path

import pytest

from kerbauth.core.account import WindowsAccount
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proof, Proved, Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.sid import Sid
from kerbauth.kdc.opened import Believing, Ticket
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.settings import RealmKind
from tests.kdc.pac.writer import DOMAIN, Logon, Written, sid, upn_dns_info

MIT = KerberosRealm("KA.TEST", (), Path("x.keytab"), "HTTP/x")
AD = replace(MIT, name="CORP.EXAMPLE", kind=RealmKind.AD)
BRANCH = replace(AD, name="BRANCH.EXAMPLE")
DOMAIN_SID = Sid("S-1-5-21-1-2-3")
ALICE_SID = sid((5, (*DOMAIN[1], 1117)))
NAMES = {12: upn_dns_info("A.Smith@firm.example", account=("alice", ALICE_SID))}
ALICE = Written(changes=NAMES).write()
COMPUTER_AS_CEO = Written(logon=Logon(user="ceo$", account_control=0x80), client="ceo").write()


def proof(client: str, service: str, pac: bytes | None = None, *realms: KerberosRealm, fault: str = "") -> Proof:
    believing = Believing({realm.name: realm for realm in realms or (MIT, AD)})
    return believing.proof(Ticket(client.encode(), service.encode(), Stage.VERIFY, pac, fault))


def why(found: Proof, reason: Reason) -> str:
    assert isinstance(found, Refused | Unavailable)
    assert found.reason is reason
    return found.diagnostic


def test_a_kdc_vouches_for_users_of_its_own_realm() -> None:
    assert proof("alice@KA.TEST", "HTTP/x@KA.TEST") == Proved(Principal(("alice",), "KA.TEST"))


@pytest.mark.parametrize("client", ["alice@CORP.EXAMPLE", "alice@ELSEWHERE.EXAMPLE"])
def test_a_kdc_is_not_believed_about_users_of_another_realm(client: str) -> None:
    diagnostic = why(proof(client, "HTTP/x@KA.TEST", ALICE), Reason.WRONG_REALM)
    assert diagnostic == f"the KDC of KA.TEST vouches for {client}; it is believed about users of KA.TEST only"


@pytest.mark.parametrize("client", [b"alice", b"\xff@KA.TEST", b"a@b@KA.TEST"])
def test_a_name_that_is_no_principal_maps_to_nobody(client: bytes) -> None:
    found = Believing({MIT.name: MIT}).proof(Ticket(client, b"HTTP/x@KA.TEST", Stage.ACCEPT, None))
    assert why(found, Reason.NO_USER_MAPPING) == "the proved name cannot be read as a principal"


def test_an_account_of_a_domain_is_who_its_pac_says() -> None:
    account = WindowsAccount("alice", "CORP", Sid("S-1-5-21-1-2-3-1117"), frozenset({Sid("S-1-5-21-1-2-3-513")}))
    assert proof("alice@CORP.EXAMPLE", "HTTP/x@CORP.EXAMPLE", ALICE) == Proved(Principal(("alice",), "CORP.EXAMPLE"), account=account)


@pytest.mark.parametrize("asked", ["ALICE", "alice@corp.example", "a.smith@firm.example"])
def test_the_proved_name_is_the_directory_s_whatever_was_asked_for(asked: str) -> None:
    quoted = asked.replace("@", r"\@")
    found = proof(f"{quoted}@CORP.EXAMPLE", "HTTP/x@CORP.EXAMPLE", Written(client=asked, changes=NAMES).write())
    assert isinstance(found, Proved)
    assert str(found.principal) == "alice@CORP.EXAMPLE"


@pytest.mark.parametrize(
    ("client", "pac", "fault", "diagnostic"),
    [
        pytest.param("alice", None, "", "the ticket holds no PAC", id="no PAC"),
        pytest.param("alice", None, "the PAC's signature is not right", "the PAC's signature is not right", id="a forged PAC"),
        pytest.param("alice", b"\0" * 8, "", "The PAC has no LOGON_INFO.", id="an MIT KDC's"),
        pytest.param("alice ", Written(client="alice ", changes=NAMES).write(), "", "The ticket's name is none", id="trailing blank"),
        pytest.param(
            "ceo",
            Written(logon=Logon(user="ceo$", account_control=0x80), client="ceo").write(),
            "",
            "The ticket's name is none",
            id="dollar",
        ),
        pytest.param("alice", Written().write(), "", "nothing tells that the account is one of CORP.EXAMPLE", id="unknown domain"),
        pytest.param("bob", ALICE, "", "The name in the PAC's CLIENT_INFO is not the ticket's.", id="another ticket's PAC"),
    ],
)
def test_a_ticket_of_a_domain_without_a_pac_that_vouches_for_its_name_proves_nothing(
    client: str, pac: bytes | None, fault: str, diagnostic: str
) -> None:
    found = proof(f"{client}@CORP.EXAMPLE", "HTTP/x@CORP.EXAMPLE", pac, fault=fault)
    assert diagnostic in why(found, Reason.NO_VERIFIED_PAC)


def test_a_computer_s_own_ticket_maps_to_nobody() -> None:
    pac = Written(logon=Logon(user="ceo$", account_control=0x80), client="ceo$", changes={12: upn_dns_info("ceo$@corp.example")}).write()
    assert "a machine's" in why(proof("ceo$@CORP.EXAMPLE", "HTTP/x@CORP.EXAMPLE", pac), Reason.NO_USER_MAPPING)


def test_a_computer_without_a_dollar_in_its_name_is_one_all_the_same() -> None:
    pac = Written(logon=Logon(account_control=0x80), changes=NAMES).write()
    assert "a machine's" in why(proof("alice@CORP.EXAMPLE", "HTTP/x@CORP.EXAMPLE", pac), Reason.NO_USER_MAPPING)


@pytest.mark.parametrize(
    ("known", "problem"),
    [
        (replace(AD, domain_sid=Sid("S-1-5-21-7-8-9")), "the account's SID is not one of the domain_sid of CORP.EXAMPLE"),
        (replace(AD, netbios="BRANCH"), "the account's domain is not the netbios of CORP.EXAMPLE"),
    ],
)
def test_an_account_of_another_domain_than_the_settings_say_proves_nothing(known: KerberosRealm, problem: str) -> None:
    assert problem in why(proof("alice@CORP.EXAMPLE", "HTTP/x@CORP.EXAMPLE", ALICE, known), Reason.NO_VERIFIED_PAC)


@pytest.mark.parametrize("known", [replace(AD, domain_sid=DOMAIN_SID), replace(AD, netbios="corp")])
def test_what_the_settings_say_of_the_domain_stands_in_for_a_name_that_the_pac_does_not_tell(known: KerberosRealm) -> None:
    assert isinstance(proof("alice@CORP.EXAMPLE", "HTTP/x@CORP.EXAMPLE", Written().write(), known), Proved)


BRANCHES = replace(BRANCH, domain_sid=Sid("S-1-5-21-7-8-9"))


@pytest.mark.parametrize(
    ("trusts", "others", "counted"),
    [((), (BRANCHES,), {"513"}), (("BRANCH.EXAMPLE",), (BRANCHES,), {"513", "1200"}), ((), (MIT,), {"513", "1200", "519"})],
)
def test_a_kdc_is_believed_about_the_groups_of_domains_that_it_may_speak_for(
    trusts: tuple[str, ...], others: tuple[KerberosRealm, ...], counted: set[str]
) -> None:
    extra = (((5, (21, 7, 8, 9, 1200)), 7), ((5, (21, 7, 7, 7, 519)), 7))
    pac = Written(logon=Logon(extra=extra), changes=NAMES).write()
    found = proof("alice@CORP.EXAMPLE", "HTTP/x@CORP.EXAMPLE", pac, replace(AD, domain_sid=DOMAIN_SID, trusts=trusts), *others)
    assert isinstance(found, Proved)
    assert found.account is not None
    assert {group.rpartition("-")[2] for group in found.account.groups} == counted


def test_a_ticket_that_a_service_got_in_the_account_s_name_counts_only_where_the_settings_say_so() -> None:
    pac = Written(changes={**NAMES, 11: b"delegated"}).write()
    refused = proof("alice@CORP.EXAMPLE", "HTTP/x@CORP.EXAMPLE", pac)
    assert "by delegation" in why(refused, Reason.NO_VERIFIED_PAC)
    assert isinstance(proof("alice@CORP.EXAMPLE", "HTTP/x@CORP.EXAMPLE", pac, replace(AD, accept_delegated=True)), Proved)


def test_a_trusted_domain_s_users_are_believed_with_their_own_pac() -> None:
    trusting = replace(BRANCH, trusts=("CORP.EXAMPLE",))
    assert isinstance(proof("alice@CORP.EXAMPLE", "HTTP/x@BRANCH.EXAMPLE", ALICE, AD, trusting), Proved)
    assert "no PAC" in why(proof("alice@CORP.EXAMPLE", "HTTP/x@BRANCH.EXAMPLE", None, AD, trusting), Reason.NO_VERIFIED_PAC)
    assert "believed about users of BRANCH.EXAMPLE and CORP.EXAMPLE only" in why(
        proof("alice@KA.TEST", "HTTP/x@BRANCH.EXAMPLE", None, AD, trusting, MIT), Reason.WRONG_REALM
    )


def test_a_trusted_mit_realm_s_users_need_no_pac() -> None:
    trusting = replace(AD, trusts=("KA.TEST",))
    assert isinstance(proof("alice@KA.TEST", "HTTP/x@CORP.EXAMPLE", None, MIT, trusting), Proved)


def test_a_domain_s_users_need_their_pac_in_a_trusting_mit_realm_too() -> None:
    trusting = replace(MIT, trusts=("CORP.EXAMPLE",))
    assert "no PAC" in why(proof("alice@CORP.EXAMPLE", "HTTP/x@KA.TEST", None, AD, trusting), Reason.NO_VERIFIED_PAC)
    assert isinstance(proof("alice@CORP.EXAMPLE", "HTTP/x@KA.TEST", ALICE, AD, trusting), Proved)


def test_a_realm_of_kind_mit_whose_kdc_is_a_domain_controller_lets_nobody_in_from_then_on() -> None:
    believing = Believing({"CORP.EXAMPLE": replace(AD, kind=RealmKind.MIT)})
    without = Ticket(b"ceo@CORP.EXAMPLE", b"HTTP/x@CORP.EXAMPLE", Stage.ACCEPT, None)
    assert isinstance(believing.proof(without), Proved)
    found = believing.proof(Ticket(b"alice@CORP.EXAMPLE", b"HTTP/x@CORP.EXAMPLE", Stage.VERIFY, ALICE))
    assert 'Say kind = "ad"' in why(found, Reason.KDC_NOT_TRUSTED)
    assert isinstance(found, Unavailable)
    assert found.alarm
    assert 'Say kind = "ad"' in why(believing.proof(without), Reason.KDC_NOT_TRUSTED)
