"""The audit file as the use case sees it: who waits how long, and for what; and standard output."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kerbauth.core.audit import AuditRecord
from kerbauth.observe.audit_file import AuditFile, open_audit, settle_audit, unsafe_audit
from kerbauth.ports import AuditError
from kerbauth.settings.audit import AuditSettings
from tests.observe.records import granted, refused
from tests.observe.sealed import SECRET, anchors, check_all, lines, users

ROOT = Path(__file__).parents[2]


@dataclass
class SlowStore:
    """A disk that is stuck until it is let go; remembers what it was given."""

    free: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    batches: list[list[bytes]] = field(default_factory=list)

    def append(self, bodies: Sequence[bytes]) -> list[AuditError | None]:
        self.batches.append(list(bodies))
        self.reached.set()
        assert self.free.wait(20)
        return [None] * len(bodies)

    def close(self) -> None:
        pass


@pytest.fixture
def store() -> Iterator[SlowStore]:
    slow = SlowStore()
    yield slow
    slow.free.set()


def over(store: SlowStore, patience: float = 20.0, queue_limit: int = 100) -> AuditFile:
    return AuditFile("nowhere", SECRET, store=store, patience=patience, queue_limit=queue_limit)


async def reached(store: SlowStore) -> None:
    await asyncio.to_thread(store.reached.wait, 20)


async def test_a_stuck_disk_is_an_error_in_time_and_blocks_nobody_else(store: SlowStore) -> None:
    file = over(store, patience=0.05)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    busy = asyncio.create_task(others())
    with pytest.raises(AuditError, match=r"nowhere: the audit record was not written within 0.05 seconds; is the disk stuck\?"):
        await file.write(granted())
    busy.cancel()
    assert turns > 10
    store.free.set()
    file.close()


async def test_who_was_told_no_before_their_turn_came_is_not_written_later(store: SlowStore) -> None:
    file = over(store, patience=0.05)
    first = asyncio.create_task(file.write(granted(user="first")))
    await reached(store)
    with pytest.raises(AuditError):
        await file.write(granted(user="second"))
    with pytest.raises(AuditError):
        await first
    store.free.set()
    await file.write(granted(user="third"))
    assert [json.loads(body)["user"] for batch in store.batches for body in batch] == ["first", "third"]
    file.close()


async def test_all_who_wait_are_written_together(store: SlowStore) -> None:
    file = over(store)
    writing = [asyncio.create_task(file.write(granted(user="first")))]
    await reached(store)
    writing += [asyncio.create_task(file.write(granted(user=str(number)))) for number in range(16)]
    await asyncio.sleep(0)
    store.free.set()
    await asyncio.gather(*writing)
    assert [len(batch) for batch in store.batches] == [1, 16]
    file.close()


async def test_a_queue_that_is_full_answers_at_once(store: SlowStore) -> None:
    file = over(store, queue_limit=2)
    writing = [asyncio.create_task(file.write(granted()))]
    await reached(store)
    writing += [asyncio.create_task(file.write(granted())) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(AuditError, match="2 audit records wait to be written"):
        await file.write(granted())
    store.free.set()
    await asyncio.gather(*writing)
    file.close()


async def test_closing_writes_what_waits(store: SlowStore) -> None:
    file = over(store)
    writing = [asyncio.create_task(file.write(granted()))]
    await reached(store)
    writing += [asyncio.create_task(file.write(refused()))]
    await asyncio.sleep(0)
    store.free.set()
    await asyncio.to_thread(file.close)
    await asyncio.gather(*writing)
    assert sum(map(len, store.batches)) == 2


async def test_closing_does_not_wait_for_a_stuck_disk_for_ever(store: SlowStore) -> None:
    file = over(store, patience=0.05)
    with pytest.raises(AuditError):
        await file.write(granted())
    file.close()
    file.close()


def test_an_answer_for_an_event_loop_that_has_ended_is_dropped(store: SlowStore) -> None:
    file = over(store)

    async def given_up() -> None:
        waiting = asyncio.create_task(file.write(granted()))
        await reached(store)
        waiting.cancel()

    asyncio.run(given_up())
    store.free.set()
    asyncio.run(file.write(refused()))
    file.close()
    assert sum(map(len, store.batches)) == 2


class BrokenStore(SlowStore):
    """Fails in a way that nobody foresaw, the first time."""

    def append(self, bodies: Sequence[bytes]) -> list[AuditError | None]:
        if not self.batches:
            self.batches.append([])
            raise ZeroDivisionError
        return [None] * len(bodies)


async def test_an_unforeseen_error_reaches_whoever_waits_and_the_next_record_is_written() -> None:
    file = over(BrokenStore())
    with pytest.raises(ZeroDivisionError):
        await file.write(granted())
    await file.write(granted())
    file.close()


async def test_a_closed_file_takes_no_records(tmp_path: Path) -> None:
    file = AuditFile(tmp_path / "audit.jsonl", SECRET)
    file.close()
    with pytest.raises(AuditError, match="is closed"):
        await file.write(granted())


def test_a_file_that_was_opened_before_a_fork_takes_no_records(tmp_path: Path) -> None:
    script = """
import asyncio, os, sys
from kerbauth.observe.audit_file import AuditFile
from kerbauth.ports import AuditError
from tests.observe.records import granted
from tests.observe.sealed import SECRET
file = AuditFile(sys.argv[1], SECRET)
if os.fork():
    os.wait()
else:
    try:
        asyncio.run(file.write(granted()))
    except AuditError as error:
        print(error)
"""
    path = tmp_path / "audit.jsonl"
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "was opened by another process" in done.stdout
    assert path.read_bytes() == b""


async def test_what_json_cannot_say_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    file = AuditFile(tmp_path / "audit.jsonl", SECRET)
    with pytest.raises(AuditError, match="is not written"):
        await file.write(granted(durations={"as": float("nan")}))
    file.close()
    assert (tmp_path / "audit.jsonl").read_bytes() == b""


# what a start does


def settings(folder: Path, **more: object) -> AuditSettings:
    return AuditSettings.model_validate({"file": str(folder / "audit.jsonl"), **more})


async def test_the_settings_open_a_file_with_its_own_key(tmp_path: Path) -> None:
    file = open_audit(settings(tmp_path))
    await file.write(granted())
    file.close()
    assert (tmp_path / "audit.key").stat().st_mode & 0o777 == 0o600
    assert users(tmp_path / "audit.jsonl") == ["alice"]


async def test_a_start_goes_on_where_lines_went_missing(tmp_path: Path) -> None:
    file = open_audit(settings(tmp_path))
    await file.write(granted())
    (tmp_path / "audit.jsonl").unlink()
    with pytest.raises(AuditError):
        await file.write(granted())
    settle_audit(settings(tmp_path))
    await file.write(granted())
    file.close()
    assert anchors(tmp_path / "audit.jsonl") == ["break"]


def test_a_start_with_standard_output_needs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settle_audit(AuditSettings.model_validate({"file": "-"}))
    assert list(tmp_path.iterdir()) == []


def test_what_is_less_safe_is_said(tmp_path: Path) -> None:
    assert list(unsafe_audit(settings(tmp_path))) == []
    assert "power failure" in next(unsafe_audit(settings(tmp_path, sync=False)))
    assert "no chain" in next(unsafe_audit(AuditSettings.model_validate({"file": "-"})))


# standard output


@pytest.mark.parametrize("hyphen", ["-", Path("-")])
async def test_a_hyphen_is_standard_output(hyphen: Path | str, capfd: pytest.CaptureFixture[str]) -> None:
    file = AuditFile(hyphen, SECRET)
    await file.write(granted())
    file.close()
    print("still open")  # noqa: T201 -- that printing still works is what is tested
    line, after = capfd.readouterr().out.splitlines()
    assert (json.loads(line), after) == ({"kind": "login", **granted().as_json()}, "still open")


async def test_a_file_may_be_called_hyphen_in_a_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = AuditFile(tmp_path / "-", SECRET)
    await file.write(granted())
    file.close()
    assert capfd.readouterr().out == ""
    assert users(tmp_path / "-") == ["alice"]


STANDARD_OUTPUT = """
import asyncio, os, resource
from kerbauth.observe.audit_file import AuditFile
from kerbauth.ports import AuditError
from tests.observe.records import granted
from tests.observe.sealed import SECRET

def attempt():
    try:
        asyncio.run(file.write(granted()))
    except AuditError as error:
        os.write(2, str(error).encode() + b"\\n")

file = AuditFile("-", SECRET)
"""


def test_standard_output_that_nobody_reads_is_an_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", STANDARD_OUTPUT + "attempt()"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT
    )
    os.close(writing)
    assert done.stderr == "standard output: the audit record cannot be written: Broken pipe\n"


def test_a_line_that_is_cut_off_on_standard_output_is_an_error_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    script = """
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
attempt()
resource.setrlimit(resource.RLIMIT_FSIZE, before)
attempt()
"""
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", STANDARD_OUTPUT + script], stdout=out, stderr=subprocess.PIPE, text=True, check=True, cwd=ROOT
        )
    assert done.stderr.startswith("standard output: only 10 of an audit record's ")
    torn, whole = (tmp_path / "out").read_bytes().splitlines()
    assert torn == whole[:10]


def test_no_standard_output_is_an_error_at_the_start() -> None:
    script = """
import os
from kerbauth.observe.audit_file import AuditFile
from kerbauth.ports import AuditError
from tests.observe.sealed import SECRET
os.close(1)
try:
    AuditFile("-", SECRET)
except AuditError as error:
    raise SystemExit(str(error))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stderr == "standard output: the audit records cannot be written: Bad file descriptor\n"


async def test_the_chain_is_over_the_record_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = AuditFile(path, SECRET)
    records: list[AuditRecord] = [granted(), refused()]
    for record in records:
        await file.write(record)
    file.close()
    assert check_all(path).findings == ()
    written = [{name: value for name, value in line.items() if name not in {"kind", "chain"}} for line in lines(path)[1:]]
    assert written == [record.as_json() for record in records]
