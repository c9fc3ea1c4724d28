"""A limit on log lines of one kind: what strangers can cause at will must not fill a disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

KINDS_LIMIT: Final = 500
"""Kinds that are told apart. Messages of the service are some dozens; a library that formats before it logs makes a kind of each line."""


class Kind(NamedTuple):
    """Lines that differ only in what is filled in."""

    logger: str
    template: str


@dataclass(slots=True)
class _Window:
    began: float
    admitted: int = 0
    left_out: int = 0


class Flood:
    """Lets `limit` lines of a kind through in each window of `seconds`, and counts the others. Times are arguments, in seconds."""

    def __init__(self, limit: int = 60, seconds: float = 60.0) -> None:
        self.seconds = seconds
        self._limit = limit
        self._windows: dict[Kind, _Window] = {}

    def admit(self, kind: Kind, now: float) -> bool:
        """Whether one more line may be written. Call `ended` before, with the same time."""
        if kind not in self._windows and len(self._windows) >= KINDS_LIMIT:
            kind = Kind("", "")
        window = self._windows.setdefault(kind, _Window(now))
        if window.admitted >= self._limit:
            window.left_out += 1
            return False
        window.admitted += 1
        return True

    def ended(self, now: float) -> Iterator[tuple[Kind, int]]:
        """Close the windows that are over: the kinds of which lines were left out in them, and how many."""
        for kind in [kind for kind, window in self._windows.items() if now - window.began >= self.seconds]:
            left_out = self._windows.pop(kind).left_out
            if left_out:
                yield kind, left_out
