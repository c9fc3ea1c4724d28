"""Slow, silent, absent and skewed KDCs, and many logins at once."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pytest

from kerbauth.demo.principals import RealmDescription, Service, User
from tests.integration.conftest import CANARY, IN_CONTAINER, KA_NAMES, KB_NAMES, entry, names_of
from tests.integration.kdc import LabRealm, make_tokens, silent_server
from tests.integration.service import RealmEntry, RunningService, Setup

Fresh = Callable[..., str]
Start = Callable[..., RunningService]


def test_a_silent_kdc_ends_at_the_deadline_and_disturbs_nobody_else(realm: LabRealm, other_realm: LabRealm, start: Start) -> None:
    with silent_server() as (address, _):
        limits = "deadline = 3.0\nmax_concurrent = 4"
        silent = RealmEntry(other_realm.name, (address,), other_realm.keytab("HTTP/localhost"), settings=limits, names=KB_NAMES)
        service = start(Setup((entry(realm, settings="default = true", names=KA_NAMES), silent)))
        with ThreadPoolExecutor(4) as pool:
            began = time.monotonic()
            stuck = [pool.submit(service.login, f"bea@{other_realm.name}", CANARY, None) for _ in range(4)]
            while not service.request("GET", "/healthz").ok:
                pass
            assert service.request("GET", "/healthz").status_code == 200
            assert service.login("jdoe", CANARY, None).status_code == 200
            assert not any(one.done() for one in stuck), "the other realm's logins were to be under way still"
            replies = [one.result() for one in stuck]
            took = time.monotonic() - began
        assert [(reply.status_code, reply.json()["reason"]) for reply in replies] == [(503, "kdc-unreachable")] * 4
        assert 3.0 <= took < 9.0  # the deadline, and room for a busy machine
        # The KDC is known to be silent: the next login hears at once instead of waiting.
        began = time.monotonic()
        assert service.login(f"bea@{other_realm.name}", CANARY, None).json()["reason"] == "kdc-unreachable"
        assert time.monotonic() - began < 2.0, "the deadline was waited for"
        states = service.request("GET", "/readyz").json()["realms"]
        assert {state["realm"]: state["ready"] for state in states} == {realm.name: True, other_realm.name: False}
        known = {kdc["address"]: (kdc["standing"], kdc["latency_seconds"] is None) for state in states for kdc in state["kdcs"]}
        assert known == {realm.kdc: ("answers", False), address: ("silent", True)}


def test_a_full_queue_refuses_at_once_and_only_its_own_realm(realm: LabRealm, other_realm: LabRealm, start: Start) -> None:
    with silent_server() as (address, _):
        limits = "deadline = 4.0\nmax_concurrent = 2\nmax_waiting = 3"
        silent = RealmEntry(other_realm.name, (address,), other_realm.keytab("HTTP/localhost"), settings=limits, names=KB_NAMES)
        service = start(Setup((entry(realm, settings="default = true", names=KA_NAMES), silent)))
        with ThreadPoolExecutor(8) as pool:
            began = time.monotonic()
            logins = [pool.submit(service.login, f"bea@{other_realm.name}", CANARY, None) for _ in range(8)]
            refused = [each.result() for each in as_completed(logins, timeout=30) if each.result().json()["reason"] == "overloaded"]
            # two held a slot and three waited; whoever came after them was not kept waiting
            assert len(refused) >= 3
            assert all(reply.headers["Retry-After"] for reply in refused)
            assert service.login("jdoe", CANARY, None).status_code == 200
        at_once = [reply for reply in refused if reply.elapsed.total_seconds() < 2.0]
        assert len(at_once) >= 3, (
            f"refused after {[reply.elapsed.total_seconds() for reply in refused]}, {time.monotonic() - began:.1f} s in all"
        )


def test_a_paused_kdc_is_unavailable_and_works_again_afterwards(realm: LabRealm, start: Start) -> None:
    service = start(Setup((entry(realm, settings="default = true\ndeadline = 3.0"),)))
    with realm.paused():
        assert service.login("jdoe", CANARY, None).json()["reason"] == "kdc-unreachable"
    assert service.login("jdoe", CANARY, None).status_code == 200


def test_a_closed_port_is_unavailable_at_once(realm: LabRealm, start: Start) -> None:
    service = start(Setup((RealmEntry(realm.name, ("127.0.0.1:1",), realm.keytab("HTTP/localhost"), settings="default = true"),)))
    reply = service.login("jdoe", CANARY, None)
    assert (reply.status_code, reply.json()["verdict"], reply.json()["reason"]) == (503, "unavailable", "kdc-unreachable")
    assert reply.headers["Retry-After"]
    assert service.request("GET", "/readyz").status_code == 503


def test_a_second_kdc_answers_where_the_first_is_absent(realm: LabRealm, start: Start) -> None:
    service = start(Setup((RealmEntry(realm.name, ("127.0.0.1:1", realm.kdc), realm.keytab("HTTP/localhost"), settings="default = true"),)))
    before = realm.mark()
    assert service.login("jdoe", CANARY, None).status_code == 200
    assert service.login("jdoe", "wrong", None).status_code == 401
    assert realm.failed_password_checks(before) == 1


def clock_offset(service: RunningService) -> float | None:
    """How far the one KDC's clock is ahead, as far as the service knows."""
    ((kdc,),) = (state["kdcs"] for state in service.request("GET", "/readyz").json()["realms"])
    offset: float | None = kdc["clock_offset_seconds"]
    return offset


@pytest.mark.parametrize("seconds", ["1200", "-1200"])
def test_a_kdc_whose_clock_is_off_is_our_clocks_fault_not_the_users(start: Start, seconds: str) -> None:
    description = RealmDescription("SKEW.TEST", (User("jdoe", CANARY),), (Service("HTTP/localhost"),))
    skewed = LabRealm.described(description, container=IN_CONTAINER)
    skewed.environment["CLOCK_SHIFT"] = seconds
    with skewed:
        service = start(Setup((RealmEntry("SKEW.TEST", (skewed.kdc,), skewed.keytab("HTTP/localhost"), settings="default = true"),)))
        skewed.kadmin("modify_principal -requires_preauth HTTP/localhost")  # a ticket tells readiness no time; only the logins hear of it
        assert clock_offset(service) is None
        reply = service.login("jdoe", CANARY, None)
        noted = clock_offset(service)
        wrong = service.login("jdoe", "wrong", None)
    assert (reply.status_code, reply.json()["reason"]) == (503, "server-clock")
    assert noted == pytest.approx(float(seconds), abs=30)
    assert (wrong.status_code, wrong.json()["reason"]) == (401, "bad-credentials")


def test_400_mixed_logins_16_at_a_time_all_get_the_right_verdict(service: RunningService, realm: LabRealm, tmp_path: Path) -> None:
    users = names_of("good")[-20:]
    caches = {user: realm.kinit(user, CANARY, tmp_path / user) for user in users[:4]}
    tokens = [token for environment in caches.values() for token in make_tokens(environment, "HTTP/localhost@KA.TEST", count=25)]
    before = realm.mark()

    def password(number: int) -> bool:
        user, right = users[number % len(users)], number % 2 == 0
        reply = service.login(user, CANARY if right else f"wrong-{number}")
        return (reply.status_code, reply.json().get("user")) == ((200, user) if right else (401, None))

    def ticket(number: int) -> bool:
        if number % 2:
            return service.sso(b"\x60\x10" + bytes([number]) * 40).status_code == 401
        return service.sso(tokens[number // 2]).status_code == 200

    jobs = [(work, number) for number in range(200) for work in (password, ticket)]
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(lambda job: job[0](job[1]), jobs))
    assert realm.failed_password_checks(before) == 100
