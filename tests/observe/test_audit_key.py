"""The audit's secret: made once, and refused where others could have read it."""

import logging
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kerbauth.observe.audit_key import audit_secret
from kerbauth.ports import AuditError

ROOT = Path(__file__).parents[2]


def refusal(path: Path) -> str:
    with pytest.raises(AuditError) as caught:
        audit_secret(path)
    return str(caught.value)


def test_it_is_made_for_us_alone_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "audit.key"
    with caplog.at_level(logging.INFO):
        made = audit_secret(path).reveal()
    assert len(bytes.fromhex(made.decode())) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert caplog.messages == [f"a new audit key was made: {path}. Keep a copy: without it nobody can verify the audit file"]
    assert made.decode() not in caplog.text


def test_what_is_there_is_taken_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    path.touch(mode=0o400)
    path.write_text("k" * 40 + "\n")
    assert audit_secret(path).reveal() == audit_secret(path).reveal() == b"k" * 40


def test_one_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    audit_secret(path)
    path.chmod(0o644)
    assert refusal(path).startswith(f"audit.key_file {path}: the file it names has mode 0644: others than the service could read")


def test_a_short_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    path.touch(mode=0o600)
    path.write_text("short\n")
    assert "the key has 5 bytes; expected at least 32" in refusal(path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.key"
    assert refusal(path) == f"audit.key_file {path}: the key cannot be made: No such file or directory"


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    path.symlink_to(tmp_path / "target")
    assert "is not there" in refusal(path)
    assert not (tmp_path / "target").exists()


def test_without_a_file_each_start_has_its_own() -> None:
    assert audit_secret(None).reveal() != audit_secret(None).reveal()


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from kerbauth.observe.audit_key import audit_secret; sys.stdin.read(); "
    script += "print(audit_secret(Path(sys.argv[1])).reveal().decode())"
    command = [sys.executable, "-c", script, str(tmp_path / "audit.key")]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) for _ in "abcd"
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()  # go
    told = {process.stdout.read() for process in processes if process.stdout is not None}
    assert [process.wait() for process in processes] == [0] * 4
    for process in processes:
        assert process.stdout is not None
        process.stdout.close()
    assert told == {(tmp_path / "audit.key").read_bytes()}
