"""A storage for the library `limits` over our SQLite file: the library has one for a server and one for a single process, but none for the
processes of one machine (limits.readthedocs.io, "Custom storage backends").
"""

import sqlite3
import time

from limits.aio.storage import MovingWindowSupport, Storage

from kerbauth.throttle.database import Database
from kerbauth.throttle.ledger import LedgerError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS hits (key TEXT NOT NULL, time REAL NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS hits_key ON hits (key, time);
CREATE INDEX IF NOT EXISTS hits_time ON hits (time);
"""


class SqliteWindows(Storage, MovingWindowSupport):
    """Moving windows only; `limits` asks for the other counters as well, which nothing here uses. Raises LedgerError."""

    STORAGE_SCHEME = None

    def __init__(self, database: Database) -> None:
        super().__init__()
        database.need(_SCHEMA)
        self._run = database.run

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a broken storage raises."""
        return LedgerError

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Write `amount` hits down if the window has room for them."""

        def work(database: sqlite3.Connection) -> bool:
            now = time.time()
            database.execute("DELETE FROM hits WHERE time <= ?", (now - expiry,))  # every key's: all windows here are equally long
            (there,) = database.execute("SELECT count(*) FROM hits WHERE key = ?", (key,)).fetchone()
            if there + amount > limit:
                return False
            database.executemany("INSERT INTO hits VALUES (?, ?)", [(key, now)] * amount)
            return True

        return await self._run(work)

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 -- the library's signature
        """When the window's oldest hit was, and how many there are."""

        def work(database: sqlite3.Connection) -> tuple[float, int]:
            now = time.time()
            oldest, there = database.execute(
                "SELECT min(time), count(*) FROM hits WHERE key = ? AND time > ?", (key, now - expiry)
            ).fetchone()
            return (now if oldest is None else oldest), there

        return await self._run(work)

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count hits without a limit; how many there are."""
        await self.acquire_entry(key, 2**31, expiry, amount)
        return (await self.get_moving_window(key, 0, expiry))[1]

    async def get(self, key: str) -> int:
        """How many hits are written down, however old."""
        return await self._run(lambda database: int(database.execute("SELECT count(*) FROM hits WHERE key = ?", (key,)).fetchone()[0]))

    async def get_expiry(self, key: str) -> float:
        """Hits of a moving window leave it one by one; there is no one time."""
        return (await self.get_moving_window(key, 0, 2**31))[0]

    async def check(self) -> bool:
        """Whether the file can be used."""
        await self.get("")
        return True

    async def reset(self) -> int | None:
        """Forget everything; how many hits there were."""
        return await self._run(lambda database: database.execute("DELETE FROM hits").rowcount)

    async def clear(self, key: str) -> None:
        """Forget the hits of a key."""
        await self._run(lambda database: database.execute("DELETE FROM hits WHERE key = ?", (key,)))
