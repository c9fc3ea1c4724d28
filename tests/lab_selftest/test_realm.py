"""The throw-away realm is what the other tests take it for. Runs over the KDC that KERBAUTH_TEST_KDC names, like theirs."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerbauth.demo.principals import Policy, RealmDescription, Service, User
from kerbauth.demo.realm import RealmError, free_port
from tests.integration.kdc import CONTAINER, LabRealm

ROOT = Path(__file__).parents[2]
ENTRY_POINT = ROOT / "kerbauth" / "demo" / "kdc.sh"
IN_CONTAINER = os.environ.get("KERBAUTH_TEST_KDC", "process") == "container"
PASSWORDS = (
    "plain",
    "two words",
    'quo"te',
    '""',
    "-dash",
    "tab\there",
    " blanks ",
    "back\\slash",
    "$HOME `id`",
    "#!;",
    "пароль😀",
    "x" * 1000,
    'é"' * 300,
)
USERS = tuple(User(f"user{number}", password) for number, password in enumerate(PASSWORDS))
LOCKING = Policy("locking", ("-maxfailure", "2"))
SERVICES = (Service("HTTP/localhost", "http.keytab"), Service("HTTP/other.test", "other.keytab"))

# Starts a realm, says where, and is killed.
DIES = """
import os, signal, sys
from kerbauth.demo.principals import RealmDescription
from tests.integration.kdc import LabRealm
realm = LabRealm.described(RealmDescription("DIES.TEST"), container=sys.argv[1] == "True")
realm.start()
print(realm.folder, realm.port, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def realm() -> Iterator[LabRealm]:
    users = (*USERS, User("locked", "right", policy="locking"))
    with LabRealm.described(RealmDescription("LAB.TEST", users, SERVICES, (LOCKING,), lockout=True), container=IN_CONTAINER) as running:
        yield running


def try_wrong_password(realm: LabRealm, user: str, folder: Path) -> None:
    environment = realm.client_environment(folder / "ccache")
    assert subprocess.run(["kinit", user], input=b"wrong\n", env=environment, capture_output=True, check=False).returncode == 1


def seconds_of_day(log_line: str) -> int:
    hours, minutes, seconds = map(int, log_line[7:15].split(":"))  # Nov 24 01:14:04 …
    return hours * 3600 + minutes * 60 + seconds


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionResetError:
        return True  # it was there when we came, and is just going
    except ConnectionRefusedError:
        return False
    return True


def run_entry_point(folder: Path, **parameters: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ENTRY_POINT), str(folder)],
        env={**os.environ, **parameters},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("user", USERS, ids=[f"{password[:10]!r}" for password in PASSWORDS])
def test_a_password_reaches_the_database_as_it_is(realm: LabRealm, user: User, tmp_path: Path) -> None:
    realm.kinit(user.name, user.password, tmp_path / "ccache")
    assert (tmp_path / "ccache").exists(), "kinit took the password and kept a ticket"


def test_one_login_is_one_challenge_and_one_ticket_both_in_the_log_when_the_client_has_its_answer(realm: LabRealm, tmp_path: Path) -> None:
    before = realm.mark()
    realm.kinit("user0", PASSWORDS[0], tmp_path / "ccache")
    assert [(request.kind, request.status) for request in realm.requests(before)] == [("AS_REQ", "NEEDED_PREAUTH"), ("AS_REQ", "ISSUE")]


def test_a_wrong_password_is_counted_once(realm: LabRealm, tmp_path: Path) -> None:
    before = realm.mark()
    try_wrong_password(realm, "user0", tmp_path)
    assert realm.failed_password_checks(before, "user0@") == 1


def test_a_policy_locks_after_its_number_of_failures(realm: LabRealm, tmp_path: Path) -> None:
    before = realm.mark()
    for _ in range(3):
        try_wrong_password(realm, "locked", tmp_path)
    assert realm.requests(before)[-1].status == "LOCKED_OUT"
    assert realm.failed_password_checks(before, "locked@") == 2


def test_each_service_is_in_its_own_keytab_readable_by_us_only(realm: LabRealm) -> None:
    for service in SERVICES:
        keytab = realm.keytab(service.name)
        listed = subprocess.run(["klist", "-k", str(keytab)], capture_output=True, check=True, text=True).stdout
        assert set(re.findall(r"\S+@\S+", listed)) == {f"{service.name}@LAB.TEST"}
        assert keytab.stat().st_mode & 0o777 == 0o600


def test_nothing_in_the_folder_but_the_commands_of_its_making_held_passwords_and_those_are_gone(realm: LabRealm) -> None:
    assert not [file for file in realm.folder.iterdir() if file.is_file() and b"x" * 1000 in file.read_bytes()]


def test_a_restart_keeps_database_and_port(realm: LabRealm, tmp_path: Path) -> None:
    port = realm.port
    realm.restart()
    assert realm.port == port
    realm.kinit("user0", PASSWORDS[0], tmp_path / "ccache")


def test_the_clock_of_the_kdc_can_be_shifted(realm: LabRealm) -> None:
    before = realm.mark()
    realm.environment["CLOCK_SHIFT"] = "-7200"
    realm.restart()
    del realm.environment["CLOCK_SHIFT"]
    realm.restart()
    with realm.log.open() as log:
        log.seek(before)
        shifted, right = (seconds_of_day(line) for line in log if "commencing operation" in line)
    assert 7200 <= (right - shifted) % 86400 <= 7230


@pytest.fixture(scope="module")
def changing() -> Iterator[LabRealm]:
    """A realm whose users can change their passwords."""
    strict = Policy("strict", ("-minlength", "10"))
    description = RealmDescription("CHANGE.TEST", (User("alice", "first-password", policy="strict"),), policies=(strict,), kpasswd=True)
    with LabRealm.described(description, container=IN_CONTAINER) as running:
        yield running


def change_password(realm: LabRealm, user: str, old: str, new: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KRB5_CONFIG": str(realm.client_config)}
    typed = f"{old}\n{new}\n{new}\n"
    return subprocess.run(["kpasswd", user], input=typed, env=environment, capture_output=True, check=False, text=True)


def test_a_user_changes_a_password_with_kpasswd_also_after_a_restart(changing: LabRealm, tmp_path: Path) -> None:
    assert change_password(changing, "alice", "first-password", "second-password").returncode == 0
    changing.restart()
    assert change_password(changing, "alice", "second-password", "first-password").returncode == 0
    changing.kinit("alice", "first-password", tmp_path / "ccache")


def test_policy_refuses_a_new_password_and_says_why(changing: LabRealm) -> None:
    done = change_password(changing, "alice", "first-password", "short")
    assert done.returncode == 2
    assert "New password is too short.\nPlease choose a password which is at least 10 characters long." in done.stdout


def test_a_realm_without_a_password_changing_server_says_so(realm: LabRealm) -> None:
    with pytest.raises(RealmError, match="no password-changing server"):
        _ = realm.kpasswd


def test_a_kadmind_ends_with_its_kdc() -> None:
    realm = LabRealm.described(RealmDescription("ENDS.TEST", kpasswd=True), container=IN_CONTAINER)
    realm.start()
    port = int(realm.kpasswd.rpartition(":")[2])
    assert accepts_connections(port)
    realm.stop()
    assert not accepts_connections(port)


def test_a_stopped_realm_leaves_nothing() -> None:
    realm = LabRealm.described(RealmDescription("BRIEF.TEST"), container=IN_CONTAINER)
    realm.start()
    folder = realm.folder
    realm.stop()
    assert not folder.exists()
    assert not accepts_connections(realm.port)


def test_a_realm_that_cannot_be_made_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    realm = LabRealm.described(RealmDescription("BAD.TEST", (User("alice", "pw"), User("alice", "pw"))), container=IN_CONTAINER)
    with pytest.raises(RealmError, match="Principal or policy already exists"):
        realm.start()
    assert list(tmp_path.iterdir()) == []


def test_the_kdc_ends_with_the_program_that_started_it() -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(IN_CONTAINER)], cwd=ROOT, capture_output=True, check=False, text=True)
    folder, port = died.stdout.split()
    deadline = time.monotonic() + 20
    while accepts_connections(int(port)):
        assert time.monotonic() < deadline, "the KDC outlives its starter"
    for file in Path(folder).iterdir():
        file.unlink()
    Path(folder).rmdir()


@pytest.mark.skipif(IN_CONTAINER, reason="about the entry point itself")
class TestEntryPoint:
    def test_a_port_in_use_ends_it(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = run_entry_point(tmp_path, REALM="A.TEST", PORT=str(taken.getsockname()[1]))
        assert done.returncode != 0
        assert "Address already in use" in (tmp_path / "kdc.log").read_text()

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"PORT": "1"}, "kdc.sh: REALM is not the name of a realm: ''"),
            ({"REALM": "A.TEST; id", "PORT": "1"}, "kdc.sh: REALM is not the name of a realm: 'A.TEST; id'"),
            ({"REALM": "A.TEST"}, "kdc.sh: PORT is not a number: ''"),
            ({"REALM": "A.TEST", "PORT": "1", "LISTEN": "192.0.2.1"}, "kdc.sh: LISTEN is not a loopback address: 192.0.2.1"),
            ({"REALM": "A.TEST", "PORT": "1", "LISTEN": "127.evil"}, "kdc.sh: LISTEN is not an address: 127.evil"),
            (
                {"REALM": "A.TEST", "PORT": "1", "KPASSWD_PORT": "x", "KADMIN_PORT": "2"},
                "kdc.sh: KPASSWD_PORT and KADMIN_PORT are not numbers: 'x', '2'",
            ),
            ({"REALM": "A.TEST", "PORT": "1", "KPASSWD_PORT": "2"}, "kdc.sh: KPASSWD_PORT needs KADMIN_PORT and STOP_WITH_STDIN=1"),
            ({"REALM": "A.TEST", "PORT": "1", "CLOCK_SHIFT": "soon"}, "kdc.sh: CLOCK_SHIFT is not a number of seconds: 'soon'"),
        ],
    )
    def test_a_wrong_parameter_is_one_line(self, parameters: dict[str, str], message: str, tmp_path: Path) -> None:
        done = run_entry_point(tmp_path, **parameters)
        assert (done.returncode, done.stderr) == (1, message + "\n")

    def test_a_missing_program_is_named_with_its_package(self, tmp_path: Path) -> None:
        # A copy that looks nowhere else, in a PATH with all that the script needs except the KDC.
        script = tmp_path / "kdc.sh"
        script.write_text(ENTRY_POINT.read_text().replace('PATH="$PATH:/usr/sbin:/usr/local/sbin"', ""))
        done = subprocess.run(
            ["/bin/sh", str(script), str(tmp_path)],
            env={"PATH": str(tmp_path), "REALM": "A.TEST", "PORT": str(free_port())},
            capture_output=True,
            check=False,
            text=True,
        )
        assert (done.returncode, done.stderr) == (1, "kdc.sh: cannot find krb5kdc: install the package krb5-kdc\n")

    def test_the_container_has_the_same_entry_point(self) -> None:
        containerfile = (CONTAINER.parent / "Containerfile").read_text()
        assert "COPY kdc.sh /usr/local/bin/kdc.sh" in containerfile
        assert 'ENTRYPOINT ["/bin/sh", "/usr/local/bin/kdc.sh"]' in containerfile
