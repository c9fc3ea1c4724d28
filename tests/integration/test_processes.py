"""Workers that die, hang, grow and drain, under a supervisor that stays, over a real realm."""

import contextlib
import logging
import random
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import CANARY, entry, names_of
from tests.integration.kdc import LabRealm, make_tokens
from tests.integration.load import Load
from tests.integration.service import RunningService, Setup, persons_with_desktop
from tests.integration.workers import Workers, until

Start = Callable[..., RunningService]
WORKERS = 4
_log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def setup(realm: LabRealm) -> Setup:
    users = names_of("good")
    return Setup((entry(realm, settings="default = true"),), persons_with_desktop(users), server=f"workers = {WORKERS}\ndrain = 10.0")


@pytest.fixture(scope="module")
def crowd(setup: Setup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service of four workers, which tests kill one by one."""
    running = RunningService(tmp_path_factory.mktemp("crowd"), setup).start()
    yield running
    assert running.stop() == 0


def test_workers_killed_at_random_under_load_cost_their_own_connections_only(
    crowd: RunningService, realm: LabRealm, tmp_path: Path
) -> None:
    workers, load = Workers(crowd), Load.prepared(crowd, realm, tmp_path)
    rng, gaps = random.Random(3), []  # noqa: S311 -- which worker dies is no secret
    with load.running(2000, connections=16) as done:
        while not done.is_set():
            before = workers.pids()
            victim = rng.choice(sorted(before))
            began = time.monotonic()
            workers.signal(victim, rng.choice((signal.SIGKILL, signal.SIGSEGV)))
            until(partial(workers.replaced, victim, WORKERS), within=10)
            gaps.append(time.monotonic() - began)
            time.sleep(rng.uniform(0.05, 0.3))  # the load goes on meanwhile
    _log.info("%d kills, back after %.2f s at worst; %s; slowest answer %.2f s", len(gaps), max(gaps), load.outcomes, load.slowest)
    assert load.wrong == []
    assert load.outcomes.total() >= 2000
    assert len(gaps) >= 5
    assert max(gaps) < 1.0
    assert load.slowest < 10
    # a killed worker takes down what was under way in it: at most its connections, each of which the client opened again
    assert load.outcomes["connection"] <= len(gaps) * 16
    assert list(crowd.folder.rglob("core*")) == []


def test_a_killed_worker_leaves_the_others_connections_alone(crowd: RunningService) -> None:
    workers = Workers(crowd)
    with ThreadPoolExecutor(12) as pool:
        sessions = [requests.Session() for _ in range(12)]
        list(pool.map(lambda session: session.get(f"{crowd.url}/healthz", timeout=10), sessions))
    victim = min(workers.pids())
    theirs = {port for port, pid in workers.connections().items() if pid != victim}
    assert theirs, "every connection went to one worker"
    workers.signal(victim, signal.SIGKILL)
    until(lambda: workers.replaced(victim, WORKERS), within=5)
    assert theirs <= set(workers.connections())


def test_a_ticket_used_at_one_worker_is_a_replay_at_every_other(crowd: RunningService, realm: LabRealm, tmp_path: Path) -> None:
    (token,) = make_tokens(realm.kinit("good005", CANARY, tmp_path / "ccache"), "HTTP/localhost@KA.TEST")
    replies = []
    for _ in range(16):  # a new connection each time, so that every worker has some
        crowd.session.close()
        replies.append(crowd.sso(token))
    assert [reply.status_code for reply in replies] == [200] + [401] * 15
    assert {reply.json()["reason"] for reply in replies[1:]} == {"ticket-replayed"}


def test_a_worker_that_was_told_to_end_is_replaced(crowd: RunningService) -> None:
    workers = Workers(crowd)
    victim = max(workers.pids())
    workers.signal(victim, signal.SIGTERM)
    until(lambda: workers.replaced(victim, WORKERS), within=5)
    assert victim not in workers.pids()
    assert crowd.login("good000", CANARY).status_code == 200


def test_a_worker_whose_event_loop_is_stuck_is_killed_and_replaced(setup: Setup, start: Start) -> None:
    service = start(Setup(setup.realms, setup.permissions, server="workers = 2\nworker_timeout = 2.0"))
    workers = Workers(service)
    victim = min(workers.pids())
    workers.signal(victim, signal.SIGSTOP)  # as if its event loop were stuck: no sign of life
    until(lambda: workers.replaced(victim, 2), within=10)
    assert "gave no sign of life for 2 seconds and is killed" in service.log()
    assert service.login("good000", CANARY).status_code == 200


def test_a_worker_that_grows_is_replaced_before_it_leaves(setup: Setup, start: Start) -> None:
    service = start(Setup(setup.realms, setup.permissions, server="workers = 1\ndrain = 5.0\nworker_memory_mb = 4000"))
    workers = Workers(service)
    (first,) = workers.pids()
    limit = workers.memory(first) + 12
    service.configure("worker_memory_mb = 4000", f"worker_memory_mb = {limit}")
    address = ("127.0.0.1", int(service.url.rpartition(":")[2]))
    with contextlib.ExitStack() as stack:
        for _ in range(250):  # headers without an end
            stack.enter_context(socket.create_connection(address)).sendall(b"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * 120_000)
        until(lambda: f"worker 0 (process {first}) has left" in service.log(), within=10)
    log = service.log()
    (second,) = workers.pids()
    assert re.search(rf"\(process {first}\) is replaced: it holds \d+ MiB of memory, and may hold {limit}", log)
    assert log.index(f"(process {second}) serves") < log.index(f"(process {first}) has left")
    assert service.login("good000", CANARY).status_code == 200


def test_a_memory_limit_that_no_worker_can_keep_replaces_none(setup: Setup, start: Start) -> None:
    service = start(Setup(setup.realms, setup.permissions, server="workers = 1\nworker_memory_mb = 1"))
    until(lambda: "a limit of 1 is not kept" in service.log(), within=5)
    assert "is replaced" not in service.log()


def test_sigterm_ends_a_login_under_way_and_takes_no_new_one(setup: Setup, realm: LabRealm, start: Start) -> None:
    service = start(Setup(setup.realms, setup.permissions, server="workers = 2\ndrain = 10.0"))
    idle = socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])))
    idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
    assert b"200 OK" in idle.recv(65536)
    idle.settimeout(5)
    with ThreadPoolExecutor(1) as pool:
        with realm.paused():
            login = pool.submit(service.login, "good000", CANARY)
            until(lambda: Workers(service).busy(), within=5)
            assert service.process is not None
            service.process.send_signal(signal.SIGTERM)
            assert idle.recv(1) == b"", "an idle connection is closed at once"
            with pytest.raises(ConnectionRefusedError):
                until(lambda: socket.create_connection(idle.getpeername()).close() is not None, within=5)
            assert not login.done()
        assert login.result(10).status_code == 200
    idle.close()
    assert service.process.wait(10) == 0
    assert [record["verdict"] for record in service.audit()] == ["granted"]


def test_what_has_not_ended_in_time_is_cut_off_and_on_record(setup: Setup, realm: LabRealm, start: Start) -> None:
    service = start(Setup(setup.realms, setup.permissions, server="workers = 2\ndrain = 0.5"))
    assert service.process is not None
    with ThreadPoolExecutor(1) as pool, realm.paused():
        login = pool.submit(service.login, "good000", CANARY)
        until(lambda: Workers(service).busy(), within=5)
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10) == 0
        assert time.monotonic() - began < 4, "the deadline was waited for"
        with pytest.raises(requests.ConnectionError):
            login.result(5)
    assert [(record["verdict"], record["reason"]) for record in service.audit()] == [("unavailable", "internal")]


def test_a_second_signal_stops_at_once(setup: Setup, realm: LabRealm, start: Start) -> None:
    service = start(Setup(setup.realms, setup.permissions, server="workers = 2\ndrain = 30.0"))
    assert service.process is not None
    with ThreadPoolExecutor(1) as pool, realm.paused():
        login = pool.submit(service.login, "good000", CANARY)
        until(lambda: Workers(service).busy(), within=5)
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        until(lambda: "draining" in service.log(), within=5)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10) == 0
        assert time.monotonic() - began < 4
        with pytest.raises(requests.ConnectionError):
            login.result(5)
    assert len(service.audit()) == 1


def test_workers_drain_by_themselves_when_the_supervisor_is_gone(setup: Setup, start: Start) -> None:
    service = start(Setup(setup.realms, setup.permissions, server="workers = 2"))
    assert service.process is not None
    workers = Workers(service).pids()
    service.process.kill()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), within=5)
    assert service.log().count("the supervisor is gone; draining") == 2


def test_a_start_in_which_no_worker_can_serve_ends_with_the_reason(setup: Setup, tmp_path: Path) -> None:
    service = RunningService(tmp_path, Setup(setup.realms, setup.permissions, server="workers = 2", extra='[audit]\nfile = "sub/audit"'))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "audit").symlink_to("elsewhere")
    with pytest.raises(AssertionError, match="cannot be opened for appending"):
        service.start()
    assert service.process is not None
    assert service.process.wait(5) == 2


def test_a_start_says_once_what_runs_and_what_is_not_safe(setup: Setup, start: Start) -> None:
    service = start(Setup(setup.realms, setup.permissions, server="workers = 3", runtime=""))
    log = service.log()
    assert len(re.findall(r"kerbauth \S+ on http\S+; workers: 3; realms: KA.TEST", log)) == 1
    assert len(re.findall("WARNING.*runtime_directory is not set", log)) == 1


def test_operators_pages_on_their_own_listener_speak_for_all_workers(realm: LabRealm, tmp_path: Path) -> None:
    server = 'workers = 3\noperations_listen = "127.0.0.1:0"'
    running = RunningService(tmp_path, Setup((entry(realm, settings="default = true"),), server=server)).start()
    try:
        found = re.search(r"operators' pages on (http://\S+)", running.log())
        assert found, running.log()
        for _ in range(12):
            with requests.Session() as session:  # a connection of its own, at whichever worker
                session.post(f"{running.url}/v1/login", json={"username": "nobody", "password": "x"}, timeout=10)
        told = {requests.get(f"{found[1]}/metrics", timeout=10).text.count('kerbauth_worker_starts_total{worker="') for _ in range(6)}
        assert told == {3}
        counts = requests.get(f"{found[1]}/metrics", timeout=10).text
        logins = sum(float(line.rsplit(" ", 1)[1]) for line in counts.splitlines() if line.startswith("kerbauth_logins_total"))
        assert logins == 12
        assert requests.get(f"{running.url}/metrics", timeout=10).status_code == 404
    finally:
        assert running.stop() == 0
