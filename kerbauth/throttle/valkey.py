"""The ledger of several machines: a Valkey or Redis server. Its clock is the only one."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from limits.aio.storage import RedisStorage
from valkey.asyncio.client import Pipeline
from valkey.exceptions import ValkeyError, WatchError

from kerbauth.core.budget import UNSETTLED, Budget, Decision, Go, Hold, Wait, decide
from kerbauth.throttle.ledger import (
    ALIAS_SECONDS,
    ALSO,
    FAMILIAR_SECONDS,
    FAMILIAR_SOURCES,
    Counted,
    Failure,
    LedgerError,
    Reservation,
    Shown,
    StartedAnewError,
    counted,
)
from kerbauth.throttle.valkey_keys import EPOCH, FAILED, OPEN, PREFIX, alias_of, attempts_of, familiar_of, name_of, parted
from kerbauth.throttle.valkey_server import Server

TRIES: Final = 100
"""How often a step is begun again because another process changed the same account in between."""

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
            decision, familiar = await self._decide(pipe, account, source, now)
            _write(pipe)
            if not isinstance(decision, Go):
                return decision
            made = Reservation(secrets.token_hex(12), asked, account, source, now, familiar)
            self._open(pipe, account, made.id, now)
            return made

        return await self._atomically(asked, step)

    async def reserve_also(self, reservation: Reservation, shown: Shown) -> Reservation | Wait | Hold:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, account: str, now: float) -> Reservation | Wait | Hold:
            decision, _ = await self._decide(pipe, account, reservation.source, now, reservation)
            _write(pipe)
            if account == reservation.account:
                return reservation
            if not isinstance(decision, Go):
                return decision
            self._open(pipe, account, reservation.also_id, now)
            return replace(reservation, also=shown)

        return await self._atomically(shown.account, step)

    async def fail(self, reservation: Reservation, name: str | None) -> None:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, account: str, now: float) -> None:
            also = reservation.also
            second = await _second(pipe, reservation)
            _write(pipe)
            self._fail(pipe, account, reservation.id, name, now)
            if also is not None and second == account:  # it was proved meanwhile that they are one
                pipe.zrem(attempts_of(account), OPEN + reservation.also_id)
            elif also is not None and second is not None:
                self._fail(pipe, second, reservation.also_id, also.name if second == also.account else None, now)

        await self._atomically(reservation.account, step)

    async def succeed(self, reservation: Reservation, account: str, name: str) -> None:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, counted_under: str, now: float) -> None:
            await pipe.watch(attempts_of(account))
            second = await _second(pipe, reservation)
            over = {FAILED: reservation.began, OPEN: reservation.began - UNSETTLED}
            own = OPEN + reservation.id
            # What was counted for the typed name is the account's from now on; what belongs to a third account stays there.
            moves = counted_under == reservation.asked != account
            rows = dict(await pipe.zrange(attempts_of(counted_under), 0, -1, withscores=True)) if moves else {}
            there = dict(await pipe.zrange(attempts_of(account), 0, -1, withscores=True))
            gone = [row for row, time in there.items() if time <= over[row[:2]]]
            _write(pipe)
            pipe.zrem(attempts_of(counted_under), own, *rows)
            if gone:
                pipe.zrem(attempts_of(account), *gone)
            if reservation.asked != account:
                pipe.set(alias_of(reservation.asked), account, ex=int(ALIAS_SECONDS))
            stay = {row: time for row, time in rows.items() if row != own and time > over[row[:2]]}
            if second is not None:
                counted_twice = rows if second == account else rows.keys() - stay.keys()
                pipe.zrem(attempts_of(second), *(row + ALSO for row in (own, *gone, *counted_twice)))
            if stay:
                pipe.zadd(attempts_of(account), stay)
                pipe.expire(attempts_of(account), self._keep)
            pipe.zadd(familiar_of(account), {reservation.source: now})
            pipe.zremrangebyrank(familiar_of(account), 0, -FAMILIAR_SOURCES - 1)
            pipe.expire(familiar_of(account), int(FAMILIAR_SECONDS))
            pipe.set(name_of(account), name, ex=self._keep)

        await self._atomically(reservation.account, step)

    async def cancel(self, reservation: Reservation) -> None:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, account: str, _: float) -> None:
            second = await _second(pipe, reservation)
            _write(pipe)
            pipe.zrem(attempts_of(account), OPEN + reservation.id)
            if second is not None:
                pipe.zrem(attempts_of(second), OPEN + reservation.also_id)

        await self._atomically(reservation.account, step)

    async def counted(self) -> tuple[Counted, ...]:
        """See `ledger.Ledger`."""
        found = [await self._counted(account) for account in await self._accounts()]
        return tuple(sorted((each for each in found if each), key=lambda each: (-each.held_seconds, -each.failures)))

    async def release(self, account: str | None) -> int:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, one: str, now: float) -> bool:
            rows = await pipe.zrange(attempts_of(one), 0, -1, withscores=True)
            failed = [row for row, time in rows if row.startswith(FAILED) or time <= now - UNSETTLED]
            _write(pipe)
            if failed:
                pipe.zrem(attempts_of(one), *failed)
            return bool(failed)

        accounts = [account] if account is not None else await self._accounts()
        return sum([await self._atomically(each, step) for each in accounts])

    async def failures(self) -> tuple[Failure, ...]:
        """See `ledger.Ledger`."""

        async def step(pipe: Pipeline, one: str, now: float) -> list[Failure]:
            rows, name = await pipe.zrange(attempts_of(one), 0, -1, withscores=True), await pipe.get(name_of(one))
            _write(pipe)
            since = now - self._budget.window
            return [Failure(row[2:], one, now - time, name) for row, time in rows if row.startswith(FAILED) and time > since]

        return tuple([each for account in await self._accounts() for each in await self._atomically(account, step)])

    async def adopt(self, failures: Sequence[Failure]) -> None:
        """See `ledger.Ledger`."""
        for failure in failures:

            async def step(pipe: Pipeline, account: str, now: float, failure: Failure = failure) -> None:
                _write(pipe)
                pipe.zadd(attempts_of(account), {FAILED + failure.id: now - failure.age}, nx=True)
                pipe.expire(attempts_of(account), self._keep)

            await self._atomically(failure.account, step)

    async def close(self) -> None:
        """See `ledger.Ledger`."""
        await self._client.aclose()

    async def _decide(
        self, pipe: Pipeline, account: str, source: str, now: float, first: Reservation | None = None
    ) -> tuple[Decision, bool]:
        """Whether an attempt may be made, and whether its source is familiar; `first`: it may be for another account already."""
        seen = await pipe.zscore(familiar_of(account), source)
        familiar = (seen is not None and seen > now - FAMILIAR_SECONDS) or (first is not None and first.familiar)
        failed, under_way = parted(await pipe.zrange(attempts_of(account), 0, -1, withscores=True))
        budget = self._budget if first is None else replace(self._budget, pause=0.0)
        return decide(budget, failed, under_way, now, familiar=familiar), familiar

    def _open(self, pipe: Pipeline, account: str, id_: str, now: float) -> None:
        pipe.zadd(attempts_of(account), {OPEN + id_: now})
        pipe.zremrangebyscore(attempts_of(account), "-inf", now - self._keep)
        pipe.expire(attempts_of(account), self._keep)

    def _fail(self, pipe: Pipeline, account: str, id_: str, name: str | None, now: float) -> None:
        pipe.zrem(attempts_of(account), OPEN + id_)
        pipe.zadd(attempts_of(account), {FAILED + id_: now})
        pipe.expire(attempts_of(account), self._keep)
        if name is not None:
            pipe.set(name_of(account), name, ex=self._keep)

    async def _same(self, pipe: Pipeline, epoch: str | None) -> None:
        """Notice a server that was started anew, or emptied: it has lost the word that the first of us wrote. Raises StartedAnewError."""
        if epoch is None:
            await pipe.set(EPOCH, secrets.token_hex(8), nx=True)
            epoch = await pipe.get(EPOCH)
        known, self._epoch = self._epoch, epoch
        if known not in {None, epoch}:
            msg = "the throttle's server has lost its counts"
            raise StartedAnewError(msg)

    async def _accounts(self) -> list[str]:
        begins = attempts_of("")
        return [key.removeprefix(begins) async for key in self._scan(begins + "*")]

    async def _scan(self, pattern: str) -> Any:
        try:
            async for key in self._client.scan_iter(match=pattern, count=1000):
                yield key
        except (ValkeyError, OSError) as error:
            raise _away(error) from error

    async def _counted(self, account: str) -> Counted | None:
        async def step(pipe: Pipeline, one: str, now: float) -> Counted | None:
            attempts = parted(await pipe.zrange(attempts_of(one), 0, -1, withscores=True))
            name = await pipe.get(name_of(one))
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
                    await pipe.watch(alias_of(asked))
                    meant, epoch = await pipe.mget(alias_of(asked), EPOCH)
                    await self._same(pipe, epoch)
                    account = meant or asked
                    await pipe.watch(attempts_of(account))
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


async def _second(pipe: Pipeline, reservation: Reservation) -> str | None:
    """The account that an attempt counts for besides, if there is one, watched from now on."""
    if reservation.also is None:
        return None
    await pipe.watch(alias_of(reservation.also.account))
    second: str = await pipe.get(alias_of(reservation.also.account)) or reservation.also.account
    await pipe.watch(attempts_of(second))
    return second


def _write(pipe: Pipeline) -> None:
    """From here on commands are queued, for one transaction."""
    pipe.multi()  # type: ignore[no-untyped-call]  # the library's types leave this one out


def _away(error: Exception) -> LedgerError:
    # The message of a client library may repeat the address with a user in it: the kind says enough.
    return LedgerError(f"the throttle's server does not answer: {type(error).__name__}")
