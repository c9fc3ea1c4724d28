"""The audit of the running service: a name that may be a password is nowhere, and without a line nobody gets in."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import CANARY, entry
from tests.integration.kdc import LabRealm
from tests.integration.service import RunningService, Setup, persons_with_desktop

Start = Callable[..., RunningService]
Fresh = Callable[..., str]

TYPED = "typed-in-the-name-field-Hunter2"


@pytest.fixture
def own(realm: LabRealm, start: Start) -> RunningService:
    """A service of one's own, with one user."""
    return start(Setup((entry(realm, settings="default = true"),), persons_with_desktop(["jdoe"])))


def command(service: RunningService, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = service.folder / "kerbauth.toml"
    return subprocess.run(
        [sys.executable, "-m", "kerbauth", *arguments, "--config", str(config)], capture_output=True, text=True, check=False, input="x\n"
    )


@pytest.mark.parametrize("form", ["{}", "{}@KA.TEST", "{}@nowhere.test", "NOWHERE\\{}", "{}/admin", "{}\u202e", "a {}"])
def test_what_was_typed_as_a_name_and_is_none_is_nowhere(own: RunningService, form: str) -> None:
    name = form.format(TYPED)
    reply = own.login(name, "x")
    assert reply.json()["verdict"] == "refused"
    record = own.audited(reply)
    assert (record["principal"], record["principal_hash"]) == (None, command(own, "audit", "hash", name).stdout.strip())
    own.login(name, "")
    done = command(own, "login", name, "--password-stdin", "--application", "desktop", "--json")
    assert json.loads(done.stdout)["principal"] is None
    assert own.stop() == 0
    written = b"".join(file.read_bytes() for file in own.folder.rglob("*") if file.is_file()).lower()
    assert TYPED.lower().encode() not in written


def test_a_name_that_the_kdc_knows_is_readable_also_with_a_wrong_password(own: RunningService) -> None:
    record = own.audited(own.login("jdoe", "wrong"))
    assert (record["principal"], record["principal_hash"]) == ("jdoe@KA.TEST", None)


def test_a_removed_audit_file_answers_nobody_until_the_service_is_started_again(realm: LabRealm, start: Start, own: RunningService) -> None:
    assert own.login("jdoe", CANARY).status_code == 200
    (own.folder / "audit.jsonl").unlink()
    for _ in range(2):
        reply = own.login("jdoe", CANARY)
        assert (reply.status_code, reply.json()["reason"]) == (503, "audit")
    assert not (own.folder / "audit.jsonl").exists()
    assert own.stop() == 0
    again = RunningService(own.folder, own.setup).start()
    try:
        assert again.login("jdoe", CANARY).status_code == 200
        verified = command(again, "audit", "verify")
        assert (verified.returncode, "break: the service wrote here that records may be lost" in verified.stdout) == (1, True)
    finally:
        again.stop()


def test_a_renamed_audit_file_is_gone_on_with_and_all_of_it_verifies(own: RunningService) -> None:
    assert own.login("jdoe", CANARY).status_code == 200
    (own.folder / "audit.jsonl").rename(own.folder / "audit.jsonl.1")
    assert own.login("jdoe", CANARY).status_code == 200
    verified = command(own, "audit", "verify", "--json")
    document = json.loads(verified.stdout)
    assert (verified.returncode, [Path(file).name for file in document["files"]]) == (0, ["audit.jsonl.1", "audit.jsonl"])
    assert document["lines"] == 4
    seq, mac = next(line for line in own.log().splitlines() if "audit anchor" in line).split("seq=")[1].split(" mac=")
    assert command(own, "audit", "verify", "--anchor", f"{seq}:{mac}").returncode == 0


def test_the_start_says_what_the_audit_does_not_do(realm: LabRealm, start: Start) -> None:
    setup = Setup((entry(realm),), extra="[audit]\nsync = false\n")
    assert "audit.sync = false" in start(setup).log()
