"""Armour (FAST) that cannot be had, is not taken, or is tampered with: no login is let in, told wrong or sent twice for it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kerbauth.demo.principals import command
from tests.integration.armoured import ACCOUNT, REALM, WRONG, Armoured, Run, armoured_services, entry, fast_realm, in_armour, names
from tests.integration.conftest import CANARY
from tests.integration.kdc import LabRealm
from tests.integration.kdc_log import LogsSince
from tests.integration.service import RunningService, Setup
from tests.kdc import wire
from tests.kdc.behaviours import by_number, error, flipped, relay, silence, swallowed, where
from tests.kdc.scripted import Behaviour, Exchange, scripted_kdc

Start = Callable[..., RunningService]

NO_ARMOUR = (503, "kdc-error")
FORGED = wire.ErrorFields(realm=REALM, text="PREAUTH_FAILED", data=wire.method_data(wire.pa_data(wire.FX_FAST, b"\xa0\x03\x02\x01\x00")))


@pytest.fixture(scope="module")
def realm_with_fast() -> Iterator[LabRealm]:
    with fast_realm() as running:
        yield running


@pytest.fixture
def armoured(realm_with_fast: LabRealm, start: Start) -> Iterator[Run]:
    with armoured_services(realm_with_fast, start) as run:
        yield run


def knows_nothing_of(*kinds: int) -> Behaviour:
    """A KDC that overlooks these pre-authentication data, as the protocol wants it of what is not known."""

    async def behave(exchange: Exchange) -> None:
        asked = exchange.asked.message
        exchange.reply(await exchange.real_reply(wire.without_padata(asked, *kinds) if exchange.asked.kind == wire.AS_REQ else asked))

    return behave


def second_in_armour(then: Behaviour) -> Behaviour:
    """What happens to the request that holds the proof of a password: the second in armour."""
    return where(in_armour, by_number({2: then}))


@pytest.mark.parametrize(("mode", "answer"), [("try", (200, None)), ("require", NO_ARMOUR)])
def test_a_kdc_that_does_not_know_armour(armoured: Run, mode: str, answer: tuple[int, str | None]) -> None:
    login = armoured(mode)
    login.between.behaviour = knows_nothing_of(wire.FX_FAST)
    mark = login.realm.mark()
    assert [login.said("alice") for _ in range(3)] == [answer] * 3
    assert login.said("alice", "wrong") == (WRONG if mode == "try" else NO_ARMOUR)
    assert login.realm.failed_password_checks(mark, "alice") == (1 if mode == "try" else 0)
    assert login.service.log().count("no armour (FAST)") == 1


FORGERIES = {"bare": error(24, wire.ErrorFields(realm=REALM, text="PREAUTH_FAILED")), "that-looks-armoured": error(24, FORGED)}


@pytest.mark.parametrize(
    ("mode", "forgery", "answer"),
    [
        ("try", "bare", (200, None)),
        # libkrb5 takes the forgery for its own and asks once more, with nothing in it that anybody counts: that is not known here.
        ("try", "that-looks-armoured", NO_ARMOUR),
        ("require", "bare", NO_ARMOUR),
        ("require", "that-looks-armoured", NO_ARMOUR),
    ],
)
def test_a_forged_answer_to_the_first_request_is_no_wrong_password(
    armoured: Run, mode: str, forgery: str, answer: tuple[int, str | None]
) -> None:
    login = armoured(mode)
    login.between.behaviour = where(in_armour, FORGERIES[forgery])
    assert login.said("alice") == answer


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("mode", ["try", "require"])
def test_a_forged_answer_to_the_proof_ends_the_login_and_the_password_is_not_sent_again(armoured: Run, forgery: str, mode: str) -> None:
    login = armoured(mode)
    login.between.behaviour = second_in_armour(FORGERIES[forgery])
    assert login.said("alice") == NO_ARMOUR
    assert len(login.asked_about("alice")) == 2
    login.between.behaviour = relay
    assert login.said("alice") == (200, None)


@pytest.mark.parametrize("mode", ["try", "require"])
def test_a_ticket_that_was_tampered_with_is_no_wrong_password(armoured: Run, mode: str) -> None:
    login = armoured(mode)
    for bit in (-4, -100, -800):  # the last field of an AS-REP is what the user's key opens: RFC 4120, 5.4.2
        login.between.behaviour = second_in_armour(flipped(bit))
        assert login.said("alice") == NO_ARMOUR


def test_a_kdc_that_is_busy_is_busy_in_armour_as_well(armoured: Run) -> None:
    login = armoured("require")
    login.between.behaviour = where(in_armour, error(29, wire.ErrorFields(realm=REALM)))
    assert login.said("alice") == (503, "kdc-busy")
    login.between.behaviour = relay
    assert login.said("alice") == (200, None)


@pytest.mark.parametrize("mode", ["try", "require"])
def test_a_silent_kdc_is_unreachable_within_the_deadline(armoured: Run, mode: str) -> None:
    login = armoured(mode)
    login.between.behaviour = silence
    reply = login.service.login("alice", CANARY, None)
    assert (reply.status_code, reply.json()["reason"]) == (503, "kdc-unreachable")
    assert reply.elapsed.total_seconds() < 5


def test_trouble_with_the_ticket_costs_a_login_that_can_do_without_nothing(armoured: Run) -> None:
    login = armoured("try")
    login.between.behaviour = where(names(ACCOUNT), silence)
    assert login.said("alice") == (200, None)
    assert all(wire.FX_FAST not in kinds for kinds in login.asked_about("alice"))


@pytest.mark.parametrize(
    ("loses", "answer"),
    [("the-question", (401, "bad-credentials")), ("the-proof", (503, "kdc-unreachable"))],
)
def test_of_two_kdcs_one_only_gets_the_password(
    realm_with_fast: LabRealm, start: Start, loses: str, answer: tuple[int, str | None]
) -> None:
    with (
        realm_with_fast.second_kdc() as further,
        scripted_kdc(relay, upstream=realm_with_fast.kdc) as first,
        scripted_kdc(relay, upstream=further.kdc) as second,
    ):
        setup = Setup((replace(entry(realm_with_fast, first, "require"), kdcs=(first.address, second.address)),))
        login = Armoured(start(setup), first, realm_with_fast)
        assert login.said("carol") == (200, None)
        logs = LogsSince(realm_with_fast.log, further.log)
        first.behaviour = where(in_armour, silence if loses == "the-question" else by_number({1: relay}, otherwise=swallowed))
        assert login.said("carol", "wrong") == answer
        assert logs.failed_password_checks("carol") == 1
        assert any(map(names("carol"), second.asked)) == (loses == "the-question")


@pytest.fixture
def stale(realm_with_fast: LabRealm, tmp_path: Path) -> Path:
    """A keytab whose service key is the realm's, and whose account's key is not any more. The realm's own keytab gets the new one."""
    keytab = realm_with_fast.export("HTTP/localhost", realm_with_fast.export(ACCOUNT, tmp_path / "stale.keytab"))
    realm_with_fast.rekey(ACCOUNT)
    realm_with_fast.export(ACCOUNT, realm_with_fast.keytab(ACCOUNT))
    return keytab


@pytest.mark.parametrize(("mode", "answer"), [("try", (200, None)), ("require", (503, "service-keys"))])
def test_a_stale_key_of_our_account(armoured: Run, stale: Path, mode: str, answer: tuple[int, str | None]) -> None:
    login = armoured(mode, keytab=stale)
    mark = login.realm.mark()
    assert [login.said("alice") for _ in range(5)] == [answer] * 5
    assert login.realm.failed_password_checks(mark, ACCOUNT) == 1, "the KDC may lock an account that fails again and again"
    assert login.service.log().count("no armour (FAST)") == 1


def test_a_new_keytab_and_a_reload_bring_the_armour_back(armoured: Run, stale: Path) -> None:
    login = armoured("require", keytab=stale)
    assert login.said("alice") == (503, "service-keys")
    assert login.service.request("GET", "/readyz").status_code == 503
    login.realm.export(ACCOUNT, stale)
    assert "reloaded" in login.service.reload()
    assert login.said("alice") == (200, None)
    assert login.service.request("GET", "/readyz").status_code == 200


@pytest.mark.parametrize("mode", ["try", "require"])
def test_a_new_key_of_the_ticket_granting_service_costs_no_login(armoured: Run, mode: str) -> None:
    login = armoured(mode)
    assert login.said("alice") == (200, None)
    aged = time.monotonic() + 5.5  # a new ticket that is refused would be no better the next moment
    while time.monotonic() < aged:
        assert login.said("alice") == (200, None)
    krbtgt = f"krbtgt/{REALM}"
    login.realm.kadmin(command("change_password", "-randkey", krbtgt), command("purgekeys", krbtgt))
    assert login.said("alice") == (200, None)
    assert login.said("alice", "wrong") == WRONG
    assert wire.FX_FAST in login.asked_about("alice")[-1]


def test_the_ticket_is_renewed_before_it_ends(armoured: Run) -> None:
    login = armoured("require")
    login.realm.kadmin(command("modify_principal", "-maxlife", "8 seconds", ACCOUNT))
    try:
        ends = time.monotonic() + 20
        while len(login.asked_about(ACCOUNT)) < 4:  # two exchanges of two requests
            assert login.said("alice") == (200, None)
            assert time.monotonic() < ends, "the ticket was not renewed"
        assert login.said("alice") == (200, None)
    finally:
        login.realm.kadmin(command("modify_principal", "-maxlife", "10 hours", ACCOUNT))
