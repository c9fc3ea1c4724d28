"""Two KDCs on one database, each of which falls silent and ends by itself."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerbauth.demo.principals import RealmDescription, User
from kerbauth.demo.realm import LISTEN, client_configuration
from tests.integration.kdc import LabRealm
from tests.integration.kdc_log import LogsSince, requests_in
from tests.integration.second_kdc import SecondKdc, state

PASSWORD = "of-both-kdcs"
DESCRIPTION = RealmDescription("LAB.TEST", (User("user", PASSWORD),))


@pytest.fixture(scope="module")
def realm() -> Iterator[LabRealm]:
    with LabRealm.described(DESCRIPTION) as running:
        yield running


@pytest.fixture
def second(realm: LabRealm) -> Iterator[SecondKdc]:
    with realm.second_kdc() as running:
        yield running


def kinit(address: str, folder: Path, user: str = "user", password: str = PASSWORD) -> int:
    """kinit's status when it knows this KDC only."""
    (folder / "krb5.conf").write_text(client_configuration(DESCRIPTION, address, folder / "ccache"))
    environment = {**os.environ, "KRB5_CONFIG": str(folder / "krb5.conf")}
    return subprocess.run(["kinit", user], input=f"{password}\n".encode(), env=environment, capture_output=True, check=False).returncode


def refuses(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_both_give_tickets_and_log_their_own_requests(realm: LabRealm, second: SecondKdc, tmp_path: Path) -> None:
    before, before_second = realm.mark(), second.log.stat().st_size
    assert kinit(second.kdc, tmp_path) == 0
    assert realm.requests(before) == []
    assert [request.status for request in requests_in(second.log, before_second)] == ["NEEDED_PREAUTH", "ISSUE"]
    assert kinit(realm.kdc, tmp_path) == 0
    assert [request.status for request in realm.requests(before)] == ["NEEDED_PREAUTH", "ISSUE"]


def test_a_user_made_at_the_first_is_known_to_the_second(realm: LabRealm, second: SecondKdc, tmp_path: Path) -> None:
    realm.add(User("later", PASSWORD))
    assert kinit(second.kdc, tmp_path, "later") == 0


def test_wrong_passwords_are_counted_over_both(realm: LabRealm, second: SecondKdc, tmp_path: Path) -> None:
    logs = LogsSince(realm.log, second.log)
    for address in (realm.kdc, second.kdc, second.kdc):
        assert kinit(address, tmp_path, password="wrong") == 1
    assert (logs.failed_password_checks(), logs.failed_password_checks("user@"), logs.failed_password_checks("other@")) == (3, 3, 0)


def test_the_first_is_paused_while_the_second_works(realm: LabRealm, second: SecondKdc, tmp_path: Path) -> None:
    with realm.paused():
        assert (state(realm.pid), state(second.pid) == "T") == ("T", False)
        assert kinit(second.kdc, tmp_path) == 0
    assert kinit(realm.kdc, tmp_path) == 0


def test_the_second_is_paused_while_the_first_works(realm: LabRealm, second: SecondKdc, tmp_path: Path) -> None:
    with second.paused():
        assert state(second.pid) == "T"
        assert kinit(realm.kdc, tmp_path) == 0
    assert kinit(second.kdc, tmp_path) == 0


def test_each_is_killed_and_comes_back_on_its_port(realm: LabRealm, second: SecondKdc, tmp_path: Path) -> None:
    for one, other, return_ in ((realm, second, realm.restart), (second, realm, second.start)):
        address = one.kdc
        one.kill()
        assert refuses(address)
        assert kinit(other.kdc, tmp_path) == 0
        return_()
        assert kinit(address, tmp_path) == 0


def test_one_that_is_killed_while_paused_stays_away(realm: LabRealm, second: SecondKdc) -> None:
    with second.paused():
        second.kill()
    assert refuses(second.kdc)
    assert not refuses(realm.kdc)


def test_the_second_leaves_nothing_running(realm: LabRealm) -> None:
    with realm.second_kdc() as second:
        pid, address = second.pid, second.kdc
    assert not Path(f"/proc/{pid}").exists()
    assert refuses(address)
    assert address.startswith(LISTEN)
