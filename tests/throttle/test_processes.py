"""The file between real processes: nobody comes between reading and writing, and a killed one leaves nothing half done."""

import asyncio
import multiprocessing
import os
import signal
from pathlib import Path

from kerbauth.throttle.ledger import Reservation
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


def test_processes_that_open_a_new_file_at_once_wait_for_each_other(tmp_path: Path) -> None:
    with FORK.Pool(8) as pool:
        for turn in range(50):  # one turn in twenty failed while the file was opened without waiting
            folder = tmp_path / str(turn)
            folder.mkdir()
            assert sum(pool.starmap(reserve_many, [(folder, 1)] * 8, chunksize=1)) == 3


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
