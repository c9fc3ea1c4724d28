"""Work that goes on for as long as the service does."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

PAUSE: Final = 1.0
"""Seconds until work that failed is begun again."""


class Background:
    """Runs `work`, which has no end, until `end`. If it fails all the same, the event loop's handler is told, and it begins again:
    no mistake of ours may leave a silent KDC unwatched, or an old address in use, for ever.
    """

    def __init__(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._what = what
        self._work = work
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._begin()

    def end(self) -> None:
        """End it, without waiting for that."""
        if self._timer is not None:
            self._timer.cancel()
        self._task.cancel()

    async def ended(self) -> None:
        """End it, and wait until it has."""
        self.end()
        await asyncio.gather(self._task, return_exceptions=True)

    def _begin(self) -> None:
        self._timer = None
        self._task = self._loop.create_task(self._work())
        self._task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._loop.call_exception_handler({"message": f"{self._what} failed", "exception": error, "task": task})
            self._timer = self._loop.call_later(PAUSE, self._begin)
