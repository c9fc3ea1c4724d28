"""How many logins of a realm are under way at a time, and how many may wait behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from kerbauth.core.hysteresis import Hysteresis

LEAST_SHARE: Final = 0.2
"""Of the deadline: with less than that left a login is not begun. Its answer would come too late, but a wrong password would count."""


class FullError(Exception):
    """No slot came free in time. `queue` says that too many wait already, so that this one was refused at once."""

    def __init__(self, *, queue: bool = False) -> None:
        super().__init__("every slot is taken")
        self.queue = queue


class Slots:
    """At most `limit` at a time, and at most `queue` more that wait for one."""

    def __init__(self, limit: int, queue: int = 1000) -> None:
        self._free = asyncio.Semaphore(limit)
        self._waiting = 0
        self._queue = Hysteresis(queue)

    @asynccontextmanager
    async def one(self, seconds: float) -> AsyncIterator[float]:
        """Hold a slot; what is yielded is the loop's time at which the `seconds` are over. Raises FullError."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        if self._free.locked() and not self._queue.lets_in(self._waiting):
            raise FullError(queue=True)
        if self._free.locked():
            await self._wait(ends)
        else:
            await self._free.acquire()  # at once
        try:
            if ends - loop.time() < seconds * LEAST_SHARE:
                raise FullError
            yield ends
        finally:
            self._free.release()

    async def _wait(self, ends: float) -> None:
        self._waiting += 1
        try:
            async with asyncio.timeout_at(ends):
                await self._free.acquire()
        except TimeoutError:
            raise FullError from None
        finally:
            self._waiting -= 1
