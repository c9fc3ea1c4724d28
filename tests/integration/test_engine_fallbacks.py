"""The ways that a login takes where the usual one is not open: against a real KDC, or one that is told to say no to the usual way."""

from collections.abc import Callable, Iterator

import pytest

from kerbauth.demo.principals import RealmDescription, Service, User
from tests.integration.conftest import CANARY
from tests.integration.hostile import Hostile, hostile_kdc
from tests.integration.kdc import LabRealm
from tests.integration.kdc_log import LogsSince, Request
from tests.integration.second_kdc import SecondKdc
from tests.integration.service import RealmEntry, RunningService, Setup
from tests.kdc import wire
from tests.kdc.behaviours import changed, error, proves_a_password, where
from tests.kdc.scripted import Asked

NAME = "KF.TEST"
Start = Callable[..., RunningService]

# What a user's key can be made with, beyond the usual (kadmin.local's -e): RFC 3962's and RFC 8009's types, and MIT's other salts.
KEYS = {
    "aes128-sha1": "aes128-cts-hmac-sha1-96:normal",
    "aes256-sha2": "aes256-cts-hmac-sha384-192:normal",
    "aes128-sha2": "aes128-cts-hmac-sha256-128:normal",
    "salt-without-realm": "aes256-cts-hmac-sha1-96:norealm",
    "salt-of-realm-only": "aes256-cts-hmac-sha1-96:onlyrealm",
    "salt-at-random": "aes256-cts-hmac-sha1-96:special",
    "two-types": "aes128-cts-hmac-sha1-96:normal,aes256-cts-hmac-sha1-96:special",
}
# Types that are not permitted here: our krb5.conf.
WITHOUT_AES = {"rc4": "arcfour-hmac:normal", "camellia": "camellia256-cts-cmac:normal"}


@pytest.fixture(scope="module")
def lab() -> Iterator[LabRealm]:
    """A realm of its own, for services and users of all kinds."""
    services = (
        Service("HTTP/localhost"),
        Service("HTTP/only-by-as", attributes=("-allow_tgs_req",)),
        Service("HTTP/never", attributes=("-allow_svr",)),
    )
    users = (
        User("jdoe", CANARY),
        User("before", CANARY),
        User("unproved", CANARY, ("-requires_preauth",)),
        User("hardware", CANARY, ("+requires_hwauth",)),
    )
    with LabRealm.described(RealmDescription(NAME, users, services)) as running:
        assert isinstance(running, LabRealm)
        keys = {**KEYS, **WITHOUT_AES}
        running.kadmin(
            *(f'add_principal -clearpolicy +requires_preauth -e {keys[kind]} -pw "{CANARY}" {kind}' for kind in keys),
            "rename_principal -force before after",
        )
        yield running


def service_of(lab: LabRealm, start: Start, name: str) -> RunningService:
    return start(Setup((RealmEntry(NAME, (lab.kdc,), lab.keytab(name), service=name, settings="default = true"),)))


@pytest.fixture(scope="module")
def plain(lab: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    entry = RealmEntry(NAME, (lab.kdc,), lab.keytab("HTTP/localhost"), settings="default = true")
    running = RunningService(tmp_path_factory.mktemp("plain"), Setup((entry,))).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def hostile(lab: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    """For each test a service that has learned nothing yet."""
    with hostile_kdc(lab, tmp_path_factory.mktemp("hostile")) as running:
        yield running


def said(service: RunningService, user: str, password: str = CANARY) -> tuple[int, str]:
    reply = service.login(user, password, None)
    return reply.status_code, reply.json().get("reason") or reply.json()["verdict"]


def asked_for(requests: list[Request], user: str = "jdoe") -> list[tuple[str, str, str]]:
    """Kind, answer and service of this user's requests in the KDC's log; our own, for armour, are beside them."""
    words = [(each, each.rest.partition(f"{user}@{NAME} for ")[2]) for each in requests]
    return [(each.kind, each.status, service.partition(",")[0].partition("@")[0]) for each, service in words if service]


USUAL = [("AS_REQ", "NEEDED_PREAUTH", "HTTP/localhost"), ("AS_REQ", "ISSUE", "HTTP/localhost")]
AGAINST_A_TGT = [
    ("AS_REQ", "NEEDED_PREAUTH", f"krbtgt/{NAME}"),
    ("AS_REQ", "ISSUE", f"krbtgt/{NAME}"),
    ("TGS_REQ", "ISSUE", "HTTP/localhost"),
]


def asks_for_our_ticket_at_once(asked: Asked) -> bool:
    return asked.kind == wire.AS_REQ and b"localhost" in asked.message


def test_the_usual_way_is_to_ask_the_as_for_our_ticket(plain: RunningService, lab: LabRealm) -> None:
    mark = lab.mark()
    assert said(plain, "jdoe") == (200, "granted")
    assert asked_for(lab.requests(mark)) == USUAL


@pytest.mark.parametrize("code", [7, 13, 27])  # unknown to the AS, an option refused, user-to-user only: RFC 4120, 7.5.9
def test_where_the_as_refuses_our_ticket_a_tgt_is_taken_and_from_then_on_at_once(hostile: Hostile, lab: LabRealm, code: int) -> None:
    hostile.kdc.behaviour = where(asks_for_our_ticket_at_once, error(code, wire.ErrorFields(realm=NAME)))
    mark = lab.mark()
    assert hostile.login("jdoe", CANARY).said == "granted"
    assert asked_for(lab.requests(mark)) == AGAINST_A_TGT
    asked, mark = len(hostile.kdc.asked), lab.mark()
    assert hostile.login("jdoe", CANARY).said == "granted"
    assert [each.number for each in hostile.kdc.asked[asked:] if asks_for_our_ticket_at_once(each)] == []
    assert asked_for(lab.requests(mark)) == AGAINST_A_TGT
    mark = lab.mark()
    assert hostile.login("jdoe", "wrong").short == (401, "bad-credentials", "as")
    assert lab.failed_password_checks(mark) == 1


@pytest.mark.parametrize("code", [7, 13, 27])
def test_what_is_said_to_a_proof_leads_to_no_other_way(hostile: Hostile, code: int) -> None:
    hostile.kdc.behaviour = where(proves_a_password, error(code, wire.ErrorFields(realm=NAME)))
    assert hostile.login("jdoe", CANARY).status == 503
    assert hostile.proofs_of("jdoe") == 1
    asked = len(hostile.kdc.asked)
    hostile.works("jdoe", CANARY)
    assert asks_for_our_ticket_at_once(hostile.kdc.asked[asked])


def test_a_service_to_which_there_are_no_tickets_against_a_tgt_has_its_logins(lab: LabRealm, start: Start) -> None:
    service = service_of(lab, start, "HTTP/only-by-as")
    mark = lab.mark()
    assert said(service, "jdoe") == (200, "granted")
    assert {kind for kind, _, _ in asked_for(lab.requests(mark))} == {"AS_REQ"}
    assert said(service, "jdoe", "wrong") == (401, "bad-credentials")


def test_a_service_to_which_there_are_no_tickets_at_all_is_the_administrators_fault_both_ways(lab: LabRealm, start: Start) -> None:
    service = service_of(lab, start, "HTTP/never")
    mark = lab.mark()
    assert said(service, "jdoe") == (503, "service-principal")
    assert asked_for(lab.requests(mark))[:4] == [
        ("AS_REQ", "SERVICE NOT ALLOWED", "HTTP/never"),
        *AGAINST_A_TGT[:2],
        ("TGS_REQ", "SERVER NOT ALLOWED", "HTTP/never"),
    ]
    mark = lab.mark()
    assert said(service, "jdoe", "wrong") == (401, "bad-credentials")
    assert lab.failed_password_checks(mark) == 1


@pytest.mark.parametrize("user", [*KEYS, "after"])  # and a user who was renamed: the salt is of the name before
def test_a_key_of_any_permitted_type_and_salt_is_made(plain: RunningService, lab: LabRealm, user: str) -> None:
    mark = lab.mark()
    assert said(plain, user) == (200, "granted")
    assert asked_for(lab.requests(mark), user) == USUAL
    assert said(plain, user, "wrong") == (401, "bad-credentials")
    assert lab.failed_password_checks(mark, user) == 1


@pytest.mark.parametrize("user", WITHOUT_AES)
def test_a_user_without_an_aes_key_is_told_so_by_what_the_kdc_does_not_offer(plain: RunningService, lab: LabRealm, user: str) -> None:
    mark = lab.mark()
    assert said(plain, user) == (401, "account-keys")
    assert lab.failed_password_checks(mark) == 0
    assert [status for _, status, _ in asked_for(lab.requests(mark), user)] == ["NEEDED_PREAUTH"]


def test_a_user_of_whom_hardware_is_wanted_has_keys_and_is_told_of_another_step(plain: RunningService, lab: LabRealm) -> None:
    mark = lab.mark()
    assert said(plain, "hardware") == (401, "preauth-required")
    assert lab.failed_password_checks(mark) == 0


def test_a_user_of_whom_no_proof_is_wanted_has_a_ticket_that_only_the_password_opens(plain: RunningService, lab: LabRealm) -> None:
    mark = lab.mark()
    assert said(plain, "unproved") == (200, "granted")
    assert said(plain, "unproved", "wrong") == (401, "bad-credentials")
    assert asked_for(lab.requests(mark), "unproved") == [("AS_REQ", "ISSUE", "HTTP/localhost")] * 2


# Where the KDC says nothing of how the key is made, or nothing that we make it by, libkrb5 does: with the default salt of RFC 4120, 4.
NOTHING_SAID = wire.method_data(wire.pa_data(wire.ENC_TIMESTAMP))


def test_libkrb5_makes_the_key_where_the_challenge_does_not_say_how(hostile: Hostile, lab: LabRealm) -> None:
    hostile.kdc.behaviour = where(
        lambda asked: not asked.proves_a_password, error(wire.PREAUTH_REQUIRED, wire.ErrorFields(realm=NAME, data=NOTHING_SAID))
    )
    mark = lab.mark()
    assert hostile.login("jdoe", CANARY).said == "granted"
    assert hostile.login("jdoe", "wrong").short == (401, "bad-credentials", "as")
    assert lab.failed_password_checks(mark) == 1


def test_libkrb5_makes_the_key_where_nothing_beside_the_ticket_says_how(hostile: Hostile) -> None:
    hostile.kdc.behaviour = changed(lambda reply: wire.with_padata(reply) if wire.message_type(reply) == wire.AS_REP else reply)
    assert hostile.login("unproved", CANARY).said == "granted"
    assert hostile.login("unproved", "wrong").short == (401, "bad-credentials", "as")


@pytest.mark.parametrize("enctype", [16, 23, 26])  # des3-cbc-sha1, arcfour-hmac, camellia256-cts-cmac
def test_a_challenge_of_a_type_that_is_not_permitted_is_answered_with_no_proof(hostile: Hostile, enctype: int) -> None:
    wanted = wire.preauth_wanted(f"{NAME}jdoe", enctype=enctype)
    hostile.kdc.behaviour = error(wire.PREAUTH_REQUIRED, wire.ErrorFields(realm=NAME, data=wanted))
    assert hostile.login("jdoe", CANARY).short == (401, "account-keys", "as")
    assert hostile.proofs_of("jdoe") == 0


WITH_SPAKE = {"        disable = spake\n": "", "[libdefaults]\n": "[libdefaults]\n    spake_preauth_groups = edwards25519\n"}


def test_a_kdc_with_spake_is_given_one_proof_of_that_kind(lab: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> None:
    with SecondKdc(lab.folder, WITH_SPAKE) as spake, hostile_kdc(lab, tmp_path_factory.mktemp("spake"), spake.kdc) as relayed:
        assert relayed.login("jdoe", CANARY).said == "granted"
        bearing = [wire.SPAKE in wire.padata_types(asked.message) for asked in relayed.kdc.asked if b"jdoe" in asked.message]
        assert bearing == [False, True, True]  # the question, the wish for it, and the proof
        since = LogsSince(spake.log)
        assert relayed.login("jdoe", "wrong").short == (401, "bad-credentials", "as")
        assert since.failed_password_checks() == 1
