"""The ledger of one machine: an SQLite file that its workers and the command line share."""

import itertools
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from kerbauth.core.budget import UNSETTLED, Budget, Decision, Go, Hold, Wait, decide
from kerbauth.throttle.database import Database
from kerbauth.throttle.ledger import (
    ALIAS_SECONDS,
    ALSO,
    FAMILIAR_SECONDS,
    FAMILIAR_SOURCES,
    Counted,
    Failure,
    Reservation,
    Shown,
    counted,
)

ROWS: Final = 200_000
"""Attempts that are kept at most, some 30 MB. Beyond that accounts with a single one go first: whoever makes up names to flush a count
finds that the account they are after has several.
"""

TIDY_EVERY: Final = 256  # reservations between two rounds of removing what is out of date

COARSE_SECONDS: Final = 600.0
"""How old a note of a source or name may grow before it is written again: what is read of them is counted in days."""

_OVER: Final = "(account = ? AND time <= CASE WHEN failed THEN ? ELSE ? END)"
"""What a success forgets: the account; when it began; and what was under way so long before that it will not be settled any more."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS attempts (id TEXT PRIMARY KEY, account TEXT NOT NULL, time REAL NOT NULL, failed INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS attempts_account ON attempts (account, time);
CREATE INDEX IF NOT EXISTS attempts_time ON attempts (time);
CREATE TABLE IF NOT EXISTS familiar (account TEXT, source TEXT, time REAL NOT NULL, PRIMARY KEY (account, source)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aliases (asked TEXT PRIMARY KEY, account TEXT NOT NULL, time REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS names (account TEXT PRIMARY KEY, name TEXT NOT NULL, time REAL NOT NULL) STRICT, WITHOUT ROWID;
"""


class SqliteLedger:
    """Implements `ledger.Ledger`: every step is one transaction."""

    def __init__(self, database: Database, budget: Budget, now: Callable[[], float] = time.time) -> None:
        database.need(_SCHEMA)
        self._run = database.run
        self._run_short = database.run_short
        self._close = database.close
        self._budget = budget
        self._now = now
        self._reservations = itertools.count()

    async def reserve(self, asked: str, source: str) -> Reservation | Wait | Hold:
        """See `ledger.Ledger`."""
        if next(self._reservations) % TIDY_EVERY == 0:
            await self._run(self._tidy)
        return await self._run_short(lambda database: self._reserve(database, asked, source))

    async def reserve_also(self, reservation: Reservation, shown: Shown) -> Reservation | Wait | Hold:
        """See `ledger.Ledger`."""

        def work(database: sqlite3.Connection) -> Reservation | Wait | Hold:
            account, now = _resolved(database, shown.account), self._now()
            if account == reservation.account:
                return reservation
            decision = self._decide(database, account, reservation.source, now, reservation)[0]
            if not isinstance(decision, Go):
                return decision
            database.execute("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, 0)", (reservation.also_id, account, now))
            return replace(reservation, also=shown)

        return await self._run_short(work)

    async def fail(self, reservation: Reservation, name: str | None) -> None:
        """See `ledger.Ledger`."""

        def work(database: sqlite3.Connection) -> None:
            account, now = _resolved(database, reservation.account), self._now()
            _fail(database, reservation.id, account, name, now)
            also = reservation.also
            if also is not None:
                second = _resolved(database, also.account)
                if second == account:  # it was proved meanwhile that they are one
                    database.execute("DELETE FROM attempts WHERE id = ?", (reservation.also_id,))
                else:
                    _fail(database, reservation.also_id, second, also.name if second == also.account else None, now)

        await self._run_short(work)

    async def succeed(self, reservation: Reservation, account: str, name: str) -> None:
        """See `ledger.Ledger`."""

        def work(database: sqlite3.Connection) -> None:
            now = self._now()
            if reservation.asked != account:
                database.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", (reservation.asked, account, now))
                _move(database, reservation.asked, account)
            over = (account, reservation.began, reservation.began - UNSETTLED)
            if reservation.also is not None:
                database.execute(
                    f"DELETE FROM attempts WHERE account = ? AND id IN (SELECT id || ? FROM attempts WHERE {_OVER})",  # noqa: S608 -- the text above
                    (_resolved(database, reservation.also.account), ALSO, *over),
                )
            database.execute(
                f"DELETE FROM attempts WHERE id IN (?, ?) OR {_OVER}",  # noqa: S608 -- as above
                (reservation.id, reservation.also_id, *over),
            )
            _make_familiar(database, reservation.source, account, now)
            database.execute(
                "INSERT INTO names VALUES (?1, ?2, ?3) ON CONFLICT (account) DO UPDATE SET name = ?2, time = ?3 "
                "WHERE name <> ?2 OR time < ?3 - ?4",
                (account, name, now, COARSE_SECONDS),
            )

        await self._run_short(work)

    async def cancel(self, reservation: Reservation) -> None:
        """See `ledger.Ledger`."""
        both = (reservation.id, reservation.also_id)
        await self._run_short(lambda database: database.execute("DELETE FROM attempts WHERE id IN (?, ?)", both))

    async def counted(self) -> tuple[Counted, ...]:
        """See `ledger.Ledger`."""

        def work(database: sqlite3.Connection) -> tuple[Counted, ...]:
            now = self._now()
            rows = database.execute(
                "SELECT DISTINCT attempts.account, name FROM attempts LEFT JOIN names USING (account) WHERE attempts.time > ?",
                (now - self._budget.window - UNSETTLED,),
            ).fetchall()
            return tuple(self._counted(database, account, name, now) for account, name in rows)

        return tuple(sorted(await self._run(work), key=lambda each: (-each.held_seconds, -each.failures)))

    async def release(self, account: str | None) -> int:
        """See `ledger.Ledger`."""

        def work(database: sqlite3.Connection) -> int:
            over = "(failed OR time <= :lost) AND (account = :account OR :account IS NULL)"
            which = {"lost": self._now() - UNSETTLED, "account": None if account is None else _resolved(database, account)}
            found: int = database.execute(f"SELECT count(DISTINCT account) FROM attempts WHERE {over}", which).fetchone()[0]  # noqa: S608 -- the text above
            database.execute(f"DELETE FROM attempts WHERE {over}", which)  # noqa: S608 -- as above
            return found

        return await self._run(work)

    async def failures(self) -> tuple[Failure, ...]:
        """See `ledger.Ledger`."""

        def work(database: sqlite3.Connection) -> tuple[Failure, ...]:
            now = self._now()
            rows = database.execute(
                "SELECT id, attempts.account, ? - attempts.time, name FROM attempts LEFT JOIN names USING (account) "
                "WHERE failed AND attempts.time > ?",
                (now, now - self._budget.window),
            )
            return tuple(Failure(*row) for row in rows)

        return await self._run(work)

    async def adopt(self, failures: Sequence[Failure]) -> None:
        """See `ledger.Ledger`."""

        def work(database: sqlite3.Connection) -> None:
            now = self._now()
            rows = [(each.id, _resolved(database, each.account), now - each.age) for each in failures]
            database.executemany("INSERT OR IGNORE INTO attempts VALUES (?, ?, ?, 1)", rows)

        await self._run(work)

    async def close(self) -> None:
        """See `ledger.Ledger`."""
        await self._close()

    def _reserve(self, database: sqlite3.Connection, asked: str, source: str) -> Reservation | Wait | Hold:
        account, now = _resolved(database, asked), self._now()
        decision, familiar = self._decide(database, account, source, now)
        if not isinstance(decision, Go):
            return decision
        made = Reservation(secrets.token_hex(12), asked, account, source, now, familiar)
        database.execute("INSERT INTO attempts VALUES (?, ?, ?, 0)", (made.id, account, now))
        return made

    def _decide(
        self, database: sqlite3.Connection, account: str, source: str, now: float, first: Reservation | None = None
    ) -> tuple[Decision, bool]:
        """Whether an attempt may be made, and whether its source is familiar; `first`: it may be for another account already."""
        found = database.execute("SELECT time FROM familiar WHERE account = ? AND source = ?", (account, source)).fetchone()
        familiar = (found is not None and found[0] > now - FAMILIAR_SECONDS) or (first is not None and first.familiar)
        failed, under_way = _attempts(database, account)
        budget = self._budget if first is None else replace(self._budget, pause=0.0)
        return decide(budget, failed, under_way, now, familiar=familiar), familiar

    def _tidy(self, database: sqlite3.Connection) -> None:
        """Remove what cannot matter any more, and what is too much."""
        now = self._now()
        database.execute("DELETE FROM attempts WHERE time <= ?", (now - self._budget.window - UNSETTLED,))
        database.execute("DELETE FROM familiar WHERE time <= ?", (now - FAMILIAR_SECONDS,))
        database.execute("DELETE FROM aliases WHERE time <= ?", (now - ALIAS_SECONDS,))
        database.execute("DELETE FROM names WHERE account NOT IN (SELECT account FROM attempts)")
        excess = database.execute("SELECT count(*) FROM attempts").fetchone()[0] - ROWS
        if excess > 0:
            database.execute(
                "DELETE FROM attempts WHERE account IN (SELECT account FROM attempts GROUP BY account HAVING count(*) = 1 "
                "ORDER BY max(time) LIMIT ?)",
                (excess,),
            )

    def _counted(self, database: sqlite3.Connection, account: str, name: str | None, now: float) -> Counted:
        failed, under_way = _attempts(database, account)
        return counted(self._budget, account, name, (failed, under_way), now)


def _resolved(database: sqlite3.Connection, asked: str) -> str:
    """The account a typed name stands for: itself, unless it was proved to be another's."""
    found = database.execute("SELECT account FROM aliases WHERE asked = ?", (asked,)).fetchone()
    return asked if found is None else str(found[0])


def _fail(database: sqlite3.Connection, id_: str, account: str, name: str | None, now: float) -> None:
    database.execute("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, 1)", (id_, account, now))
    if name is not None:
        database.execute("INSERT OR REPLACE INTO names VALUES (?, ?, ?)", (account, name, now))


def _move(database: sqlite3.Connection, asked: str, account: str) -> None:
    """What was counted for a typed name is the account's from now on, and is counted once where it counted for both."""
    if database.execute("UPDATE attempts SET account = ? WHERE account = ?", (account, asked)).rowcount:
        database.execute(
            "DELETE FROM attempts WHERE account = ?1 AND id IN (SELECT id || ?2 FROM attempts WHERE account = ?1)", (account, ALSO)
        )


def _make_familiar(database: sqlite3.Connection, source: str, account: str, now: float) -> None:
    """Note that the account's owner was let in at this source; of more than FAMILIAR_SOURCES the latest stay."""
    noted = database.execute("SELECT time FROM familiar WHERE account = ? AND source = ?", (account, source)).fetchone()
    if noted is not None and noted[0] > now - COARSE_SECONDS:
        return
    database.execute("INSERT OR REPLACE INTO familiar VALUES (?, ?, ?)", (account, source, now))
    database.execute(
        "DELETE FROM familiar WHERE account = ?1 AND source NOT IN "
        "(SELECT source FROM familiar WHERE account = ?1 ORDER BY time DESC LIMIT ?2)",
        (account, FAMILIAR_SOURCES),
    )


def _attempts(database: sqlite3.Connection, account: str) -> tuple[list[float], list[float]]:
    """The times of an account's failures and of its attempts under way."""
    rows = database.execute("SELECT time, failed FROM attempts WHERE account = ?", (account,)).fetchall()
    return [time for time, failed in rows if failed], [time for time, failed in rows if not failed]
