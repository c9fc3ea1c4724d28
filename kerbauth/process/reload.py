"""One reload on its way through the workers."""

from collections.abc import Iterable

from kerbauth.process.child import Child


class Round:
    """Which workers have yet to answer an order that was given at `now`, within so many seconds; their replacements get as many again.

    Those forked after it serve what it is about already.
    """

    def __init__(self, order: int, told: Iterable[Child], now: float, seconds: float) -> None:
        self.order = order
        self._waiting = list(told)
        self._ends = now + seconds
        self._closes = now + 2 * seconds

    @property
    def open(self) -> bool:
        """Whether somebody has yet to answer."""
        return bool(self._waiting)

    def answered(self, child: Child) -> None:
        """It has, or is no more."""
        if child in self._waiting:
            self._waiting.remove(child)

    def overdue(self, now: float) -> tuple[Child, ...]:
        """Those whose time is up, once: they are not waited for any longer."""
        if now < self._ends:
            return ()
        late, self._waiting = tuple(self._waiting), []
        return late

    def over(self, now: float) -> bool:
        """Whether everybody's time is up."""
        return now >= self._closes
