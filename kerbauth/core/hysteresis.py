"""When a queue takes more: refused above a limit, taken again only once it is clearly below, so that it does not flutter around it."""

from dataclasses import dataclass, field
from typing import Final

REOPENS_BELOW: Final = 0.1
"""Of the limit: a queue that was full takes nobody until this much of it is free, as Genesys' own LDAP module does (its threshold is a
thousand requests, and it accepts again at 10 % below).
"""


@dataclass(slots=True)
class Hysteresis:
    """Whether one more may wait, for a queue of at most `limit`. Raises ValueError for a negative limit; 0 lets nobody wait."""

    limit: int
    _closed: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Refuse a limit that means nothing."""
        if self.limit < 0:
            msg = "a queue cannot hold fewer than none"
            raise ValueError(msg)

    def lets_in(self, waiting: int) -> bool:
        """Decide for one more, behind `waiting` others, and remember whether the queue is closed."""
        bound = self.limit - max(1, round(self.limit * REOPENS_BELOW)) if self._closed else self.limit - 1
        self._closed = waiting > bound
        return not self._closed
