"""Whether too many logins fail: the numbers of the last period against a limit. The times are arguments."""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Totals:
    """Login attempts, and those of them that failed."""

    attempts: int
    failures: int


@dataclass(frozen=True, slots=True)
class Limit:
    """What is too much within `period` seconds: so many failures, or so many percent of at least `minimum` attempts. 0 is off."""

    failures: int
    percent: float
    minimum: int
    period: float

    def reached(self, recent: Totals) -> bool:
        """Whether these are too many."""
        many = 0 < self.failures <= recent.failures
        # without a minimum, the first user of the morning who mistypes would be 100 percent
        enough = recent.attempts >= max(self.minimum, 1)
        return many or (self.percent > 0 and enough and recent.failures * 100 >= self.percent * recent.attempts)


class Change(Enum):
    """What a sample changed."""

    BEGINS = "begins"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class _Sample:
    time: float
    totals: Totals


@dataclass(slots=True)
class FailureRate:
    """A sliding window over totals that only grow, from one sample to the next.

    The alarm begins with the sample that reaches the limit, and ends when a whole period has passed in which none did: so it does not
    flicker around the limit. With `active`, an alarm that an earlier watch began goes on: it, too, ends after a whole period.
    """

    active: bool = False
    recent: Totals = Totals(0, 0)
    """What happened within the window that ends with the last sample."""
    _samples: deque[_Sample] = field(default_factory=deque)
    _reached: float | None = None

    def sample(self, now: float, totals: Totals, limit: Limit) -> Change | None:
        """Take the totals at a time in seconds, not before the last one's, and say what that changes.

        The window begins with the last sample that is a period old, or with the first there is: what was counted before the watch
        began is nobody's alarm.
        """
        self._samples.append(_Sample(now, totals))
        while len(self._samples) > 1 and self._samples[1].time <= now - limit.period:
            self._samples.popleft()
        before = self._samples[0].totals
        # never below nought, even if what is counted begins anew
        self.recent = Totals(max(totals.attempts - before.attempts, 0), max(totals.failures - before.failures, 0))
        if limit.reached(self.recent):
            self._reached = now
            began, self.active = not self.active, True
            return Change.BEGINS if began else None
        if self._reached is None:
            self._reached = now
        if self.active and now - self._reached >= limit.period:
            self.active = False
            return Change.ENDS
        return None
