"""The audit file beyond the contract every sink keeps: how it is opened, followed, cut off, gone and found again."""

import errno
import gzip
import logging
import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kerbauth.core.audit_chain import ChainKey
from kerbauth.core.audit_verify import Kind
from kerbauth.core.secret import Secret
from kerbauth.observe.audit_state import state_path
from kerbauth.observe.audit_store import AuditOptions, AuditStore, settle
from kerbauth.ports import AuditError
from tests.observe.sealed import KEY, SECRET, anchors, check, check_all, known_end, lines, login, users

USER = 65534  # nobody
ROOT = Path(__file__).parents[2]

Opener = Callable[..., AuditStore]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def opened(path: Path) -> Iterator[Opener]:
    """Opens stores of the file, and closes them after the test."""
    stores: list[AuditStore] = []

    def open_one(options: AuditOptions = AuditOptions(), secret: Secret = SECRET, **more: object) -> AuditStore:
        stores.append(AuditStore(path, secret, options, **more))  # type: ignore[arg-type]  # the rest as it comes
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


def put(store: AuditStore, *names: str) -> None:
    """Append a login for each name; all must be written."""
    assert store.append([login(name) for name in names]) == [None] * len(names)


def refusal(store: AuditStore, name: str = "refused") -> str:
    """Why a login is not written."""
    (answer,) = store.append([login(name)])
    assert answer is not None
    return str(answer)


def not_opened(path: Path) -> str:
    with pytest.raises(AuditError) as caught:
        AuditStore(path, SECRET)
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


# opening


def test_both_files_are_made_at_once_for_us_alone(path: Path, opened: Opener) -> None:
    before = os.umask(0)
    try:
        opened()
    finally:
        os.umask(before)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, state_path(path))] == [0o600, 0o600]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "audit.jsonl"
    assert not_opened(path) == f"{path}.state: the audit's state file cannot be opened: No such file or directory"


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    assert not_opened(tmp_path).endswith("cannot be opened for appending: Is a directory")


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    path.symlink_to(target)
    assert "Too many levels of symbolic links" in not_opened(path)


def test_a_link_in_the_states_place_is_not_followed(path: Path, tmp_path: Path) -> None:
    state_path(path).symlink_to(tmp_path / "target")
    assert "Too many levels of symbolic links" in not_opened(path)


def test_a_pipe_in_its_place_is_told_and_does_not_hang(path: Path) -> None:
    os.mkfifo(path)
    assert not_opened(path) == f"{path}: the audit file is not a regular file"


def test_a_pipe_in_the_states_place_is_told(path: Path) -> None:
    os.mkfifo(state_path(path))
    assert not_opened(path) == f"{path}.state: the audit's state file is not a regular file"


def test_a_device_in_its_place_is_told() -> None:
    assert not_opened(Path("/dev/null")) == "/dev/null: the audit file is not a regular file"
    assert not Path("/dev/null.state").exists()


def test_a_file_that_may_not_be_written_is_told() -> None:
    """As another user, because nothing is forbidden to root."""
    script = f"""
import os, sys
from pathlib import Path
from kerbauth.observe.audit_store import AuditStore
from kerbauth.ports import AuditError
from tests.observe.sealed import SECRET
if os.getuid() == 0:
    os.setgroups([]); os.setgid({USER}); os.setuid({USER})
try:
    AuditStore(Path(sys.argv[1]), SECRET)
except AuditError as error:
    print(error)
"""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # not in pytest's folders, which other users cannot enter
        path = Path(folder) / "audit.jsonl"
        path.touch(mode=0o400)
        done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == f"{path}: the audit file cannot be opened for appending: Permission denied\n"


def test_no_descriptor_is_inherited_or_left_behind(path: Path, opened: Opener) -> None:
    store = opened()
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208 -- the names alone are wanted
    for number in range(5):
        put(store, "a")
        path.rename(path.with_name(f"audit.jsonl.{number + 1}"))
    put(store, "a")
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208 -- the names alone are wanted
    ours = [int(each) for each in before if os.path.realpath(f"/proc/self/fd/{each}").startswith(str(path))]
    assert len(ours) == 2
    assert not any(map(os.get_inheritable, ours))


# the chain over starts


def test_the_first_line_is_an_anchor_and_the_chain_is_whole(path: Path, opened: Opener) -> None:
    put(opened(), "a", "b")
    assert (anchors(path), users(path)) == (["begin"], ["a", "b"])
    assert check_all(path).findings == ()
    assert [line["chain"]["seq"] for line in lines(path)] == [1, 2, 3]


def test_another_process_goes_on_with_the_chain(path: Path, opened: Opener) -> None:
    first, second = opened(), opened()
    for store, name in ((first, "a"), (second, "b"), (first, "c"), (opened(), "d")):
        put(store, name)
    assert (anchors(path), users(path)) == (["begin"], ["a", "b", "c", "d"])
    assert check_all(path).findings == ()


def test_a_file_of_before_the_chain_is_gone_on_with_and_told(path: Path, opened: Opener) -> None:
    path.write_text('{"earlier":1}\n')
    path.chmod(0o640)
    store = opened()
    put(store, "a")
    assert path.read_text().startswith('{"earlier":1}\n{"kind":"anchor"')
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert {finding.kind for finding in check_all(path).findings} == {Kind.ADDED, Kind.BREAK}


def test_anchors_come_while_there_are_new_lines(path: Path, opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
    time = datetime(2026, 1, 1, tzinfo=UTC)
    store = opened(AuditOptions(anchor_seconds=60), now=lambda: time)
    with caplog.at_level(logging.INFO):
        for seconds in (0, 59, 60, 61, 600):
            time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
            put(store, str(seconds))
    kinds = [line.get("why") or line["user"] for line in lines(path)]
    assert kinds == ["begin", "0", "59", "60", "interval", "61", "600", "interval"]
    written = [line["chain"] for line in lines(path) if line["kind"] == "anchor"]
    assert caplog.messages == [f"audit anchor seq={chain['seq']} mac={chain['mac']}" for chain in written]


def test_another_key_is_told(path: Path, opened: Opener) -> None:
    put(opened(), "a")
    put(opened(secret=Secret(b"another key, of 32 bytes or so..")), "b")
    assert anchors(path) == ["begin", "break"]
    assert [finding.kind for finding in check([path]).findings] == [Kind.UNKNOWN_KEY]


# rotation


def test_a_file_that_was_moved_away_is_begun_anew(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a")
    moved = path.rename(path.with_name("audit.jsonl.1"))
    put(store, "b")
    assert (users(moved), anchors(path), users(path)) == (["a"], ["continued"], ["b"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert check_all(path, moved).findings == ()
    assert check_all(path).findings == ()


def test_an_empty_file_that_was_made_for_us_is_taken(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a")
    moved = path.rename(path.with_name("audit.jsonl-20260101"))
    path.touch(mode=0o640)
    put(store, "b")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert check_all(path, moved).findings == ()


@pytest.mark.parametrize("name", ["audit.jsonl.1", "elsewhere"])
def test_a_move_is_followed_by_every_process(path: Path, opened: Opener, name: str) -> None:
    first, second = opened(), opened()
    put(first, "a")
    put(second, "b")
    moved = path.rename(path.with_name(name))
    for store, who in ((second, "c"), (first, "d"), (second, "e")):
        put(store, who)
    assert (users(moved), users(path)) == (["a", "b"], ["c", "d", "e"])
    assert check_all(path, moved).findings == ()


def test_a_move_while_nothing_ran_is_followed(path: Path, opened: Opener) -> None:
    put(opened(), "a")
    opened_before = opened()
    opened_before.close()
    moved = path.rename(path.with_name("audit.jsonl.1"))
    put(opened(), "b")
    assert check_all(path, moved).findings == ()
    assert anchors(path) == ["continued"]


def test_a_file_that_was_packed_at_once_is_found(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a")
    packed = path.with_name("audit.jsonl.1.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    put(store, "b")
    assert anchors(path) == ["continued"]
    assert check_all(path, packed).findings == ()


def test_a_damaged_packed_file_is_not_the_file(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a")
    path.with_name("audit.jsonl.1.gz").write_bytes(gzip.compress(path.read_bytes())[:-20])
    path.unlink()
    assert "was removed" in refusal(store)


def test_a_copy_in_its_place_is_gone_on_with(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a")
    copy = shutil.copy(path, path.with_name("copy"))
    path.unlink()
    Path(copy).rename(path)
    put(store, "b")
    assert (anchors(path), users(path)) == (["begin"], ["a", "b"])
    assert check_all(path).findings == ()


def test_a_file_of_a_size_is_rotated(path: Path, opened: Opener) -> None:
    store = opened(AuditOptions(rotate_bytes=2000, rotate_keep=3))
    for number in range(40):
        put(store, str(number))
    files = [path.with_name(f"audit.jsonl.{number}") for number in (3, 2, 1)]
    assert all(2000 <= file.stat().st_size < 3000 for file in files)
    assert sorted(each.name for each in path.parent.iterdir()) == sorted([path.name, f"{path.name}.state", *(file.name for file in files)])
    assert users(*files, path) == [str(number) for number in range(40)][-len(users(*files, path)) :]
    assert check_all(path, *files).findings == ()


def test_processes_rotate_together(path: Path, opened: Opener) -> None:
    stores = [opened(AuditOptions(rotate_bytes=1500)) for _ in range(3)]
    for number in range(60):
        put(stores[number % 3], str(number))
    files = sorted(path.parent.glob("audit.jsonl.[0-9]*"), key=lambda file: -int(file.suffix[1:]))
    assert len(files) > 5
    assert users(*files, path) == [str(number) for number in range(60)]
    assert check_all(path, *files).findings == ()


def test_numbers_with_a_hole_are_filled_and_nothing_is_deleted_for_it(path: Path, opened: Opener) -> None:
    for name in ("audit.jsonl.1", "audit.jsonl.3.gz"):
        path.with_name(name).write_bytes(gzip.compress(name.encode()) if name.endswith("gz") else name.encode())
    store = opened(AuditOptions(rotate_bytes=1, rotate_keep=3))
    put(store, "a")
    put(store, "b")
    assert path.with_name("audit.jsonl.2").read_bytes() == b"audit.jsonl.1"
    assert path.with_name("audit.jsonl.3.gz").exists()
    assert users(path.with_name("audit.jsonl.1")) == ["a"]


def test_a_rotation_that_fails_is_told_and_the_old_file_goes_on(path: Path, opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
    time = datetime(2026, 1, 1, tzinfo=UTC)
    store = opened(AuditOptions(rotate_bytes=1, anchor_seconds=1e9), now=lambda: time)
    put(store, "a")
    in_the_way = path.with_name("audit.jsonl.1")
    in_the_way.mkdir()
    (in_the_way / "something").touch()
    put(store, "b")
    put(store, "c")
    assert users(path) == ["a", "b", "c"]
    assert sum("cannot be rotated" in message for message in caplog.messages) == 1
    shutil.rmtree(in_the_way)
    time += timedelta(minutes=2)
    put(store, "d")
    assert users(path) == ["d"]
    assert check_all(path, in_the_way).findings == ()


# lines that went missing


@pytest.fixture
def lost(path: Path, opened: Opener) -> AuditStore:
    """A store whose file was removed."""
    store = opened()
    put(store, "a")
    path.unlink()
    return store


def test_a_removed_file_answers_no_login(path: Path, lost: AuditStore) -> None:
    assert refusal(lost) == refusal(lost)
    assert refusal(lost).startswith(f"{path}: the audit file with record 2 was removed. No login is answered until")
    assert not path.exists()


def test_a_process_that_starts_again_by_itself_changes_nothing(path: Path, lost: AuditStore, opened: Opener) -> None:
    assert "was removed" in refusal(opened())
    assert not path.exists()


def test_an_operators_start_goes_on_and_says_so(path: Path, lost: AuditStore, opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
    settle(path, SECRET)
    (anchor,) = lines(path)
    assert (anchor["why"], anchor["chain"]["seq"]) == ("break", 3)
    assert "record 2 was removed" in anchor["problem"]
    assert any("record 2 was removed" in record.message for record in caplog.records if record.levelname == "ERROR")
    put(lost, "b")
    put(opened(), "c")
    assert users(path) == ["b", "c"]
    assert [finding.kind for finding in check_all(path).findings] == [Kind.BREAK]


def test_an_empty_file_put_there_is_an_operators_act(path: Path, lost: AuditStore) -> None:
    path.touch()
    put(lost, "b")
    assert anchors(path) == ["break"]
    assert users(path) == ["b"]


def test_another_file_put_there_is_told(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a")
    path.rename(path.with_name("audit.jsonl.1"))
    path.write_text('{"new":1}\n')
    put(store, "b")
    assert [line.get("why") for line in lines(path)] == [None, "break", None]


def test_a_file_that_was_emptied_answers_no_login(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a", "b")
    os.truncate(path, 0)
    assert "shorter than it was: records were cut off" in refusal(store)
    assert path.read_bytes() == b""
    settle(path, SECRET)
    put(store, "c")
    assert (anchors(path), users(path)) == (["break"], ["c"])


def test_a_cut_off_file_is_told_and_the_finding_says_which_records(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a", "b", "c")
    os.truncate(path, path.stat().st_size - 10)
    assert "10 bytes shorter" in refusal(store)
    settle(path, SECRET)
    put(store, "d")
    found = [(finding.kind, finding.text) for finding in check_all(path).findings]
    assert (found[1][0], found[0][0]) == (Kind.BREAK, Kind.CHANGED)
    assert "record 4 " in found[0][1]


def test_nothing_is_settled_where_nothing_is_wrong(path: Path, opened: Opener) -> None:
    put(opened(), "a")
    before = path.read_bytes()
    settle(path, SECRET)
    assert path.read_bytes() == before


def test_a_missing_state_is_told(path: Path, opened: Opener) -> None:
    put(opened(), "a", "b")
    state_path(path).unlink()
    put(opened(), "c")
    assert anchors(path) == ["begin", "break"]
    assert [line["chain"]["seq"] for line in lines(path)] == [1, 2, 3, 4, 5]
    assert "state file" in lines(path)[3]["problem"]


def test_a_state_that_was_removed_under_a_running_process_is_made_again(path: Path, opened: Opener) -> None:
    first, second = opened(), opened()
    put(first, "a")
    put(second, "b")
    state_path(path).unlink()
    put(second, "c")
    put(first, "d")
    assert (anchors(path), users(path)) == (["begin"], ["a", "b", "c", "d"])
    assert check_all(path).findings == ()


@pytest.mark.parametrize("content", [b"", b"x", b"{}\n\n", b'{"seq":1}\n' + b"0" * 64 + b"\n", b"\xff\xfe\n\xff\n"])
def test_a_damaged_state_is_no_state(path: Path, opened: Opener, content: bytes) -> None:
    put(opened(), "a")
    state_path(path).write_bytes(content)
    put(opened(), "b")
    assert anchors(path) == ["begin", "break"]


def test_a_state_that_was_put_back_does_not_hide_a_cut_from_a_running_process(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a")
    state, size = state_path(path).read_bytes(), path.stat().st_size
    put(store, "b")
    with state_path(path).open("r+b") as file:
        file.write(state)
    os.truncate(path, size)
    assert "shorter" in refusal(store)


def test_where_file_and_state_are_gone_the_numbers_go_on_behind_the_rotated_file(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a")
    moved = path.rename(path.with_name("audit.jsonl.1"))
    state_path(path).unlink()
    put(opened(), "b")
    report = check_all(path, moved)
    assert [finding.kind for finding in report.findings] == [Kind.BREAK]


def test_nothing_is_written_through_a_link_put_in_its_place(path: Path, opened: Opener, tmp_path: Path) -> None:
    store = opened()
    put(store, "a")
    target = tmp_path / "audit.jsonl.1"
    path.rename(target)
    before = target.read_bytes()
    path.symlink_to(target)
    assert "symbolic links" in refusal(store)
    assert target.read_bytes() == before
    path.unlink()
    put(store, "b")
    assert users(path) == ["b"]


# lines that were cut off


def test_a_line_that_a_killed_process_left_is_told_and_spoils_nothing(path: Path, opened: Opener) -> None:
    put(opened(), "a")
    with path.open("ab") as file:
        file.write(b'{"kind":"login","us')
    put(opened(), "b")
    report = check_all(path)
    assert (report.findings, [note.kind for note in report.notes]) == ((), [Kind.TORN])


def test_lines_that_a_killed_process_could_not_note_are_gone_on_with(path: Path, opened: Opener) -> None:
    first = opened()
    put(first, "a")
    state = state_path(path).read_bytes()
    put(first, "b", "c")
    state_path(path).write_bytes(state)
    put(opened(), "d")
    assert users(path) == ["a", "b", "c", "d"]
    assert check_all(path).findings == ()


def test_lines_that_a_killed_process_could_not_note_are_found_over_a_rotation(path: Path, opened: Opener) -> None:
    first = opened()
    put(first, "a")
    state = state_path(path).read_bytes()
    put(first, "b")
    state_path(path).write_bytes(state)
    moved = path.rename(path.with_name("audit.jsonl.1"))
    put(opened(), "c")
    assert check_all(path, moved).findings == ()


def test_a_full_disk_is_told_leaves_nothing_behind_and_is_got_over(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "a")
    before = path.read_bytes()
    with file_size_limit(len(before)):
        assert refusal(store) == f"{path}: the audit record cannot be written: File too large"
    with file_size_limit(len(before) + 10):
        assert "only 10 of" in refusal(store)
    assert path.read_bytes() == before
    put(store, "b")
    assert check_all(path).findings == ()
    assert users(path) == ["a", "b"]


def test_of_a_batch_the_lines_that_fit_are_written_and_no_others(path: Path, opened: Opener) -> None:
    store = opened()
    put(store, "x")
    one = len(path.read_bytes().splitlines(keepends=True)[1])
    with file_size_limit(path.stat().st_size + 2 * one + 5):
        answers = store.append([login(name) for name in "abcd"])
    assert [answer is None for answer in answers] == [True, True, False, False]
    put(store, "e")
    assert users(path) == ["x", "a", "b", "e"]
    assert check_all(path).findings == ()


def test_where_only_the_anchor_fits_no_login_is_told_that_it_was_written(path: Path, opened: Opener) -> None:
    store = opened()
    with file_size_limit(600):
        assert store.append([login("a" * 300)]) != [None]
    put(store, "b")
    assert (anchors(path), users(path)) == (["begin"], ["b"])
    assert check_all(path).findings == ()


def test_a_state_that_cannot_be_written_is_told_and_refuses_nobody(path: Path, opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
    store = opened()
    with file_size_limit(2000):  # enough for the lines, and less than the state's page
        put(store, "a")
    assert caplog.messages[0] == f"audit: the state file beside {path} cannot be written: No space left on device"
    put(store, "b")
    assert check_all(path).findings == ()
    assert known_end(path) is not None


def test_what_may_not_have_reached_the_disk_is_an_error_and_told_in_the_file(path: Path, opened: Opener) -> None:
    broken = False

    def flush(descriptor: int) -> None:
        if broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fdatasync(descriptor)

    store = opened(flush=flush)
    put(store, "a")
    broken = True
    assert refusal(store, "b") == f"{path}: the audit record cannot be brought to the disk: Input/output error"
    broken = False
    put(store, "c")
    assert anchors(path) == ["begin", "break"]
    assert "may not have reached the disk" in lines(path)[3]["problem"]


def test_without_sync_nothing_is_waited_for(path: Path, opened: Opener) -> None:
    asked: list[int] = []
    put(opened(AuditOptions(sync=False), flush=asked.append), "a")
    assert asked == []
    put(opened(flush=asked.append), "b")
    assert len(asked) == 1


def test_the_keys_id_is_in_every_anchor(path: Path, opened: Opener) -> None:
    put(opened(), "a")
    assert lines(path)[0]["key"] == KEY.id != ChainKey(Secret(b"o" * 32)).id
