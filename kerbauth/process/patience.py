"""How long to wait before another worker is started, when they end as soon as they begin. Pure."""

from typing import Final

AT_ONCE: Final = 0.5
"""Seconds: a worker that ended within them of being ready, or was never ready, ended at once."""

FREE: Final = 5
"""So many may end at once, one after the other, and are replaced without a pause: something may have killed them all."""

FIRST_PAUSE: Final = 0.5  # seconds; doubled each time
LONGEST_PAUSE: Final = 30.0


class Patience:
    """Counts workers that ended at once, without one between them that did not."""

    def __init__(self) -> None:
        self.failures = 0

    def ended(self, served: float | None) -> float:
        """A worker ended that had served for so many seconds, None if it never did: the seconds to wait before the next one starts."""
        if served is not None and served >= AT_ONCE:
            self.failures = 0
            return 0.0
        self.failures += 1
        beyond = self.failures - FREE
        return 0.0 if beyond <= 0 else min(FIRST_PAUSE * 2.0 ** min(beyond - 1, 16), LONGEST_PAUSE)
