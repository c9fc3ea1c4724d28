"""Plain counts within a window, by the library `limits`: failures of one source, and of all sources that nobody knows.

Counted after the fact and without reservation: they slow an attack down, they promise nothing. The promise is the ledger's.
"""

import time
from typing import Final

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter

from kerbauth.throttle.ledger import LedgerError

__all__ = ["SourceWindows", "Storage"]

OVERALL: Final = "all unknown sources"
"""The one key under which the failures of all unknown sources are counted."""


class SourceWindows:
    """Failures by source and overall within `window` seconds. A limit of 0 is none."""

    def __init__(self, storage: Storage, *, source: int, overall: int, window: float) -> None:
        self._limiter = MovingWindowRateLimiter(storage)
        errors = storage.base_exceptions
        self._errors: tuple[type[Exception], ...] = (*errors, OSError) if isinstance(errors, tuple) else (errors, OSError)
        self._source = _item(source, window, "source")
        self._overall = _item(overall, window, "overall")

    async def held(self, source: str) -> tuple[str, float]:
        """Which limit stands in the way (`source`, `overall`, or empty), and for how many seconds. Raises LedgerError."""
        try:
            for why, item, key in (("source", self._source, source), ("overall", self._overall, OVERALL)):
                if item is not None and not await self._limiter.test(item, key):
                    stats = await self._limiter.get_window_stats(item, key)
                    return why, max(1.0, stats.reset_time - time.time())
        except self._errors as error:
            raise _unusable(error) from error
        return "", 0.0

    async def count(self, source: str) -> None:
        """One failure more. Raises LedgerError."""
        try:
            for item, key in ((self._source, source), (self._overall, OVERALL)):
                if item is not None:
                    await self._limiter.hit(item, key)
        except self._errors as error:
            raise _unusable(error) from error


def _item(limit: int, window: float, namespace: str) -> RateLimitItem | None:
    return RateLimitItemPerSecond(limit, max(1, round(window)), namespace=namespace) if limit else None


def _unusable(error: Exception) -> LedgerError:
    return LedgerError(f"the throttle's counts of sources cannot be used: {type(error).__name__}")
