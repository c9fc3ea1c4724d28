"""Commands and services beside one that runs, and what becomes of it when its ground is taken away."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import CANARY, KA_NAMES, entry, names_of
from tests.integration.kdc import LabRealm
from tests.integration.service import RealmEntry, RunningService, Setup, persons_with_desktop
from tests.integration.test_commands import kerbauth, login

Start = Callable[..., RunningService]
Fresh = Callable[..., str]


@pytest.fixture
def service(realm: LabRealm, tmp_path: Path) -> Iterator[RunningService]:
    folder = tmp_path / "service"
    folder.mkdir()
    setup = Setup((entry(realm, settings="default = true", names=KA_NAMES),), persons_with_desktop(names_of("good")))
    running = RunningService(folder, setup).start()
    yield running
    assert running.stop() == 0


def answers(service: RunningService, user: str) -> str:
    reply = service.login(user, CANARY)
    return str(reply.json().get("reason", reply.json()["verdict"]))


def test_a_command_leaves_the_running_services_kdcs_alone(service: RunningService, realm: LabRealm, fresh: Fresh) -> None:
    service.config.write_text(service.config.read_text().replace(realm.kdc, "127.0.0.1:1"))
    assert login(service.config, fresh(), CANARY, "--application", "desktop").returncode == 3
    assert answers(service, fresh()) == "granted"


def test_a_command_counts_where_the_service_does(service: RunningService, fresh: Fresh) -> None:
    user = fresh()
    assert login(service.config, user, "wrong", "--application", "desktop").returncode == 1
    assert f"{user}@KA.TEST: 1 wrong" in kerbauth("throttle", "list", "--config", str(service.config)).stdout


def test_a_second_service_with_the_same_folder_is_refused_and_touches_nothing(service: RunningService, fresh: Fresh) -> None:
    assert answers(service, fresh()) == "granted"
    audit = service.folder / "audit.jsonl"
    audit.write_bytes(audit.read_bytes()[:-50])
    assert answers(service, fresh()) == "audit"
    second = kerbauth("serve", "--config", str(service.config))
    assert (second.returncode, "belongs to a kerbauth service that runs" in second.stderr) == (2, True), second.stderr
    assert answers(service, fresh()) == "audit", "only an operator's own act forgives a cut audit"
    assert 'kerbauth_logins_total{door="http"' in service.request("GET", "/metrics").text
    service.reload()
    assert answers(service, fresh()) == "granted"


def test_a_start_whose_address_is_taken_touches_nothing(service: RunningService, fresh: Fresh) -> None:
    audit = service.folder / "audit.jsonl"
    answers(service, fresh())
    before = audit.read_bytes()
    address = service.url.removeprefix("http://")
    second = service.folder / "second.toml"
    second.write_text(service.config.read_text().replace("127.0.0.1:0", address).replace('"run"', '"run2"'))
    done = kerbauth("serve", "--config", str(second))
    assert (done.returncode, "cannot listen on" in done.stderr) == (2, True), done.stderr
    assert audit.read_bytes() == before


def test_without_a_krb5_conf_the_kdcs_are_known_all_the_same(service: RunningService, fresh: Fresh) -> None:
    (service.folder / "run" / "krb5.conf").unlink()
    time.sleep(1.1)  # libkrb5 looks at its file once a second
    user = fresh()
    assert answers(service, user) == "granted"
    assert service.login(user, "wrong").json()["reason"] == "bad-credentials"
    assert service.request("GET", "/readyz").status_code == 200
    service.reload()
    assert (service.folder / "run" / "krb5.conf").exists()


def test_a_realm_whose_kdcs_cannot_be_found_is_unreachable_and_counts_nothing(realm: LabRealm, start: Start, fresh: Fresh) -> None:
    found_by_dns = RealmEntry(realm.name, (), realm.keytab("HTTP/localhost"), settings="default = true")
    toml = found_by_dns.toml().replace("kdcs = []\n", "")

    class ByDns(RealmEntry):
        def toml(self) -> str:
            return toml

    service = start(Setup((ByDns(realm.name, (), realm.keytab("HTTP/localhost")),)))
    user = fresh()
    replies = [service.login(user, CANARY, None) for _ in range(2)]
    assert [(reply.status_code, reply.json()["reason"]) for reply in replies] == [(503, "kdc-unreachable")] * 2
    assert user not in kerbauth("throttle", "list", "--config", str(service.config)).stdout


def test_a_reload_that_is_refused_at_its_end_leaves_the_kdcs_alone(service: RunningService, realm: LabRealm, fresh: Fresh) -> None:
    state = service.folder / "audit.jsonl.state"
    answers(service, fresh())
    aside = state.rename(service.folder / "aside")
    state.symlink_to(aside)
    assert "refused" in service.configure(realm.kdc, "127.0.0.1:1")
    state.unlink()
    aside.rename(state)
    assert answers(service, fresh()) == "granted"


def test_a_pipe_in_place_of_a_file_is_refused_and_holds_nobody_up(service: RunningService, fresh: Fresh) -> None:
    permissions = service.folder / "permissions.toml"
    permissions.unlink()
    os.mkfifo(permissions)
    assert "not a regular file" in service.reload()
    assert answers(service, fresh()) == "granted"


def test_a_reload_asked_for_during_the_start_does_not_end_it(realm: LabRealm, tmp_path: Path) -> None:
    config = Setup((entry(realm, settings="default = true"),)).write(tmp_path)
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-m", "kerbauth", "serve", "--config", str(config)], stderr=file)
    ends = time.monotonic() + 30
    blocked = 1 << (signal.SIGHUP - 1)
    while not int(_status(process.pid, "SigBlk"), 16) & blocked:  # the interpreter itself has begun
        assert time.monotonic() < ends
    for _ in range(5):
        process.send_signal(signal.SIGHUP)
    while "reloaded: " not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.02)  # polling a file another process writes
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def _status(pid: int, name: str) -> str:
    return next(line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name + ":"))
