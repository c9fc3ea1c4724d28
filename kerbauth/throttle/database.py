"""An SQLite file that several processes of one machine share; the event loop never waits for them."""

import asyncio
import contextlib
import errno
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from kerbauth.throttle.ledger import LedgerError

_PAUSE_SECONDS: Final = 0.01  # between two tries to open a file that others are opening

IN_MEMORY: Final = ":memory:"
"""Instead of a path: a database of this process alone."""

BUSY_SECONDS: Final = 2.0
"""How long a transaction waits for those of other processes. One takes some fifty microseconds, so that is thousands of others."""

# synchronous OFF: a power failure may lose the last counts, a killed process does not (sqlite.org/pragma.html#pragma_synchronous)
_PRAGMAS: Final = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"

T = TypeVar("T")


class Database:
    """Runs transactions, one at a time; BEGIN IMMEDIATE keeps other processes out of each.

    The file is made with mode 0600 if it is not there. It is opened at the first use, so that it is never shared with a forked process.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._schemas: list[str] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="throttle")
        self._connection: sqlite3.Connection | None = None
        self._in_use = threading.Lock()  # the connection is, by the thread or by the event loop

    def need(self, schema: str) -> None:
        """Have these statements run when the file is opened: tables that may be there already."""
        self._schemas.append(schema)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do one step as one transaction, in a thread. Raises LedgerError, and then nothing was changed."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._patiently, work)

    async def run_short(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same for a step of a few rows: on the event loop, unless somebody else is at the file and would have to be waited for.

        A step takes some fifty microseconds, and handing it to a thread several times that: every call of SQLite gives up the interpreter
        lock and takes it again. Nothing is waited for here, the disk included: `synchronous` is off.
        """
        if self._connection is not None and self._in_use.acquire(blocking=False):
            try:
                return self._step(self._connection, work)
            except _BusyError:
                pass  # another process writes; the thread waits for it
            finally:
                self._in_use.release()
        return await self.run(work)

    async def close(self) -> None:
        """Close the file; a second time does nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, connection.close)
        self._thread.shutdown(wait=False)

    def _patiently(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._in_use, _as_ledger_error():
            if self._connection is None:
                self._connection = self._open()
            self._connection.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
            try:
                return self._step(self._connection, work)
            finally:
                self._connection.execute("PRAGMA busy_timeout = 0")

    def _step(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        with _as_ledger_error(), _transaction(connection):
            return work(connection)

    def _open(self) -> sqlite3.Connection:
        """Open the file, made if it is not there. SQLite itself does not wait where a file turns to WAL (sqlite.org/wal.html 9)."""
        if self._path != IN_MEMORY:
            _make(self._path)
        until = time.monotonic() + BUSY_SECONDS
        while True:
            connection = sqlite3.connect(self._path, timeout=0.0, isolation_level=None, check_same_thread=False)
            try:
                for statements in (_PRAGMAS, *self._schemas):
                    connection.executescript(statements)
            except sqlite3.Error as error:
                connection.close()
                if not _is_busy(error) or time.monotonic() >= until:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return connection


def _make(path: str) -> None:
    """Make an empty file with mode 0600; one that is there is not even opened.

    Closing any descriptor of a file drops every lock this process has on it (fcntl(2)), SQLite's on another connection included
    (sqlite.org/howtocorrupt.html section 2.2).
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    if stat.S_ISLNK(os.lstat(path).st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Raises _BusyError if another process writes, and does not end in time: nothing was begun."""
    try:
        database.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if _is_busy(error):
            raise _BusyError(_problem(error)) from error
        raise
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


class _BusyError(LedgerError):
    """Somebody else writes."""


@contextmanager
def _as_ledger_error() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise LedgerError(_problem(error)) from error


def _problem(error: Exception) -> str:
    return f"the throttle's file cannot be used: {error}"


def _is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # the low byte is the primary code (sqlite.org/rescode.html)
