"""The service as a service manager runs it: nobody's user, a file system it cannot write to, a socket it did not open."""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import CANARY, entry
from tests.integration.kdc import LabRealm, make_tokens
from tests.integration.service import RealmEntry, RunningService, Setup, persons_with_desktop
from tests.integration.workers import Workers

NOBODY = 65534
ROOT = Path(__file__).parents[2]

# Every file system read-only but one folder ($0); then a user without privileges. An interpreter in somebody's private folder is shown at
# its place all the same.
_CONFINE = """
set -e
mount --make-rprivate /
mount --bind "$0" "$0"
if [ -n "$INTERPRETER" ]; then
    mkdir "$0/interpreter"
    mount --bind "$INTERPRETER" "$0/interpreter"
    mount -t tmpfs -o mode=755 tmpfs "/$(echo "$INTERPRETER" | cut -d/ -f2)"
    mkdir -p "$INTERPRETER"
    mount --bind "$0/interpreter" "$INTERPRETER"
    umount "$0/interpreter"
    rmdir "$0/interpreter"
fi
while read -r _ target type _; do
    case "$type $target" in
        proc\\ *|sysfs\\ *|devpts\\ *|*" $0") ;;
        *) mount -o remount,bind,ro "$target" 2>/dev/null || true ;;
    esac
done </proc/self/mounts
! touch /tmp/writable 2>/dev/null
exec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "$@"
"""
# Memory that can be written never becomes code: prctl(2), PR_SET_MDWE, as systemd's MemoryDenyWriteExecute= has it. Kept over an exec.
_NO_NEW_CODE = "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execvp(sys.argv[1], sys.argv[1:])"


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder that another user can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="kerbauth-confined-"))
    folder.chmod(0o755)
    yield folder
    told = [str(place) for place in folder.rglob("*") if place.is_file() and CANARY.encode() in place.read_bytes()]
    shutil.rmtree(folder)
    assert told == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else and mount")
def test_logins_work_for_an_unprivileged_user_on_a_read_only_file_system(
    realm: LabRealm, state: Path, tmp_path: Path, fresh: Callable[[str], str]
) -> None:
    expiring = fresh("soon")
    read, written = state / "etc", state / "var"
    for folder in (read, written):
        folder.mkdir()
    keytab = read / "http.keytab"
    keytab.write_bytes(realm.keytab("HTTP/localhost").read_bytes())
    keytab.chmod(0o400)
    setup = Setup(
        (RealmEntry(realm.name, (realm.kdc,), keytab, settings="default = true"),),
        persons_with_desktop(["jdoe", expiring]),
        server="workers = 2",
        runtime=f'runtime_directory = "{written}/run"',
        extra=f'[audit]\nfile = "{written}/audit.jsonl"',
    )
    config = setup.write(read)
    for place in (read, written, *read.iterdir()):
        os.chown(place, NOBODY, NOBODY)
    interpreter = Path(sys.base_prefix)
    hidden = any(not folder.stat().st_mode & 0o001 for folder in interpreter.parents)
    environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "INTERPRETER": str(interpreter) if hidden else ""}
    confine = (sys.executable, "-c", _NO_NEW_CODE, "unshare", "--mount", "/bin/sh", "-c", _CONFINE, str(written))
    service = RunningService(tmp_path, setup, environment, wrapper=confine).run(config)
    try:
        pids = [*Workers(service).pids(), service.process.pid if service.process else 0]
        assert {Path(f"/proc/{pid}/status").read_text().partition("Uid:\t")[2].split()[0] for pid in pids} == {str(NOBODY)}
        assert {Path(f"/proc/{pid}/status").read_text().partition("CapEff:\t")[2].split()[0] for pid in pids} == {"0" * 16}
        assert service.login("jdoe", CANARY).status_code == 200
        assert service.login("jdoe", "wrong").status_code == 401
        told = service.login(expiring, CANARY).json()["messages"]
        assert [each["reason"] for each in told] == ["password-expires-soon"], "libkrb5 calls back without any new code"
        ticket = make_tokens(realm.kinit("jdoe", CANARY, tmp_path / "ccache"), "HTTP/localhost@KA.TEST")[0]
        assert service.sso(ticket).status_code == 200
        assert service.request("GET", "/metrics").status_code == 200
        config.write_text(config.read_text() + "\n# a comment\n")
        assert "reloaded: 2 workers" in service.reload()
        assert service.login("jdoe", CANARY).status_code == 200
        assert (written / "audit.jsonl").read_text().count('"kind":"login"') == 5
        assert "libkrb5 1." in service.log(), "what is loaded can be told, though the process is not dumpable"
    finally:
        assert service.stop() == 0
    assert not list(state.rglob("core*"))


def hand_over(passed: socket.socket) -> tuple[str, ...]:
    """Runs a command as sd_listen_fds(3) wants it: the socket as descriptor 3, and its own process id."""
    return ("/bin/bash", "-c", f'export LISTEN_FDS=1 LISTEN_PID=$$; exec 3<&{passed.fileno()}; exec "$@"', "sh")


def test_a_socket_that_was_passed_is_served_from_the_first_connection_on(realm: LabRealm, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as passed:
        early = socket.create_connection(passed.getsockname())
        early.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")  # before anybody serves
        setup = Setup((entry(realm, settings="default = true"),))
        service = RunningService(tmp_path, setup, wrapper=hand_over(passed), passed=(passed.fileno(),)).start()
        assert service.url == f"http://127.0.0.1:{passed.getsockname()[1]}"
        early.settimeout(10)
        assert early.recv(65536).startswith(b"HTTP/1.1 200")
        early.close()
        assert service.login("jdoe", CANARY, None).status_code == 200
        assert service.stop() == 0
        # the socket is the service manager's: it still listens, for whoever is started next
        socket.create_connection(passed.getsockname()).close()


def test_a_passed_socket_that_other_machines_reach_is_refused_unless_asked_for(realm: LabRealm, tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as passed:  # noqa: S104 -- what is tested is that it is refused
        service = RunningService(tmp_path, Setup((entry(realm),)), wrapper=hand_over(passed), passed=(passed.fileno(),))
        with pytest.raises(AssertionError, match=r"passed a socket that listens on 0\.0\.0\.0, which other machines reach"):
            service.start()
        assert service.process is not None
        assert service.process.wait(5) == 2


def test_the_service_manager_is_told_when_logins_can_be_answered(realm: LabRealm, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        setup = Setup((entry(realm, settings="default = true"),), server="workers = 2")
        service = RunningService(tmp_path, setup, {"NOTIFY_SOCKET": str(tmp_path / "notify")}).start()
        assert manager.recv(4096) == b"READY=1\nSTATUS=2 workers serve\n"
        assert service.login("jdoe", CANARY, None).status_code == 200
        service.configure('runtime_directory = "run"', 'runtime_directory = "run"\nworkerz = 1')
        assert manager.recv(4096).startswith(b"RELOADING=1\n")
        assert manager.recv(4096) == b"READY=1\nSTATUS=a reload was refused; the last good configuration serves\n"
        assert service.stop() == 0
        assert manager.recv(4096).startswith(b"STOPPING=1\n")
