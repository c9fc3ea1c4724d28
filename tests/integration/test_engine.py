"""KDCs that fall silent, are slow or come back: who is asked, how often a password is checked, and what the user is told.

Nothing here asserts how fast something is: that depends on the machine. What it took is recorded with the test (pytest's record_property),
and bench/failover.py measures it.
"""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kerbauth.demo.realm import free_port
from tests.integration.conftest import CANARY
from tests.integration.kdc import LabRealm, silent_server
from tests.integration.second_kdc import SecondKdc
from tests.integration.service import RealmEntry, RunningService, Setup, children
from tests.integration.two_kdcs import TwoKdcs, entry, two_kdcs
from tests.kdc.behaviours import (
    by_number,
    by_transport,
    delayed,
    error,
    hang_up,
    preauth_required,
    proves_a_password,
    relay,
    silence,
    swallowed,
    where,
)
from tests.kdc.scripted import Behaviour, scripted_kdc
from tests.kdc.wire import RESPONSE_TOO_BIG

Fresh = Callable[..., str]
Start = Callable[..., RunningService]
Record = Callable[[str, object], None]

UNREACHABLE = (503, "kdc-unreachable")
WRONG = (401, "bad-credentials")
# More Kerberos threads than any machine has cores would be too many; what else the process has (the loop, resolvers, the audit) is few.
FEW_THREADS = 24


@pytest.fixture(scope="module")
def further(realm: LabRealm) -> Iterator[SecondKdc]:
    with realm.second_kdc() as running:
        yield running


def said(service: RunningService, user: str, password: str = CANARY) -> tuple[int, str | None]:
    reply = service.login(user, password, None)
    return reply.status_code, reply.json().get("reason")


def seconds_of(service: RunningService, user: str, count: int) -> list[float]:
    """What so many right logins took each."""
    replies = [service.login(user, CANARY, None) for _ in range(count)]
    assert {reply.status_code for reply in replies} == {200}
    return [reply.elapsed.total_seconds() for reply in replies]


def without_a_packet(kdcs: TwoKdcs, user: str) -> tuple[int, str | None]:
    """What the first of some logins that no KDC was asked about is told."""
    for _ in range(8):
        before = kdcs.asked_about(user)
        answer = said(kdcs.service, user)
        if kdcs.asked_about(user) == before:
            return answer
    raise AssertionError("every login still asked a silent KDC")


def granted_again(service: RunningService, user: str) -> float:
    """Seconds until a login is granted."""
    began = time.monotonic()
    while said(service, user)[0] != 200:
        assert time.monotonic() - began < 30, "the KDC's return is not noticed"
        time.sleep(0.05)  # a user who tries again
    return time.monotonic() - began


def test_a_silent_first_kdc_is_asked_by_the_first_login_and_by_none_after_it(
    realm: LabRealm, further: SecondKdc, start: Start, fresh: Fresh, record_property: Record
) -> None:
    user = fresh()
    with two_kdcs(realm, further, start) as kdcs:
        healthy = statistics.median(seconds_of(kdcs.service, user, 20))
        before, _ = kdcs.proofs_of(user)
        with realm.paused():
            (first,) = seconds_of(kdcs.service, user, 1)
            asked_first, _ = kdcs.asked_about(user)
            later = statistics.median(seconds_of(kdcs.service, user, 20))
        assert kdcs.asked_about(user)[0] == asked_first, "a later login asked the silent KDC"
        assert kdcs.proofs_of(user)[0] == before, "what proves a password was to go to the KDC that answers"
    for name, seconds in (("healthy", healthy), ("first", first), ("later", later)):
        record_property(name, f"{seconds:.4f} s")


def test_a_login_that_went_to_the_second_kdc_says_so(realm: LabRealm, further: SecondKdc, start: Start, fresh: Fresh) -> None:
    with two_kdcs(realm, further, start) as kdcs:
        kdcs.first.behaviour = silence
        reply = kdcs.service.login(fresh(), CANARY, None)
    assert reply.status_code == 200
    assert "kdc-failover" in {message["reason"] for message in reply.json()["messages"]}


def test_a_killed_first_kdc_leaves_the_second(realm: LabRealm, further: SecondKdc, start: Start, fresh: Fresh) -> None:
    user = fresh()
    addresses = (f"127.0.0.1:{free_port()}", further.kdc)  # nobody listens at the first
    service = start(Setup((RealmEntry(realm.name, addresses, realm.keytab("HTTP/localhost"), settings="default = true"),)))
    assert [said(service, user)[0] for _ in range(5)] == [200] * 5
    assert said(service, user, "wrong") == WRONG


def test_when_all_are_silent_logins_are_told_so_without_a_packet_until_one_returns(
    realm: LabRealm, further: SecondKdc, start: Start, fresh: Fresh, record_property: Record
) -> None:
    user = fresh()
    with two_kdcs(realm, further, start, "deadline = 2.0") as kdcs:
        assert said(kdcs.service, user) == (200, None)
        with realm.paused(), further.paused():
            began = time.monotonic()
            assert said(kdcs.service, user) == UNREACHABLE
            first = time.monotonic() - began
            assert without_a_packet(kdcs, user) == UNREACHABLE
            asked, began = kdcs.asked_about(user), time.monotonic()
            assert [said(kdcs.service, user) for _ in range(20)] == [UNREACHABLE] * 20
            at_once = (time.monotonic() - began) / 20
            assert kdcs.asked_about(user) == asked
        for name, seconds in (("first", first), ("later", at_once), ("back", granted_again(kdcs.service, user))):
            record_property(name, f"{seconds:.4f} s")
        assert said(kdcs.service, user, "wrong") == WRONG


def test_a_realm_whose_kdcs_are_silent_holds_up_no_other(realm: LabRealm, other_realm: LabRealm, start: Start) -> None:
    with silent_server() as (address, _):
        names = "rules = [{ pattern = '(?P<all>.+)', user = 'kb-\\g<all>' }]\notherwise = \"refuse\""
        silent = RealmEntry(other_realm.name, (address,), other_realm.keytab("HTTP/localhost"), settings="deadline = 5.0", names=names)
        kept = 'rules = [{ principal = "kb-*", refuse = true }]\notherwise = "name"'
        ours = RealmEntry(realm.name, (realm.kdc,), realm.keytab("HTTP/localhost"), settings="default = true", names=kept)
        service = start(Setup((ours, silent)))
        with ThreadPoolExecutor(16) as pool:
            stuck = [pool.submit(said, service, f"bea@{other_realm.name}") for _ in range(16)]
            assert [said(service, "jdoe")[0] for _ in range(5)] == [200] * 5
            assert not all(each.done() for each in stuck), "the other realm's logins were to be under way still"
            assert [each.result() for each in stuck] == [UNREACHABLE] * 16


def too_big_by_udp(then: Behaviour) -> Behaviour:
    return by_transport(udp=error(RESPONSE_TOO_BIG), tcp=then)


# What the first KDC does, and what the user may be told; a proof that was lost may be sent again, or the login ends.
LOSSES: dict[str, tuple[Callable[[], Behaviour], set[tuple[int, str]]]] = {
    "silent": (lambda: silence, {WRONG}),
    "silent-after-its-first-reply": (lambda: where(proves_a_password, silence), {UNREACHABLE}),
    "checks-and-falls-silent": (lambda: where(proves_a_password, swallowed), {UNREACHABLE}),
    "loses-the-first-answer-to-a-proof": (lambda: where(proves_a_password, by_number({1: swallowed})), {WRONG, UNREACHABLE}),
    "loses-the-first-proof": (lambda: where(proves_a_password, by_number({1: silence})), {WRONG, UNREACHABLE}),
    "loses-the-first-question": (lambda: by_number({1: silence}), {WRONG}),
    "slow": (lambda: delayed(1.5), {WRONG}),
    "slow-with-proofs": (lambda: where(proves_a_password, delayed(2.5)), {WRONG}),
    "hangs-up-on-proofs": (lambda: too_big_by_udp(where(proves_a_password, hang_up)), {UNREACHABLE}),
    "falls-silent-on-tcp": (lambda: too_big_by_udp(where(proves_a_password, swallowed)), {UNREACHABLE}),
    "is-busy-with-proofs": (lambda: where(proves_a_password, error(29)), {UNREACHABLE, (503, "kdc-busy"), (503, "kdc-error")}),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_wrong_password_is_checked_once_at_most_whatever_gets_lost(
    realm: LabRealm, further: SecondKdc, start: Start, fresh: Fresh, loss: str
) -> None:
    user, (behaviour, told) = fresh(), LOSSES[loss]
    with two_kdcs(realm, further, start, "deadline = 6.0") as kdcs:
        kdcs.first.behaviour = behaviour()
        logs = kdcs.logs()
        assert said(kdcs.service, user, "wrong") in told
        assert logs.failed_password_checks(user) <= 1
        assert min(kdcs.proofs_of(user)) == 0, "two KDCs were given one password"


def test_a_kdc_that_stops_between_question_and_proof_checks_one_wrong_password_when_it_goes_on(
    realm: LabRealm, further: SecondKdc, start: Start, fresh: Fresh
) -> None:
    user = fresh()
    with two_kdcs(realm, further, start, "deadline = 3.0") as kdcs:
        logs, challenge = kdcs.logs(), preauth_required(realm.name, f"{realm.name}{user}")  # as the KDC itself would ask: RFC 4120, 4
        with realm.paused():
            kdcs.first.behaviour = where(proves_a_password, relay, challenge)
            assert said(kdcs.service, user, "wrong") == UNREACHABLE
            assert kdcs.proofs_of(user)[0] >= 1
        ends = time.monotonic() + 20
        while not logs.failed_password_checks(user):
            assert time.monotonic() < ends, "the KDC never saw the proof that waited in its socket"
        granted_again(kdcs.service, user)
        assert logs.failed_password_checks(user) == 1


def test_200_logins_that_wait_for_a_slow_kdc_all_succeed_with_few_threads(realm: LabRealm, start: Start, fresh: Fresh) -> None:
    user, most, enough = fresh(), 0, threading.Event()
    with scripted_kdc(delayed(0.3), upstream=realm.kdc) as slow:
        service = start(Setup((entry(realm, slow, settings="max_concurrent = 200\ndeadline = 30.0"),)))
        assert service.process is not None
        pids = (service.process.pid, *children(service.process.pid))

        def watch() -> None:
            nonlocal most
            while not enough.wait(0.02):
                most = max(most, *map(threads_of, pids))

        watcher = threading.Thread(target=watch)
        watcher.start()
        with ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(lambda _: said(service, user)[0], range(200)))
        enough.set()
        watcher.join()
    assert answers == [200] * 200
    assert 0 < most <= FEW_THREADS


def threads_of(pid: int) -> int:
    """How many threads a process has: proc(5), status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("Threads:")))
