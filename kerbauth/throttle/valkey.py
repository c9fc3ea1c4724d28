"""The ledger of several machines: a Valkey or Redis server. Its clock is the only one."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from limits.aio.storage import RedisStorage
from valkey.asyncio.client import Pipeline
from valkey.exceptions import ValkeyError, WatchError

from kerbauth.core.budget import UNSETTLED, Budget, Go, Hold, Wait, decide
from kerbauth.throttle.ledger import (
    ALIAS_SECONDS,
    FAMILIAR_SECONDS,
    FAMILIAR_SOURCES,
    Counted,
    Failure,
    LedgerError,
    Reservation,
    StartedAnewError,
    counted,
)
from kerbauth.throttle.valkey_server import Server

PREFIX: Final = "kerbauth:throttle:"
"""How every key of ours begins."""

TRIES: Final = 100
"""How often a step is begun again because another process changed the same account in between."""

_EPOCH: Final = f"{PREFIX}epoch"
_OPEN, _FAILED = "o:", "f:"  # how an attempt under way and a failure begin in an account's sorted set

T = TypeVar("T")


class ValkeyLedger:
    """Implements `ledger.Ledger`.

    An account's attempts are one sorted set by time. A step watches it, reads, decides, and writes in one transaction that the server
    refuses if somebody changed the account in between (valkey.io/topics/transactions, "optimistic locking"); then it begins again.
    Everything expires by itself.
    """

    def __init__(self, server: Server, budget: Budget) -> None:
        self._server = server
        self._epoch: str | None = None
        self._client = server.client()
        self._budget = budget
        self._keep = int(budget.window + UNSETTLED) + 1

    def windows(self) -> RedisStorage:
        """A storage for the library `limits` at the same server, over this ledger's connections: closed with it."""
        pool: Any = self._client.connection_pool  # the library's types leave out what its documentation offers
        return RedisStorage(f"async+{self._server.url}", key_prefix=f"{PREFIX}windows", connection_pool=pool)

    async def reserve(self, asked: str, source: str) -> Reservation | Wait | Hold:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, account: str, now: float) -> Reservation | Wait | Hold:
            seen = await pipe.zscore(_familiar(account), source)
            familiar = seen is not None and seen > now - FAMILIAR_SECONDS
            failed, under_way = _parted(await pipe.zrange(_attempts(account), 0, -1, withscores=True))
            decision = decide(self._budget, failed, under_way, now, familiar=familiar)
            _write(pipe)
            if not isinstance(decision, Go):
                return decision
            made = Reservation(secrets.token_hex(12), asked, account, source, now, familiar)
            pipe.zadd(_attempts(account), {_OPEN + made.id: now})
            pipe.zremrangebyscore(_attempts(account), "-inf", now - self._keep)
            pipe.expire(_attempts(account), self._keep)
            return made

        return await self._atomically(asked, step)

    async def fail(self, reservation: Reservation, name: str | None) -> None:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, account: str, now: float) -> None:
            _write(pipe)
            pipe.zrem(_attempts(account), _OPEN + reservation.id)
            pipe.zadd(_attempts(account), {_FAILED + reservation.id: now})
            pipe.expire(_attempts(account), self._keep)
            if name is not None:
                pipe.set(_name(account), name, ex=self._keep)

        await self._atomically(reservation.account, step)

    async def succeed(self, reservation: Reservation, account: str, name: str) -> None:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, counted_under: str, now: float) -> None:
            await pipe.watch(_attempts(account))
            over = {_FAILED: reservation.began, _OPEN: reservation.began - UNSETTLED}
            own = _OPEN + reservation.id
            # What was counted for the typed name is the account's from now on; what belongs to a third account stays there.
            moves = counted_under == reservation.asked != account
            rows = dict(await pipe.zrange(_attempts(counted_under), 0, -1, withscores=True)) if moves else {}
            there = dict(await pipe.zrange(_attempts(account), 0, -1, withscores=True))
            gone = [row for row, time in there.items() if time <= over[row[:2]]]
            _write(pipe)
            pipe.zrem(_attempts(counted_under), own, *rows)
            if gone:
                pipe.zrem(_attempts(account), *gone)
            if reservation.asked != account:
                pipe.set(_alias(reservation.asked), account, ex=int(ALIAS_SECONDS))
            stay = {row: time for row, time in rows.items() if row != own and time > over[row[:2]]}
            if stay:
                pipe.zadd(_attempts(account), stay)
                pipe.expire(_attempts(account), self._keep)
            pipe.zadd(_familiar(account), {reservation.source: now})
            pipe.zremrangebyrank(_familiar(account), 0, -FAMILIAR_SOURCES - 1)
            pipe.expire(_familiar(account), int(FAMILIAR_SECONDS))
            pipe.set(_name(account), name, ex=self._keep)

        await self._atomically(reservation.account, step)

    async def cancel(self, reservation: Reservation) -> None:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, account: str, _: float) -> None:
            _write(pipe)
            pipe.zrem(_attempts(account), _OPEN + reservation.id)

        await self._atomically(reservation.account, step)

    async def counted(self) -> tuple[Counted, ...]:
        """See `ledger.Ledger`."""
        found = [await self._counted(account) for account in await self._accounts()]
        return tuple(sorted((each for each in found if each), key=lambda each: (-each.held_seconds, -each.failures)))

    async def release(self, account: str | None) -> int:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, one: str, now: float) -> bool:
            rows = await pipe.zrange(_attempts(one), 0, -1, withscores=True)
            failed = [row for row, time in rows if row.startswith(_FAILED) or time <= now - UNSETTLED]
            _write(pipe)
            if failed:
                pipe.zrem(_attempts(one), *failed)
            return bool(failed)

        accounts = [account] if account is not None else await self._accounts()
        return sum([await self._atomically(each, step) for each in accounts])

    async def failures(self) -> tuple[Failure, ...]:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, one: str, now: float) -> list[Failure]:
            rows, name = await pipe.zrange(_attempts(one), 0, -1, withscores=True), await pipe.get(_name(one))
            _write(pipe)
            since = now - self._budget.window
            return [Failure(row[2:], one, now - time, name) for row, time in rows if row.startswith(_FAILED) and time > since]

        return tuple([each for account in await self._accounts() for each in await self._atomically(account, step)])

    async def adopt(self, failures: Sequence[Failure]) -> None:
        """See `ledger.Ledger`."""
        for failure in failures:

            async def step(pipe: Pipeline, account: str, now: float, failure: Failure = failure) -> None:
                _write(pipe)
                pipe.zadd(_attempts(account), {_FAILED + failure.id: now - failure.age}, nx=True)
                pipe.expire(_attempts(account), self._keep)

            await self._atomically(failure.account, step)

    async def close(self) -> None:
        """See `ledger.Ledger`."""
        await self._client.aclose()

    async def _same(self, pipe: Pipeline, epoch: str | None) -> None:
        """Notice a server that was started anew, or emptied: it has lost the word that the first of us wrote. Raises StartedAnewError."""
        if epoch is None:
            await pipe.set(_EPOCH, secrets.token_hex(8), nx=True)
            epoch = await pipe.get(_EPOCH)
        known, self._epoch = self._epoch, epoch
        if known not in {None, epoch}:
            msg = "the throttle's server has lost its counts"
            raise StartedAnewError(msg)

    async def _accounts(self) -> list[str]:
        begins = _attempts("")
        return [key.removeprefix(begins) async for key in self._scan(begins + "*")]

    async def _scan(self, pattern: str) -> Any:
        try:
            async for key in self._client.scan_iter(match=pattern, count=1000):
                yield key
        except (ValkeyError, OSError) as error:
            raise _away(error) from error

    async def _counted(self, account: str) -> Counted | None:
        async def step(pipe: Pipeline, one: str, now: float) -> Counted | None:
            attempts = _parted(await pipe.zrange(_attempts(one), 0, -1, withscores=True))
            name = await pipe.get(_name(one))
            _write(pipe)
            found = counted(self._budget, one, name, attempts, now)
            return found if found.failures or found.under_way else None

        return await self._atomically(account, step)

    async def _atomically(self, asked: str, step: Callable[[Pipeline, str, float], Awaitable[T]]) -> T:
        """Run a step on the account that `asked` stands for: it reads, calls `_write`, queues its writes, and all of it happens at once.

        Raises LedgerError.
        """
        try:
            async with self._client.pipeline(transaction=True) as pipe:
                for attempt in range(TRIES):
                    await pipe.watch(_alias(asked))
                    meant, epoch = await pipe.mget(_alias(asked), _EPOCH)
                    await self._same(pipe, epoch)
                    account = meant or asked
                    await pipe.watch(_attempts(account))
                    seconds, microseconds = await pipe.time()
                    result = await step(pipe, account, seconds + microseconds / 1e6)
                    try:
                        await pipe.execute()
                    except WatchError:
                        # spread out, or the same ones meet again; nothing an attacker could foresee is decided by it
                        await asyncio.sleep(random.uniform(0, 0.001 * min(attempt + 1, 20)))  # noqa: S311 -- no secret
                        continue
                    return result
        except (ValkeyError, OSError) as error:
            # What the pool still holds may be connections to a server that is gone; the next try makes new ones.
            await self._client.connection_pool.disconnect(inuse_connections=False)
            raise _away(error) from error
        msg = "the throttle's server was too busy with one account"
        raise LedgerError(msg)


def _write(pipe: Pipeline) -> None:
    """From here on commands are queued, for one transaction."""
    pipe.multi()  # type: ignore[no-untyped-call]  # the library's types leave this one out


def _away(error: Exception) -> LedgerError:
    # The message of a client library may repeat the address with a user in it: the kind says enough.
    return LedgerError(f"the throttle's server does not answer: {type(error).__name__}")


def _attempts(account: str) -> str:
    return f"{PREFIX}attempts:{account}"


def _familiar(account: str) -> str:
    return f"{PREFIX}familiar:{account}"


def _alias(asked: str) -> str:
    return f"{PREFIX}alias:{asked}"


def _name(account: str) -> str:
    return f"{PREFIX}name:{account}"


def _parted(rows: list[tuple[str, float]]) -> tuple[list[float], list[float]]:
    """The times of failures and of attempts under way."""
    return [time for row, time in rows if row.startswith(_FAILED)], [time for row, time in rows if row.startswith(_OPEN)]
