"""The TCP connections to one KDC: no more than it keeps, and none left to a request that waits in vain while a login waits for a place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from kerbauth.kdc.transport.errors import LostError, UnsentError
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.sending import Sending

OVERTAKEN: Final = 1.0
"""Seconds. A KDC that has answered a request which was sent so much later is taken to have lost this one, if others wait for its place: it
takes them in turn or at a time, and may need a second for each. Logins go on within two seconds after the KDC does."""

LOOK: Final = 0.25
"""Seconds between two looks at what waits in vain, while others wait for its place. Half of the time after which a KDC is passed over."""


@dataclass(slots=True, eq=False)
class _Open:
    began: float
    sending: Sending
    limit: asyncio.Timeout
    ending: bool = False


class Connections:
    """At most `limit` at a time.

    While somebody waits for a place, others have to give theirs back: at first those whose login is over and that only listen on, then
    those that the KDC has lost; the oldest before the rest. A KDC that is slow loses nothing, and a KDC that answers again after a while is
    not kept from logins by what it will never answer.
    """

    def __init__(self, kdc: Kdc, limit: int) -> None:
        self._kdc = kdc
        self._places = asyncio.Semaphore(limit)
        self._waiting = 0
        self._waiting_since = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._open: list[_Open] = []  # the oldest first

    @asynccontextmanager
    async def place(self, until: float | None) -> AsyncIterator[None]:
        """Hold a place, for one connection after the other. Raises UnsentError if none came free by the loop's time `until`."""
        if self._places.locked():
            await self._wait(until)
        else:
            await self._places.acquire()  # at once
        try:
            yield
        finally:
            self._places.release()

    @asynccontextmanager
    async def connection(self, sending: Sending) -> AsyncIterator[None]:
        """Hold a connection open. Raises LostError if it has to give way, and UnsentError if nothing has left by then."""
        try:
            async with asyncio.timeout(None) as limit:
                ours = _Open(asyncio.get_running_loop().time(), sending, limit)
                self._open.append(ours)
                try:
                    yield
                finally:
                    self._open.remove(ours)
        except TimeoutError:
            diagnostic = f"no answer from {self._kdc.name}, and others waited for the connection"
            raise (LostError(diagnostic, reached=True) if sending.left else UnsentError(diagnostic)) from None

    def _make_room(self) -> None:
        """End as many connections that wait in vain as others wait for."""
        staying = [each for each in self._open if not each.ending]
        overtaken = self._kdc.answered_up_to - max(OVERTAKEN, self._kdc.patience(alone=True))
        over = [each for each in staying if not each.sending.in_time]
        lost = [each for each in staying if each.sending.in_time and each.began <= overtaken]
        ending = len(self._open) - len(staying)
        for each in [*over, *lost][: max(0, self._waiting - ending)]:
            each.ending = True
            each.limit.reschedule(asyncio.get_running_loop().time())

    async def _wait(self, until: float | None) -> None:
        if not self._waiting:
            self._waiting_since = asyncio.get_running_loop().time()
        self._waiting += 1
        try:
            if self._watch is None:
                self._watch = asyncio.get_running_loop().call_later(LOOK, self._look)
            self._make_room()
            async with asyncio.timeout_at(until):
                await self._places.acquire()
        except TimeoutError:
            raise UnsentError(f"every connection to {self._kdc.name} that we may make was in use") from None
        finally:
            self._waiting -= 1

    def _look(self) -> None:
        """Make room as long as somebody waits.

        A KDC that answers nobody meanwhile is passed over: so it is probed, and its answers tell what it has lost.
        """
        self._watch = None
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        self._watch = loop.call_later(LOOK, self._look)
        self._kdc.unanswered(max(self._waiting_since, loop.time() - self._kdc.patience(alone=True)))
        self._make_room()
