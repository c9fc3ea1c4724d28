"""The audit file beyond the contract every sink keeps: how it is opened, cut off, moved away and closed."""

import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kerbauth.core.audit import AuditRecord
from kerbauth.observe.audit_file import AuditFile, line_of
from kerbauth.ports import AuditError
from tests.observe.records import granted, refused

USER = 65534  # nobody


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def audit(path: Path) -> Iterator[AuditFile]:
    file = AuditFile(path)
    yield file
    file.close()


def written(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def refusal(path: Path) -> str:
    with pytest.raises(AuditError) as caught:
        AuditFile(path)
    return str(caught.value)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process can grow beyond `size` bytes: a write is cut there, and the next fails with EFBIG (setrlimit(2))."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_it_is_made_at_once_for_us_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        AuditFile(path).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_there_stays_and_so_does_its_mode(path: Path) -> None:
    path.write_text('{"earlier":1}\n')
    path.chmod(0o640)
    file = AuditFile(path)
    file.write(granted())
    file.close()
    assert written(path) == [{"earlier": 1}, granted().as_json()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "audit.jsonl"
    assert refusal(path) == f"{path}: the audit file cannot be opened for appending: No such file or directory"


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path).endswith("cannot be opened for appending: Is a directory")


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    path.symlink_to(target)
    assert "Too many levels of symbolic links" in refusal(path)


def test_a_pipe_in_its_place_is_told_and_does_not_hang(path: Path) -> None:
    os.mkfifo(path)
    assert refusal(path) == f"{path}: the audit file is not a regular file"


def test_a_device_in_its_place_is_told() -> None:
    assert refusal(Path("/dev/null")) == "/dev/null: the audit file is not a regular file"


def test_a_file_that_may_not_be_written_is_told() -> None:
    """As another user, because nothing is forbidden to root."""
    script = f"""
import os, sys
from pathlib import Path
from kerbauth.observe.audit_file import AuditFile
from kerbauth.ports import AuditError
if os.getuid() == 0:
    os.setgroups([]); os.setgid({USER}); os.setuid({USER})
try:
    AuditFile(Path(sys.argv[1]))
except AuditError as error:
    print(error)
"""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # not in pytest's folders, which other users cannot enter
        path = Path(folder) / "audit.jsonl"
        path.touch(mode=0o400)
        done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{path}: the audit file cannot be opened for appending: Permission denied\n"


def test_the_descriptor_is_not_inherited(audit: AuditFile) -> None:
    assert not os.get_inheritable(audit._descriptor)


def test_a_record_that_is_cut_off_is_an_error_and_does_not_spoil_the_next(path: Path, audit: AuditFile) -> None:
    audit.write(granted())
    whole = path.stat().st_size
    with (
        file_size_limit(whole + 10),
        pytest.raises(AuditError, match=f"only 10 of an audit record's {len(line_of(refused()))} bytes") as caught,
    ):
        audit.write(refused())
    assert str(path) in str(caught.value)
    audit.write(granted(user="bob"))
    audit.write(granted(user="carol"))
    lines = path.read_bytes().split(b"\n")
    assert lines == [
        line_of(granted())[:-1],
        line_of(refused())[:10],
        line_of(granted(user="bob"))[:-1],
        line_of(granted(user="carol"))[:-1],
        b"",
    ]


def test_a_record_that_cannot_be_written_is_an_error_and_leaves_nothing(path: Path, audit: AuditFile) -> None:
    audit.write(granted())
    before = path.read_bytes()
    with file_size_limit(len(before)), pytest.raises(AuditError) as caught:
        audit.write(refused())
    assert str(caught.value) == f"{path}: the audit record cannot be written: File too large"
    audit.write(granted())
    assert path.read_bytes() == before * 2


def test_a_record_that_was_cut_off_and_then_failed_still_does_not_spoil_the_next(path: Path, audit: AuditFile) -> None:
    with file_size_limit(10):
        for _ in range(2):
            with pytest.raises(AuditError):
                audit.write(refused())
    audit.write(granted())
    assert path.read_bytes() == line_of(refused())[:10] + b"\n" + line_of(granted())


def test_a_line_that_an_earlier_process_left_cut_off_does_not_spoil_the_next(path: Path) -> None:
    path.write_bytes(b'{"time":"20')
    file = AuditFile(path)
    file.write(granted())
    file.close()
    assert path.read_bytes() == b'{"time":"20\n' + line_of(granted())


def test_several_processes_may_share_it(path: Path) -> None:
    script = """
import sys
from pathlib import Path
from kerbauth.observe.audit_file import AuditFile
from tests.observe.records import granted
file = AuditFile(Path(sys.argv[1]))
for _ in range(500):
    file.write(granted(user=sys.argv[2] * 300))
"""
    processes = [subprocess.Popen([sys.executable, "-c", script, str(path), name], cwd=Path(__file__).parents[2]) for name in "abcd"]
    assert [process.wait() for process in processes] == [0] * 4
    # A process that begins while another is in the middle of a line may put a blank line after it.
    users = [json.loads(line)["user"] for line in path.read_text().splitlines() if line]
    assert sorted(users) == [name * 300 for name in "abcd" for _ in range(500)]


def test_a_file_that_was_moved_away_is_begun_anew(path: Path, audit: AuditFile) -> None:
    audit.write(granted())
    moved = path.rename(path.with_suffix(".1"))
    audit.write(refused())
    assert written(moved) == [granted().as_json()]
    assert written(path) == [refused().as_json()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_was_replaced_is_written_on(path: Path, audit: AuditFile) -> None:
    path.unlink()
    path.write_text('{"new":1}\n')
    audit.write(granted())
    assert written(path) == [{"new": 1}, granted().as_json()]


def test_a_file_that_was_emptied_is_written_from_its_beginning(path: Path, audit: AuditFile) -> None:
    audit.write(granted())
    os.truncate(path, 0)
    audit.write(refused())
    assert written(path) == [refused().as_json()]


def test_nothing_is_written_through_a_link_put_in_its_place(path: Path, audit: AuditFile, tmp_path: Path) -> None:
    target = tmp_path / "target"
    path.rename(target)
    path.symlink_to(target)
    with pytest.raises(AuditError, match="symbolic links"):
        audit.write(granted())
    assert target.read_bytes() == b""
    path.unlink()
    audit.write(granted())
    assert written(path) == [granted().as_json()]


def test_moving_it_away_leaves_no_descriptor_behind(path: Path, audit: AuditFile) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 -- the names alone are counted -- counted, not walked
    for _ in range(10):
        path.unlink()
        audit.write(granted())
    with pytest.raises(AuditError):
        AuditFile(Path("/dev/null"))
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 -- the names alone are counted


def test_a_closed_file_takes_no_records(path: Path) -> None:
    file = AuditFile(path)
    file.close()
    file.close()
    with pytest.raises(AuditError, match="is closed"):
        file.write(granted())


@pytest.mark.parametrize("hyphen", ["-", Path("-")])
def test_a_hyphen_is_standard_output(hyphen: Path | str, capfd: pytest.CaptureFixture[str]) -> None:
    file = AuditFile(hyphen)
    file.write(granted())
    file.close()
    print("still open")  # noqa: T201 -- that printing still works is what is tested
    assert capfd.readouterr().out == line_of(granted()).decode() + "still open\n"


def test_a_file_may_be_called_hyphen_in_a_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = AuditFile(tmp_path / "-")
    file.write(granted())
    file.close()
    assert capfd.readouterr().out == ""
    assert written(tmp_path / "-") == [granted().as_json()]


def test_standard_output_that_nobody_reads_is_an_error() -> None:
    script = """
from kerbauth.observe.audit_file import AuditFile
from kerbauth.ports import AuditError
from tests.observe.records import granted
try:
    AuditFile("-").write(granted())
except AuditError as error:
    raise SystemExit(str(error))
"""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", script], stdout=writing, stderr=subprocess.PIPE, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    os.close(writing)
    assert done.stderr == "standard output: the audit record cannot be written: Broken pipe\n"


def test_no_standard_output_is_an_error_at_the_start() -> None:
    script = """
import os
from kerbauth.observe.audit_file import AuditFile
from kerbauth.ports import AuditError
os.close(1)
try:
    AuditFile("-")
except AuditError as error:
    raise SystemExit(str(error))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == "standard output: the audit file cannot be opened for appending: Bad file descriptor\n"


def not_a_number() -> AuditRecord:
    return granted(durations={"as": float("nan")})


def test_what_json_cannot_say_is_an_error_and_leaves_nothing(path: Path, audit: AuditFile) -> None:
    with pytest.raises(AuditError, match="is not written"):
        audit.write(not_a_number())
    assert path.read_bytes() == b""
