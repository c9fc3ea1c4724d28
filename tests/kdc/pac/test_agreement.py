from dataclasses import replace

import pytest

from kerbauth.core.principal import Principal
from kerbauth.kdc.pac.agreement import AGREES, Disagrees, agreement
from tests.kdc.pac.reading import read
from tests.kdc.pac.writer import DOMAIN, Logon, Written, sid, upn_dns_info

ALICE = sid((5, (*DOMAIN[1], 1117)))
BOB = sid((5, (*DOMAIN[1], 1118)))
NAMES = {12: upn_dns_info("A.Smith@firm.example", account=("alice", ALICE))}


@pytest.mark.parametrize("name", ["alice", "ALICE", "alice@CORP", "Alice@corp.example", "A.Smith@firm.example", "a.smith@FIRM.example"])
def test_every_name_of_the_account_agrees(name: str) -> None:
    pac = read(Written(client=name, changes=NAMES).write())
    assert agreement(pac, Principal((name,), "CORP.EXAMPLE")) == AGREES


def test_without_the_names_in_the_directory_there_is_the_account_name_alone() -> None:
    assert agreement(read(Written().write()), Principal(("alice",), "CORP.EXAMPLE")) == AGREES
    by_upn = read(Written(client="alice@corp.example").write())
    assert isinstance(agreement(by_upn, Principal(("alice@corp.example",), "CORP.EXAMPLE")), Disagrees)


def test_a_requester_who_is_the_account_agrees() -> None:
    assert agreement(read(Written(changes={18: ALICE}).write()), Principal(("alice",), "CORP.EXAMPLE")) == AGREES


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("bob", id="another name"),
        pytest.param("alice ", id="trailing blank, which a domain controller does not mind"),
        pytest.param("bob@corp.example", id="another name in the domain"),
        pytest.param("alice@other.example", id="another domain"),
        pytest.param("alice@", id="no domain"),
        pytest.param("A.Smith", id="UPN without its suffix"),
        pytest.param("alıce", id="letter that is an i in capitals"),
    ],
)
def test_a_ticket_by_a_name_that_the_account_has_not_disagrees(name: str) -> None:
    pac = read(Written(client=name, changes=NAMES).write())
    assert agreement(pac, Principal((name,), "CORP.EXAMPLE")) == Disagrees("The ticket's name is none that the PAC's account has.")


def test_a_computer_found_by_its_name_without_dollar_disagrees() -> None:
    pac = read(Written(logon=Logon(user="root$", account_control=0x80), client="root").write())
    assert isinstance(agreement(pac, Principal(("root",), "CORP.EXAMPLE")), Disagrees)


@pytest.mark.parametrize("components", [("Alice",), ("alice", "admin"), ("bob",)])
def test_a_pac_of_another_ticket_disagrees(components: tuple[str, ...]) -> None:
    pac = read(Written(changes=NAMES).write())
    assert agreement(pac, Principal(components, "CORP.EXAMPLE")) == Disagrees("The name in the PAC's CLIENT_INFO is not the ticket's.")


def test_a_user_of_another_realm_disagrees() -> None:
    pac = read(Written(changes=NAMES).write())
    assert agreement(pac, Principal(("alice",), "OTHER.EXAMPLE")) == Disagrees(
        "The ticket's realm is not the domain in the PAC's UPN_DNS_INFO."
    )


@pytest.mark.parametrize("account", [pytest.param(("bob", ALICE), id="name"), pytest.param(("alice", BOB), id="SID")])
def test_two_accounts_in_one_pac_disagree(account: tuple[str, bytes]) -> None:
    pac = read(Written(changes={12: upn_dns_info(account=account)}).write())
    assert agreement(pac, Principal(("alice",), "CORP.EXAMPLE")) == Disagrees(
        "The PAC's UPN_DNS_INFO and its LOGON_INFO are about different accounts."
    )


def test_a_ticket_that_another_account_asked_for_disagrees() -> None:
    pac = read(Written(changes={18: BOB}).write())
    assert agreement(pac, Principal(("alice",), "CORP.EXAMPLE")) == Disagrees(
        "The PAC's REQUESTER_SID and its LOGON_INFO are about different accounts."
    )


def test_a_disagreement_names_nobody() -> None:
    pac = read(Written(logon=replace(Logon(), user="mallory")).write())
    answer = agreement(pac, Principal(("alice",), "CORP.EXAMPLE"))
    assert isinstance(answer, Disagrees)
    assert "mallory" not in answer.sentence
    assert "alice" not in answer.sentence
