"""One reload on its way through the workers."""

from collections.abc import Iterable

from kerbauth.process.child import Child


class Round:
    """Which workers have yet to answer an order. Those forked after it serve what it is about already."""

    def __init__(self, order: int, told: Iterable[Child], ends: float) -> None:
        self.order = order
        self._waiting = list(told)
        self._ends = ends

    @property
    def open(self) -> bool:
        """Whether somebody has yet to answer."""
        return bool(self._waiting)

    def answered(self, child: Child) -> None:
        """It has, or is no more."""
        if child in self._waiting:
            self._waiting.remove(child)

    def overdue(self, now: float) -> tuple[Child, ...] | None:
        """None while there is time; then those who have not answered."""
        return None if now < self._ends else tuple(self._waiting)
