"""Acceptance scenarios D: may this user enter this application?"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import CANARY, entry
from tests.integration.kdc import LabRealm
from tests.integration.service import RunningService, Setup, persons_with_desktop

Fresh = Callable[..., str]
Start = Callable[..., RunningService]

ONLY = """
[[persons]]
user = "jdoe"
[[applications]]
name = "{permission}-only"
[[grants]]
application = "{permission}-only"
user = "jdoe"
permissions = ["{permission}"]
"""


def test_d01_read_and_execute_let_a_user_in(service: RunningService, fresh: Fresh) -> None:
    body = service.login(fresh(), CANARY).json()
    assert body["application"] == {"name": "desktop", "type": "agent-desktop", "permissions": ["read", "execute"]}


def test_d02_without_a_grant_the_text_is_about_permission_not_the_password(service: RunningService, fresh: Fresh) -> None:
    refused, wrong = service.login(fresh("nogrant"), CANARY), service.login(fresh(), "wrong")
    assert (refused.status_code, refused.json()["reason"]) == (403, "not-permitted")
    assert refused.json()["detail"] != wrong.json()["detail"]


@pytest.mark.parametrize("permission", ["read", "execute"])
def test_d03_one_of_the_two_permissions_is_not_enough(realm: LabRealm, start: Start, permission: str) -> None:
    service = start(Setup((entry(realm, settings="default = true"),), ONLY.format(permission=permission)))
    reply = service.login("jdoe", CANARY, f"{permission}-only")
    assert (reply.status_code, reply.json()["reason"]) == (403, "not-permitted")


def test_d04_a_group_grants_and_no_longer_being_in_it_refuses(realm: LabRealm, start: Start) -> None:
    realms = (entry(realm, settings="default = true"),)
    inside, outside = persons_with_desktop(["jdoe"]), persons_with_desktop([], without=["jdoe"])
    assert start(Setup(realms, inside)).login("jdoe", CANARY).status_code == 200
    reply = start(Setup(realms, outside)).login("jdoe", CANARY)
    assert (reply.status_code, reply.json()["reason"]) == (403, "not-permitted")


def test_d05_a_proved_user_without_any_grant_is_refused(service: RunningService, fresh: Fresh) -> None:
    reply = service.login(fresh("nogrant"), CANARY)
    assert (reply.json()["verdict"], reply.json()["reason"]) == ("refused", "not-permitted")
    assert service.audited(reply)["principal"]


def test_d06_a_disabled_person_is_refused_even_with_the_right_password(service: RunningService, fresh: Fresh) -> None:
    reply = service.login(fresh("disabled"), CANARY)
    assert (reply.status_code, reply.json()["reason"]) == (403, "user-disabled")


def test_d07_an_unknown_application_is_refused(service: RunningService, fresh: Fresh) -> None:
    reply = service.login(fresh(), CANARY, "no-such-application")
    assert (reply.status_code, reply.json()["reason"]) == (403, "unknown-application")


def test_d07_a_disabled_application_is_refused(service: RunningService, fresh: Fresh) -> None:
    reply = service.login(fresh(), CANARY, "closed")
    assert (reply.status_code, reply.json()["reason"]) == (403, "application-disabled")


# An adapter as an outside package would bring it: it writes down every question, and fails for one user.
RECORDER = """
from pathlib import Path
from kerbauth.core.outcome import Application
from kerbauth.ports import Permitted

class Recorder:
    asks_application = True
    startup_warnings = ()
    def __init__(self, file): self.file = Path(file)
    async def may_enter(self, question):
        with self.file.open("a") as file: print(question.user, file=file)
        if question.user == "jdoe": raise ConnectionError("the database is away")
        return Permitted(question.user, Application(question.application, None, ("read", "execute")))
    async def problem(self): return ""

def open_source(options, context): return Recorder(context.folder / options["file"])
"""


def recorder(realm: LabRealm, start: Start, tmp_path: Path) -> RunningService:
    package = tmp_path / "site"
    (package / "recorder-1.dist-info").mkdir(parents=True)
    (package / "recorder.py").write_text(RECORDER)
    (package / "recorder-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: recorder\nVersion: 1\n")
    (package / "recorder-1.dist-info" / "entry_points.txt").write_text("[kerbauth.permissions]\nrecorder = recorder:open_source\n")
    setup = Setup((entry(realm, settings="default = true"),), adapter='adapter = "recorder"\nfile = "questions.txt"')
    return start(setup, PYTHONPATH=str(package))


def test_d08_after_a_wrong_password_the_permission_source_is_not_asked(realm: LabRealm, start: Start, tmp_path: Path, fresh: Fresh) -> None:
    service = recorder(realm, start, tmp_path)
    wrong, right = fresh(), fresh()
    service.login(wrong, "wrong")
    assert service.login(right, CANARY).status_code == 200
    assert (service.folder / "questions.txt").read_text().split() == [right]


def test_d09_a_permission_source_that_fails_is_unavailable_never_granted(realm: LabRealm, start: Start, tmp_path: Path) -> None:
    reply = recorder(realm, start, tmp_path).login("jdoe", CANARY)
    body = reply.json()
    assert (reply.status_code, body["verdict"], body["reason"]) == (503, "unavailable", "permission-source")
    assert reply.headers["Retry-After"]
