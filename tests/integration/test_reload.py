"""Reloads in a running service: nothing under way is lost, what changed takes effect, and what is wrong changes nothing."""

import logging
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import CANARY, KA_NAMES, KB_NAMES, entry, names_of
from tests.integration.kdc import LabRealm, make_tokens
from tests.integration.load import Load
from tests.integration.service import RealmEntry, RunningService, Setup, persons_with_desktop
from tests.integration.workers import Workers, until

Start = Callable[..., RunningService]
_log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def setup(realm: LabRealm) -> Setup:
    return Setup(
        (entry(realm, settings="default = true", names=KA_NAMES),),
        persons_with_desktop(names_of("good")),
        server="workers = 3\ndrain = 10.0",
    )


@pytest.fixture(scope="module")
def service(setup: Setup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    running = RunningService(tmp_path_factory.mktemp("reloaded"), setup).start()
    yield running
    assert running.stop() == 0


def everywhere(service: RunningService, check: Callable[[requests.Session], bool]) -> list[bool]:
    """What each of some connections says: with so many, every worker has some."""
    found = []
    for _ in range(12):
        with requests.Session() as session:
            found.append(check(session))
    return found


def test_200_reloads_under_load_fail_no_login(service: RunningService, realm: LabRealm, tmp_path: Path) -> None:
    workers, load, times = Workers(service), Load.prepared(service, realm, tmp_path), []
    before = workers.pids()
    with load.running(2000, connections=16) as done:
        for _ in range(200):
            began = time.monotonic()
            service.reload()
            times.append(time.monotonic() - began)
        assert done.wait(60)
    times.sort()
    _log.info("reloads: median %.3f s, worst %.3f s; %s; slowest answer %.2f s", times[100], times[-1], load.outcomes, load.slowest)
    assert load.wrong == []
    assert load.outcomes["connection"] == 0
    assert load.outcomes["right"] >= 500
    assert workers.pids() == before, "no worker is replaced for a reload"


def test_a_changed_permission_file_takes_effect_in_every_worker_on_connections_that_are_open(service: RunningService) -> None:
    file = service.folder / "permissions.toml"
    before = file.read_text()
    sessions = [requests.Session() for _ in range(12)]
    url = f"{service.url}/v1/login"
    body = {"username": "nogrant000", "password": CANARY, "application": "desktop"}
    try:
        assert {session.post(url, json=body, timeout=20).status_code for session in sessions} == {403}
        file.write_text(persons_with_desktop([*names_of("good"), "nogrant000"]))
        log = service.reload()
        assert {session.post(url, json=body, timeout=20).status_code for session in sessions} == {200}
        assert f"changed: {file}\n" in log
    finally:
        file.write_text(before)
        service.reload()


def test_changed_rules_and_texts_take_effect_and_are_named(service: RunningService) -> None:
    texts = service.folder / "texts"
    texts.mkdir()
    (texts / "en.toml").write_text('bad-credentials = "No, sorry."\n')
    before = service.config.read_text()
    try:
        service.config.write_text(before + '[messages]\noverrides = "texts"\n')
        log = service.configure('principal = "svc-*"', 'principal = "good*"')
        assert f'changed: realms."KA.TEST".names.rules, messages.overrides, {service.config}, {texts / "en.toml"}\n' in log
        reply = service.login("good001", "wrong")
        assert reply.json()["detail"] == "No, sorry."
        assert service.login("good001", CANARY).json()["reason"] == "no-user-mapping"
    finally:
        service.config.write_text(before)
        service.reload()
    assert service.login("good001", CANARY).status_code == 200


def test_a_realm_that_is_added_can_be_asked_at_once(setup: Setup, other_realm: LabRealm, service: RunningService) -> None:
    before = service.config.read_text()
    try:
        service.config.write_text(before + entry(other_realm, names=KB_NAMES).toml())
        log = service.reload()
        assert 'realms."KB.TEST".keytab' in log
        assert all(everywhere(service, lambda _: service.login("bea@KB.TEST", CANARY).json().get("reason") == "unknown-genesys-user"))
    finally:
        service.config.write_text(before)
        service.reload()
    assert service.login("bea@KB.TEST", CANARY).json()["reason"] == "unknown-realm"


def test_a_rotated_keytab_is_taken_up_and_its_new_key_named(realm: LabRealm, start: Start, tmp_path: Path) -> None:
    realm.kadmin("add_principal -clearpolicy -randkey HTTP/rotated.test")
    keytab = realm.export("HTTP/rotated.test", tmp_path / "rotated.keytab")
    rotated = RealmEntry(realm.name, (realm.kdc,), keytab, service="HTTP/rotated.test", settings="default = true")
    service = start(Setup((rotated,), server="workers = 2"))
    old = realm.kinit("jdoe", CANARY, tmp_path / "old.ccache")
    old_tokens = make_tokens(old, "HTTP/rotated.test@KA.TEST", count=5)  # with the old key
    assert service.login("jdoe", CANARY, None).status_code == 200
    realm.rekey("HTTP/rotated.test")
    assert service.login("jdoe", CANARY, None).json()["reason"] == "service-keys"
    realm.export("HTTP/rotated.test", keytab)  # ktadd adds the new keys beside the old ones
    log = service.reload()
    assert f"{keytab} (kvno 2 of HTTP/rotated.test@KA.TEST (aes256-cts-hmac-sha1-96) added" in log
    assert "removed" not in log
    assert all(everywhere(service, lambda _: service.login("jdoe", CANARY, None).status_code == 200))
    assert [service.sso(token, None).status_code for token in old_tokens] == [200] * 5
    new = realm.kinit("jdoe", CANARY, tmp_path / "new.ccache")
    assert [service.sso(token, None).status_code for token in make_tokens(new, "HTTP/rotated.test@KA.TEST", count=5)] == [200] * 5


def test_a_bad_configuration_changes_nothing_and_says_everything(service: RunningService) -> None:
    before, permissions = service.config.read_text(), service.folder / "permissions.toml"
    good = permissions.read_text()
    try:
        log = service.configure("drain = 10.0", "drain = -1\nworkerz = 3")
        for expected in (f"{service.config}: server.drain: ", f"{service.config}: server.workerz: ", "the last good one stays"):
            assert expected in log
        permissions.write_text("[[persons]]\nnobody = 1\n")
        service.config.write_text(before)
        log = service.reload()
        assert "ERROR kerbauth: reload refused: permissions: file: " in log
        assert service.login("good002", CANARY).status_code == 200
        # a worker that has to be forked now is forked with the last good one, too
        workers = Workers(service)
        for victim in workers.pids():
            workers.signal(victim, signal.SIGKILL)
            until(lambda victim=victim: workers.replaced(victim, 3), within=5)  # type: ignore[misc]  # a default binds the loop's variable
        assert all(everywhere(service, lambda _: service.login("good002", CANARY).status_code == 200))
    finally:
        service.config.write_text(before)
        permissions.write_text(good)
        service.reload()


def test_what_only_a_restart_can_change_is_said(service: RunningService) -> None:
    before = service.config.read_text()
    try:
        log = service.configure("workers = 3", "workers = 5")
        assert "WARNING kerbauth: server.workers has changed: that takes effect at the next restart" in log
        assert len(Workers(service).pids()) == 3
    finally:
        service.config.write_text(before)
        service.reload()


def test_a_login_under_way_ends_with_the_configuration_it_began_with(service: RunningService, realm: LabRealm) -> None:
    before = service.config.read_text()
    try:
        with ThreadPoolExecutor(1) as pool:
            with realm.paused():
                login = pool.submit(service.login, "good003", CANARY)
                until(lambda: Workers(service).busy(), within=5)
                service.configure('principal = "svc-*"', 'principal = "good*"')
                assert not login.done()
            assert login.result(10).status_code == 200, "it was mapped by the rules of before"
        assert service.login("good003", CANARY).json()["reason"] == "no-user-mapping"
    finally:
        service.config.write_text(before)
        service.reload()


def test_a_worker_that_cannot_take_it_up_is_replaced_by_one_that_has(service: RunningService) -> None:
    """A worker that is stopped while its siblings reload: the order reaches it, but it does not answer."""
    workers = Workers(service)
    service.configure("drain = 10.0", "drain = 10.0\nworker_timeout = 2.0")
    victim = min(workers.pids())
    workers.signal(victim, signal.SIGSTOP)
    before = service.reloads()
    assert service.process is not None
    service.process.send_signal(signal.SIGHUP)
    until(lambda: workers.replaced(victim, 3) and service.reloads() > before, within=10)
    service.configure("drain = 10.0\nworker_timeout = 2.0", "drain = 10.0")


def test_watched_files_reload_by_themselves_once_they_are_quiet(service: RunningService) -> None:
    permissions = service.folder / "permissions.toml"
    good, before = permissions.read_text(), service.config.read_text()
    try:
        service.configure("drain = 10.0", "drain = 10.0\nwatch = true")
        reloads = service.reloads()
        permissions.write_text(persons_with_desktop([*names_of("good"), "nogrant001"]))
        until(lambda: service.reloads() == reloads + 1, within=10)
        assert service.login("nogrant001", CANARY).status_code == 200
        permissions.write_text("broken")
        until(lambda: service.reloads() == reloads + 2, within=10)
        assert service.login("nogrant001", CANARY).status_code == 200
        replaced = permissions.with_suffix(".new")
        replaced.write_text(good)
        replaced.replace(permissions)
        until(lambda: service.reloads() == reloads + 3, within=10)
        assert service.login("nogrant001", CANARY).status_code == 403
    finally:
        permissions.write_text(good)
        service.config.write_text(before)
        service.reload()
