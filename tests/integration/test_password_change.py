"""Passwords changed over HTTP by a real kadmind: what it takes, what its policy refuses, and what happens when it is away."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from kerbauth.changing import MAY_BE_CHANGED, NOT_CHANGED
from kerbauth.demo.principals import Policy, RealmDescription, Service, User
from kerbauth.kdc.protocol.kpasswd import frame
from tests.integration.conftest import CANARY
from tests.integration.kdc import LabRealm, silent_server
from tests.integration.service import IDENTITY_TOKEN, RealmEntry, RunningService, Setup
from tests.kdc.protocol.messages import krb_error

Start = Callable[..., RunningService]

REALM = "KC.TEST"
NEW = CANARY + "-new-1"  # with the canary in it: the search at the end of the run finds either
USERS = ("plain", "strict", "typo", "stranger", "silent", "gone", "stopped", "refused", "pausing", "utf8", "own")


@pytest.fixture(scope="module")
def changing() -> Iterator[LabRealm]:
    users = (
        *(User(name, CANARY, policy="strict") for name in USERS),
        User("expired", CANARY, password_expires="yesterday"),
        User("mustchange", CANARY, attributes=("+needchange",)),
        User("disabled", CANARY, attributes=("-allow_tix",)),
        User("young", CANARY, policy="slow"),
    )
    policies = (Policy("strict", ("-minlength", "12", "-minclasses", "2", "-history", "2")), Policy("slow", ("-minlife", "1d")))
    with LabRealm.described(RealmDescription(REALM, users, (Service("HTTP/localhost", "http.keytab"),), policies, kpasswd=True)) as realm:
        yield realm


def entry(realm: LabRealm, *kpasswd: str, more: str = "") -> RealmEntry:
    servers = ", ".join(f'"{server}"' for server in kpasswd or (realm.kpasswd,))
    return RealmEntry(realm.name, (realm.kdc,), realm.keytab("HTTP/localhost"), settings=f"default = true\nkpasswd = [{servers}]\n{more}")


@pytest.fixture(scope="module")
def service(changing: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    running = RunningService(tmp_path_factory.mktemp("changes"), Setup((entry(changing),))).start()
    yield running
    assert running.stop() == 0


def logs_in(service: RunningService, user: str, password: str) -> bool:
    return service.login(user, password, application=None, token=IDENTITY_TOKEN).status_code == 200


def told(reply: object) -> list[str]:
    return [message["text"] for message in reply.json()["messages"]]  # type: ignore[attr-defined]  # a requests.Response


@pytest.mark.parametrize("user", ["plain", "expired", "mustchange"])
def test_a_user_changes_a_password_and_logs_in_with_the_new_one(service: RunningService, user: str) -> None:
    reply = service.change_password(user, CANARY, NEW)
    assert (reply.status_code, reply.json()["changed"], reply.json()["principal"]) == (200, True, f"{user}@{REALM}")
    assert logs_in(service, user, NEW)
    assert not logs_in(service, user, CANARY)


def test_a_new_password_arrives_unaltered(service: RunningService) -> None:
    new = "pässwörd-密码-🔑 \\ " + "ü" * 400
    assert service.change_password("utf8", CANARY, new).status_code == 200
    assert logs_in(service, "utf8", new)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("Short-1", "New password is too short. Please choose a password which is at least 12 characters long."),
        ("onlysmallletters", "New password does not have enough character classes."),
    ],
)
def test_policy_refuses_and_a_stranger_reads_why(service: RunningService, new: str, words: str) -> None:
    reply = service.change_password("strict", CANARY, new, token=None)
    assert (reply.status_code, reply.json()["reason"]) == (422, "password-rejected")
    assert told(reply)[1].startswith(words)
    assert logs_in(service, "strict", CANARY)


def test_a_password_that_was_used_before_is_refused_by_policy(service: RunningService) -> None:
    assert service.change_password("own", CANARY, NEW).status_code == 200
    reply = service.change_password("own", NEW, CANARY)
    assert (reply.status_code, told(reply)[1]) == (422, "New password was used previously. Please choose a different password.")


def test_a_password_that_is_too_young_is_refused_by_policy(service: RunningService) -> None:
    reply = service.change_password("young", CANARY, NEW)
    assert (reply.status_code, reply.json()["reason"]) == (422, "password-rejected")


def test_a_wrong_old_password_is_one_failed_check_at_the_kdc(service: RunningService, changing: LabRealm) -> None:
    before = changing.mark()
    reply = service.change_password("typo", "wrong", NEW)
    assert (reply.status_code, reply.json()["reason"]) == (401, "bad-credentials")
    assert changing.failed_password_checks(before, "typo@") == 1


@pytest.mark.parametrize(("user", "old"), [("stranger", "wrong"), ("nobody", CANARY), ("disabled", CANARY)])
def test_a_stranger_cannot_tell_accounts_apart(service: RunningService, user: str, old: str) -> None:
    reply = service.change_password(user, old, NEW, token=None)
    assert (reply.status_code, reply.json()["reason"], told(reply)[1:]) == (401, "bad-credentials", [])


def test_it_is_on_record_as_a_change_with_the_exact_reason(service: RunningService) -> None:
    reply = service.change_password("disabled", CANARY, NEW, token=None)
    record = service.audited(reply)
    assert (record["kind"], record["verdict"], record["stage"]) == ("password-change", "refused", "changepw-proof")
    assert record["reason"] in {"account-restricted", "account-disabled"}


def test_a_server_that_takes_the_request_and_says_nothing_leaves_it_open_and_logins_go_on(changing: LabRealm, start: Start) -> None:
    with silent_server() as (address, _):
        service = start(Setup((entry(changing, address, changing.kpasswd, more="deadline = 2.0"),)))
        replies = []
        began = time.monotonic()
        asked = threading.Thread(target=lambda: replies.append(service.change_password("silent", CANARY, NEW)))
        asked.start()
        logins = 0
        while asked.is_alive():
            assert logs_in(service, "stopped", CANARY)
            logins += 1
        asked.join()
        took = time.monotonic() - began
    (reply,) = replies
    assert (reply.status_code, reply.json()["reason"], told(reply)[1:]) == (503, "kdc-unreachable", [MAY_BE_CHANGED])
    assert 1.5 < took < 4
    assert logins > 20
    assert logs_in(service, "silent", CANARY), "no other server was asked"


@contextlib.contextmanager
def answering(make: Callable[[bytes], bytes]) -> Iterator[str]:
    """A password-changing server that answers a request with what `make` makes of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    reply = make(_message(connection))
                    connection.sendall(struct.pack("!I", len(reply)) + reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(20)


def _message(connection: socket.socket) -> bytes:
    (size,) = struct.unpack("!I", connection.recv(4, socket.MSG_WAITALL))
    return connection.recv(size, socket.MSG_WAITALL)


def passed_on(realm: LabRealm, message: bytes) -> bytes:
    host, port = realm.kpasswd.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(struct.pack("!I", len(message)) + message)
        return _message(connection)


def flipped(message: bytes, place: int) -> bytes:
    changed = bytearray(message)
    changed[place] ^= 1
    return bytes(changed)


UNSEALED_SUCCESS = frame(b"", krb_error(60, data=b"\x00\x00"))
TAMPERINGS: dict[str, Callable[[LabRealm, bytes], bytes]] = {
    "the result is damaged": lambda realm, message: flipped(passed_on(realm, message), -1),
    "the AP-REP is damaged": lambda realm, message: flipped(passed_on(realm, message), 40),
    "a success that is not sealed": lambda realm, message: UNSEALED_SUCCESS,
    "the request itself": lambda realm, message: message,
    "nothing that is a reply": lambda realm, message: b"220 hello",
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_success_that_our_key_does_not_open_is_none(changing: LabRealm, start: Start, name: str) -> None:
    with answering(lambda message: TAMPERINGS[name](changing, message)) as address:
        service = start(Setup((entry(changing, address),)))
        user = f"tamper{list(TAMPERINGS).index(name)}"
        changing.add(User(user, CANARY))
        reply = service.change_password(user, CANARY, NEW)
    assert (reply.status_code, reply.json()["reason"], told(reply)[1:]) == (503, "kdc-error", [MAY_BE_CHANGED])


def test_a_server_that_is_not_there_is_passed_over(changing: LabRealm, start: Start) -> None:
    service = start(Setup((entry(changing, "127.0.0.1:1", changing.kpasswd),)))
    assert service.change_password("refused", CANARY, NEW).status_code == 200


def test_where_no_server_is_there_nothing_was_changed(changing: LabRealm, start: Start) -> None:
    service = start(Setup((entry(changing, "127.0.0.1:1"),)))
    reply = service.change_password("gone", CANARY, NEW)
    assert (reply.status_code, reply.json()["reason"], told(reply)[1:]) == (503, "kdc-unreachable", [NOT_CHANGED])
    assert logs_in(service, "gone", CANARY)


def test_a_silent_kdc_is_unavailable_and_the_old_password_counts(changing: LabRealm, start: Start) -> None:
    service = start(Setup((entry(changing, more="deadline = 1.0"),)))
    with changing.paused():
        reply = service.change_password("pausing", CANARY, NEW)
    assert (reply.status_code, reply.json()["reason"], told(reply)[1:]) == (503, "kdc-unreachable", [NOT_CHANGED])


def test_over_udp_too(changing: LabRealm, start: Start) -> None:
    service = start(Setup((entry(changing, more='transport = "udp"'),)))
    assert service.change_password("stopped", CANARY, NEW).status_code == 200
