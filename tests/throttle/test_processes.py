"""The file between real processes: nobody comes between reading and writing, and a killed one leaves nothing half done."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kerbauth.core.principal import Principal
from kerbauth.throttle.database import Database
from kerbauth.throttle.ledger import LedgerError, Reservation, Shown, key_of
from tests.throttle.stores import ALICES, FileStore

FORK = multiprocessing.get_context("fork")


def reserve_many(folder: Path, times: int) -> int:
    async def work() -> int:
        ledger = FileStore(folder).ledger()
        answers = [await ledger.reserve(ALICES, "192.0.2.1") for _ in range(times)]
        await ledger.close()
        return sum(isinstance(answer, Reservation) for answer in answers)

    return asyncio.run(work())


def test_processes_at_once_get_no_more_than_the_budget_together(tmp_path: Path) -> None:
    with FORK.Pool(4) as pool:
        assert sum(pool.starmap(reserve_many, [(tmp_path, 50)] * 4)) == 3


def reserve_by_names(folder: Path, names: int) -> int:
    async def work() -> int:
        ledger = FileStore(folder).ledger()
        shown = 0
        for number in range(names):
            made = await ledger.reserve(key_of(Principal((f"name-{number}",), "KA.TEST")), "192.0.2.1")
            if isinstance(made, Reservation):
                shown += isinstance(await ledger.reserve_also(made, Shown(ALICES, "alice@KA.TEST")), Reservation)
        await ledger.close()
        return shown

    return asyncio.run(work())


def test_processes_at_once_get_no_more_than_the_budget_by_all_names_together(tmp_path: Path) -> None:
    with FORK.Pool(4) as pool:
        assert sum(pool.starmap(reserve_by_names, [(tmp_path, 25)] * 4)) == 3


def test_processes_that_open_a_new_file_at_once_wait_for_each_other(tmp_path: Path) -> None:
    with FORK.Pool(8) as pool:
        for turn in range(50):  # one turn in twenty failed while the file was opened without waiting
            folder = tmp_path / str(turn)
            folder.mkdir()
            assert sum(pool.starmap(reserve_many, [(folder, 1)] * 8, chunksize=1)) == 3


# What a command does. The last to leave a database removes its log (sqlite.org/wal.html), and knows by the locks whether it is the last.
READ_AND_LEAVE = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1])
other.execute("SELECT count(*) FROM attempts").fetchone()
other.close()
"""


def read_and_leave(path: Path) -> None:
    """In a program of its own: SQLite does not know its own locks in a forked process (sqlite.org/howtocorrupt.html section 2.6)."""
    subprocess.run([sys.executable, "-c", READ_AND_LEAVE, str(path)], check=True)


async def test_opening_a_file_a_second_time_drops_no_lock_of_this_process(tmp_path: Path) -> None:
    store, log = FileStore(tmp_path), tmp_path / "throttle.sqlite3-wal"
    first, second = store.ledger(), store.ledger()
    await first.reserve(ALICES, "192.0.2.1")
    await second.reserve(ALICES, "192.0.2.1")
    read_and_leave(store.path)
    assert log.exists(), "somebody else took the file for unused"
    await second.close()
    await first.close()


async def test_a_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "throttle.sqlite3").symlink_to(elsewhere)
    database = Database(tmp_path / "throttle.sqlite3")
    with pytest.raises(LedgerError, match="symbolic link"):
        await database.run(lambda _: None)
    await database.close()
    assert not elsewhere.exists()


async def test_a_file_that_is_no_database_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "throttle.sqlite3").write_text("something else that was put here, longer than the head of a database" * 20)
    database = Database(tmp_path / "throttle.sqlite3")
    with pytest.raises(LedgerError, match="not a database"):
        await database.run(lambda _: None)
    await database.close()


async def test_a_new_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    database = Database(tmp_path / "throttle.sqlite3")
    await database.run(lambda _: None)
    await database.close()
    assert stat.S_IMODE((tmp_path / "throttle.sqlite3").stat().st_mode) == 0o600


def fail_until_killed(folder: Path) -> None:
    async def work() -> None:
        ledger = FileStore(folder).ledger()
        while True:
            made = await ledger.reserve(ALICES, "192.0.2.1")
            if isinstance(made, Reservation):
                await ledger.cancel(made)

    asyncio.run(work())


def test_a_process_killed_in_the_middle_leaves_a_file_that_works(tmp_path: Path) -> None:
    for _ in range(3):
        process = FORK.Process(target=fail_until_killed, args=(tmp_path,))
        process.start()
        while reserve_many(tmp_path, 0) or not (tmp_path / "throttle.sqlite3").exists():
            pass
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    # each killed process may have left one attempt open, and no more; nothing is locked
    assert reserve_many(tmp_path, 3) <= 3


async def test_a_short_step_is_done_at_once_where_nobody_else_is_at_the_file(tmp_path: Path) -> None:
    database = Database(tmp_path / "throttle.sqlite3")
    await database.run(lambda _: None)
    assert await database.run_short(lambda _: threading.get_ident()) == threading.get_ident()
    await database.close()


async def test_a_short_step_waits_in_a_thread_for_the_process_that_writes(tmp_path: Path) -> None:
    database = Database(tmp_path / "throttle.sqlite3")
    await database.run(lambda _: None)
    with contextlib.closing(sqlite3.connect(tmp_path / "throttle.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(database.run_short(lambda _: threading.get_ident()))
        done, _ = await asyncio.wait({waiting}, timeout=0.1)
        assert not done, "the loop has turned meanwhile"
        other.execute("COMMIT")
    assert await waiting != threading.get_ident()
    await database.close()


async def test_a_short_step_does_not_come_between_a_long_ones_changes(tmp_path: Path) -> None:
    database = Database(tmp_path / "throttle.sqlite3")
    database.need("CREATE TABLE IF NOT EXISTS steps (name TEXT)")
    began, may_end = threading.Event(), threading.Event()

    def long(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO steps VALUES ('begun')")
        began.set()
        may_end.wait(10)
        connection.execute("INSERT INTO steps VALUES ('ended')")

    def seen(connection: sqlite3.Connection) -> list[tuple[str]]:
        return connection.execute("SELECT name FROM steps").fetchall()

    under_way = asyncio.create_task(database.run(long))
    await asyncio.to_thread(began.wait, 10)
    asked = asyncio.create_task(database.run_short(seen))
    await asyncio.sleep(0)
    may_end.set()
    assert await asked == [("begun",), ("ended",)]
    await under_way
    await database.close()
