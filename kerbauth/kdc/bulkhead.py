"""Running blocking Kerberos calls off the event loop: bounded, with a deadline, and one realm's trouble never takes another's slots."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from kerbauth.core.hysteresis import Hysteresis

Result = TypeVar("Result")

LEAST_SHARE: Final = 0.2
"""Of the deadline: with less than that left a call is not begun. Its answer would come too late, but a wrong password would count."""


class FullError(Exception):
    """No slot came free in time. `abandoned` says that calls past their deadline hold every slot: the other side is silent; `queue`
    that too many wait already, so that this one was refused at once.
    """

    def __init__(self, *, abandoned: bool = False, queue: bool = False) -> None:
        super().__init__("every slot is taken")
        self.abandoned = abandoned
        self.queue = queue


class DeadlineError(Exception):
    """The call was begun and did not end in time. It goes on by itself, holding its slot; see `late` of `Bulkhead.run`."""


class Bulkhead:
    """At most `limit` blocking calls at a time, each in a thread of its own, and at most `queue` more that wait for a slot.

    A thread inside libkrb5 cannot be stopped, so a call past its deadline is abandoned: the caller gets its answer, the thread keeps
    its slot until the library gives up. When abandoned calls hold every slot, new callers are told at once instead of waiting.
    The threads are daemons: a silent KDC does not hold up the end of the process.
    """

    def __init__(self, limit: int, queue: int = 1000) -> None:
        self._slots = asyncio.Semaphore(limit)
        self._limit = limit
        self._abandoned = 0
        self._waiting = 0
        self._queue = Hysteresis(queue)

    async def run(self, seconds: float, function: Callable[[], Result], late: Callable[[Result | None], None] | None = None) -> Result:
        """Call `function` in a thread and give its result back, or raise what it raised.

        Raises FullError if no slot came free, DeadlineError if the call did not end, both within `seconds` in all. `late` is called once,
        on the event loop, if the result could not be given back: after a DeadlineError or a cancellation, with the result when the call
        ends after all, or with None if it raised something or was never begun.
        """
        if self._abandoned >= self._limit:
            raise FullError(abandoned=True)
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        try:
            await self._take_slot(ends)
        except asyncio.CancelledError:
            if late is not None:
                late(None)
            raise
        if ends - loop.time() < seconds * LEAST_SHARE:
            self._slots.release()
            raise FullError
        call = _Call(loop, function, self._ended, late)
        try:
            call.start()
        except RuntimeError:  # the system has no thread left for us
            self._slots.release()
            raise FullError from None
        try:
            async with asyncio.timeout_at(ends):
                return await asyncio.shield(call.future)
        except TimeoutError:
            if call.future.done():
                return call.future.result()
            self._abandon(call)
            raise DeadlineError from None
        except asyncio.CancelledError:
            self._abandon(call)
            raise

    async def _take_slot(self, ends: float) -> None:
        """Wait for a slot until the loop's time `ends`. Raises FullError."""
        if self._slots.locked() and not self._queue.lets_in(self._waiting):
            raise FullError(queue=True)
        self._waiting += 1
        try:
            async with asyncio.timeout_at(ends):
                await self._slots.acquire()
        except TimeoutError:
            raise FullError(abandoned=self._abandoned >= self._limit) from None
        finally:
            self._waiting -= 1

    def _abandon(self, call: "_Call[Result]") -> None:
        """Nobody waits for the call any more. One that has ended already has given its slot back, and is told to `late` now."""
        if call.future.done():
            call.tell()
        else:
            call.abandoned = True
            self._abandoned += 1

    def _ended(self, call: "_Call[Result]") -> None:
        self._slots.release()
        if call.abandoned:
            self._abandoned -= 1


class _Call(Generic[Result]):
    """One call in its thread. Everything but `_work` runs on the event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        function: Callable[[], Result],
        ended: Callable[["_Call[Result]"], None],
        late: Callable[[Result | None], None] | None,
    ) -> None:
        self.future: asyncio.Future[Result] = loop.create_future()
        self.abandoned = False
        self._loop = loop
        self._function = function
        self._ended = ended
        self._late = late

    def start(self) -> None:
        threading.Thread(target=self._work, name="kerberos", daemon=True).start()

    def tell(self) -> None:
        """Hand what came of an ended call to `late`."""
        failed = self.future.cancelled() or self.future.exception() is not None
        if self._late is not None:
            self._late(None if failed else self.future.result())

    def _work(self) -> None:
        result: Result | None = None
        error: BaseException | None = None
        try:
            result = self._function()
        except BaseException as raised:  # noqa: BLE001 -- handed over to the caller, whatever it is
            error = raised
        try:
            self._loop.call_soon_threadsafe(self._finish, result, error)
        except RuntimeError:  # the loop is closed: the service has stopped without waiting for us
            return

    def _finish(self, result: Any, error: BaseException | None) -> None:
        self._ended(self)
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)
        if self.abandoned:
            self.tell()
