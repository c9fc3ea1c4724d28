"""Calls that block and cannot be stopped, off the event loop: a few at a time, each in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Blocking:
    """At most `limit` calls at a time.

    A thread inside getaddrinfo(3) cannot be stopped. So a call that takes too long is left alone: whoever waited has their answer, and the
    thread keeps its place until it ends. The threads are daemons, unlike those of an executor: the process can end without them.
    """

    def __init__(self, limit: int) -> None:
        self._places = asyncio.Semaphore(limit)

    async def run(self, seconds: float, function: Callable[[], Result]) -> Result:
        """Call `function` in a thread, and give its result back or raise what it raised. Raises TimeoutError after `seconds`, waiting for a
        place included, and if there is no thread to be had.
        """
        async with asyncio.timeout(seconds):
            await self._places.acquire()
            call = _Call(function, self._places.release)
            try:
                threading.Thread(target=call.work, name="names", daemon=True).start()
            except RuntimeError:  # the system has no thread left for us
                self._places.release()
                raise TimeoutError from None
            return await call.future


class _Call(Generic[Result]):
    """One call. Everything but `work` runs on the event loop."""

    def __init__(self, function: Callable[[], Result], ended: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Result] = self._loop.create_future()
        self._function = function
        self._ended = ended

    def work(self) -> None:
        """In the thread."""
        try:
            result = self._function()
        except BaseException as error:  # noqa: BLE001 -- handed over to the caller, whatever it is
            self._tell(partial(self.future.set_exception, error))
        else:
            self._tell(partial(self.future.set_result, result))

    def _tell(self, settle: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._finish, settle)
        except RuntimeError:  # the loop is closed: the service has stopped without waiting for us
            return

    def _finish(self, settle: Callable[[], None]) -> None:
        self._ended()
        if not self.future.done():  # nobody waits any more
            settle()
