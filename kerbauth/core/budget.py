"""How many wrong passwords an account may cost: the arithmetic, without a clock and without a store.

Each attempt is written down *before* the KDC is asked, and settled afterwards: taken back if the KDC counted nothing, forgotten together
with the account's failures if the password was right, kept as a failure if it was wrong. What is written down and not settled (the
process was killed) stays. So at every moment the failures and the attempts under way are at least what the KDC can have counted within
the window, and letting nobody through above the budget keeps the KDC's own count within it, however many ask at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

UNSETTLED: Final = 60.0
"""Seconds after it was let through in which an attempt can still be counted at the KDC: longer than libkrb5 waits for one (27 s)."""

PAUSE_LIMIT: Final = 60.0
"""Seconds: the longest pause between two attempts. Beyond that the budget decides."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What an account may cost within `window` seconds: `failures`, of which the last `reserve` are kept for sources where its owner was
    let in of late, so that somebody elsewhere cannot lock the owner out. After the second failure each next attempt has to wait `pause`
    seconds, doubled with every further failure.

    Raises ValueError for a budget of none, or one that is all reserve: then nobody new could ever log in.
    """

    failures: int
    window: float
    reserve: int = 0
    pause: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a budget that lets nobody in."""
        if self.failures < 1 or not 0 <= self.reserve < self.failures or self.window <= 0 or self.pause < 0:
            msg = "a budget needs a failure that is not reserved, and a window"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Go:
    """The attempt may be made: write it down."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Attempts under way use up what is left; they may turn out well. Ask again in a moment."""


@dataclass(frozen=True, slots=True)
class Hold:
    """No attempt before `seconds` have passed. `pause` says that it is only the pause between two attempts."""

    seconds: float
    pause: bool = False


Decision = Go | Wait | Hold


def decide(budget: Budget, failed: Sequence[float], under_way: Sequence[float], now: float, *, familiar: bool) -> Decision:
    """Whether one more attempt may be made at `now`, from a source that is `familiar` (the account's owner was let in there) or not.

    `failed` are the times of failures, `under_way` those of attempts that were let through and are not settled; any order, seconds of one
    clock. What is older than the window does not count. An attempt that is under way for longer than UNSETTLED will not be settled any
    more: it is a failure of the last moment at which the KDC can have counted it.
    """
    since = now - budget.window
    lost = [time + UNSETTLED for time in under_way if time + UNSETTLED <= now]
    recent = sorted(time for time in (*failed, *lost) if time > since)
    open_ = [time for time in under_way if time + UNSETTLED > now]
    limit = budget.failures if familiar else budget.failures - budget.reserve
    if len(recent) >= limit:
        # the failure with which the count falls below the limit when it leaves the window
        return Hold(recent[len(recent) - limit] + budget.window - now)
    ready = _pause_ends(budget, recent)
    if now < ready:
        return Hold(ready - now, pause=True)
    return Go() if len(recent) + len(open_) < limit else Wait()


def _pause_ends(budget: Budget, recent: Sequence[float]) -> float:
    """When the next attempt may be made, for all that the pauses say. `recent` in order."""
    if len(recent) < 2 or not budget.pause:
        return 0.0
    return recent[-1] + min(budget.pause * 2.0 ** (len(recent) - 2), PAUSE_LIMIT)
