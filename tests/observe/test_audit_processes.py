"""Several real processes write one audit file, while it is renamed, while logrotate works on it, while one is killed, on a full disk."""

import contextlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kerbauth.observe.audit_store import AuditStore
from tests.observe.sealed import KEY, SECRET, check, known_end, lines, login, users

ROOT = Path(__file__).parents[2]
COUNT = 500

Writer = subprocess.Popen[bytes]


Starter = Callable[..., list[Writer]]


@pytest.fixture
def start(path: Path) -> Iterator[Starter]:
    """Starts writers of the file, one for each name, and ends those that a failed test left."""
    started: list[Writer] = []

    def run(names: str, *more: object) -> list[Writer]:
        command = [sys.executable, "-m", "tests.observe.audit_writer", str(path)]
        writers = [
            subprocess.Popen([*command, name, str(COUNT), *map(str, more)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for name in names
        ]
        started.extend(writers)
        return writers

    yield run
    for writer in started:
        writer.kill()
        writer.communicate()


def acknowledged(writer: Writer) -> list[str]:
    """The records the process was told are written, once it has ended. What it complained of fails the test."""
    out, complaints = writer.communicate(timeout=120)
    assert complaints == b""
    return out.decode().split()


def in_order(path: Path) -> list[Path]:
    """All files of an audit, in the order of their records."""
    files = [file for file in path.parent.iterdir() if file.name.startswith(path.name) and not file.name.endswith(".state")]
    return sorted((file for file in files if lines_or_none(file)), key=lambda file: lines(file)[0]["chain"]["seq"])


def lines_or_none(path: Path) -> list[object] | None:
    try:
        return list(lines(path))
    except json.JSONDecodeError:  # a torn line at its end
        return [path]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def reading(writer: Writer) -> Iterator[str]:
    assert writer.stdout is not None
    for line in writer.stdout:
        yield line.decode().strip()


def test_no_line_is_lost_while_the_file_is_renamed(path: Path, start: Starter) -> None:
    writers = start("abcd")
    first: list[str] = []
    for count, name in enumerate(reading(writers[0])):  # at the pace of the first process
        first.append(name)
        if count % 50 == 49:
            with contextlib.suppress(FileNotFoundError):  # nobody has written since the last time
                path.rename(path.with_name(f"audit.jsonl-{count:04}"))
    told = first + [name for writer in writers for name in acknowledged(writer)]
    files = in_order(path)
    assert len(files) > 5
    assert sorted(told) == sorted(users(*files)) == sorted(f"{name}{number}" for name in "abcd" for number in range(COUNT))
    report = check(files, known_end(path))
    assert (report.findings, report.notes) == ((), ())


def test_no_line_is_lost_while_processes_rotate_by_size(path: Path, start: Starter) -> None:
    told = [name for writer in start("abcd", 100_000) for name in acknowledged(writer)]
    files = in_order(path)
    assert len(files) > 5
    assert sorted(told) == sorted(users(*files))
    assert check(files, known_end(path)).findings == ()


def test_a_killed_process_loses_nothing_that_was_acknowledged_and_the_others_go_on(path: Path, start: Starter) -> None:
    writers = start("abcd")
    told = []
    for name in reading(writers[0]):
        told.append(name)
        if len(told) == 100:
            writers[0].kill()  # SIGKILL
    assert writers[0].wait() == -9
    for writer in writers[1:]:
        told += acknowledged(writer)
    with contextlib.closing(AuditStore(path, SECRET)) as store:
        assert store.append([login("after")]) == [None]
    report = check([path], known_end(path))
    assert report.findings == ()
    written = {json.loads(line)["user"] for line in path.read_bytes().splitlines() if line.endswith(b"}") and b'"user"' in line}
    assert set(told) <= written
    assert len(told) >= 3 * COUNT + 100


LOGROTATE = shutil.which("logrotate", path="/usr/sbin:/usr/bin:/sbin:/bin")


def logrotate(path: Path, *left_out: str) -> None:
    """Rotate once, with the file that comes with kerbauth, less the lines that begin with these words."""
    kept = (ROOT / "deploy" / "logrotate" / "kerbauth").read_text().replace("/var/log/kerbauth/audit.jsonl", str(path)).splitlines()
    config = path.with_name("logrotate.conf")
    config.write_text("\n".join(line for line in kept if not line.strip().startswith(left_out)))
    config.chmod(0o600)
    command = [str(LOGROTATE), "--force", "--state", str(path.with_name("rotated")), str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(LOGROTATE is None, reason="logrotate is not installed")
def test_no_line_is_lost_while_logrotate_works(path: Path, start: Starter) -> None:
    writers = start("abcd")
    first: list[str] = []
    for count, name in enumerate(reading(writers[0])):
        first.append(name)
        if count % 100 == 99:
            logrotate(path, "su", "date")  # with numbers: no second is long enough for two of them with dates
    told = first + [name for writer in writers for name in acknowledged(writer)]
    files = in_order(path)
    assert any(file.suffix == ".gz" for file in files)
    assert sorted(told) == sorted(users(*files))
    report = check(files, known_end(path))
    assert (report.findings, report.notes) == ((), ())


@pytest.mark.skipif(LOGROTATE is None, reason="logrotate is not installed")
def test_a_file_that_logrotate_dated_is_found_again(path: Path) -> None:
    with contextlib.closing(AuditStore(path, SECRET)) as store:
        assert store.append([login("a")]) == [None]
        logrotate(path, "su")
    with contextlib.closing(AuditStore(path, SECRET)) as store:
        assert store.append([login("b")]) == [None]
    first, second = in_order(path)
    assert re.fullmatch(r"audit\.jsonl-\d{8}-\d+", first.name)
    assert check([first, second], known_end(path)).findings == ()


TINY = """
set -e
mount -t tmpfs -o size=256k none "$1"
exec "$2" -c "$3" "$1"
"""

FILL = """
import asyncio, sys
from pathlib import Path
from kerbauth.observe.audit_file import AuditFile
from kerbauth.ports import AuditError
from tests.observe.records import granted
from tests.observe.sealed import SECRET, check_all, users

async def main():
    path = Path(sys.argv[1]) / "audit.jsonl"
    file = AuditFile(path, SECRET)
    told, refused = [], 0
    ballast = Path(sys.argv[1]) / "ballast"
    await file.write(granted(user="first"))
    try:
        with ballast.open("wb", buffering=0) as out:
            while True:
                out.write(bytes(1024))
    except OSError:
        pass
    for number in range(40):  # the last page of the audit file itself is still to fill
        try:
            await file.write(granted(user=str(number)))
            told.append(str(number))
        except AuditError as error:
            refused += 1
            assert str(error).startswith(str(path)), error
            assert "No space left" in str(error) or "is the disk full?" in str(error), error
    assert refused > 5, refused
    ballast.unlink()
    await file.write(granted(user="last"))
    file.close()
    assert users(path) == ["first", *told, "last"]
    report = check_all(path)
    assert (report.findings, report.notes) == ((), ()), report

asyncio.run(main())
"""


def may_mount() -> bool:
    probe = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
    return shutil.which("unshare") is not None and subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="may not mount a file system")
def test_a_disk_that_is_full_refuses_and_is_got_over(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["unshare", "-m", "sh", "-c", TINY, "sh", str(disk), sys.executable, FILL]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_lines_of_processes_are_sealed_with_one_key(path: Path, start: Starter) -> None:
    for writer in start("ab"):
        acknowledged(writer)
    assert {line["key"] for line in lines(path) if line["kind"] == "anchor"} == {KEY.id}
