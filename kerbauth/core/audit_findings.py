"""What can be wrong with a sealed audit file, and what a gap between two good lines means."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of findings. `torn` alone is no offence: nobody was ever told that such a line was written."""

    CHANGED = "changed"
    REMOVED = "removed"
    CUT_OFF = "cut-off"
    REORDERED = "reordered"
    REPEATED = "repeated"
    ADDED = "added"
    FORKED = "forked"
    BREAK = "break"
    UNKNOWN_KEY = "unknown-key"
    REWRITTEN = "rewritten"
    ANCHOR_MISSING = "anchor-missing"
    TORN = "torn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `position` is the line among all lines that were checked, `line` the line of `file`."""

    kind: Kind
    position: int
    text: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that no key of ours made. `seq` is the number it claims, if it claims one; `is_json` says that a reader would take it;
    `whole` that the line has an end.
    """

    index: int
    seq: int | None
    is_json: bool = True
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Gap:
    """What is between two good lines: their positions and numbers. `first` and `last` say that there is no good line on that side."""

    index: int
    until: int
    seq: int
    following: int
    first: bool
    last: bool


def settle(gap: Gap, bad: Sequence[BadLine], elsewhere: Sequence[int], *, begins_whole: bool) -> list[Finding]:
    """Bring the bad lines in a gap and the records that are missing there together.

    `elsewhere` are the numbers (in order) of records that were moved; they are not missing. `begins_whole` says that the lowest record is
    one with which a file may begin, so that what was before it, if anything, is in files that were not given.
    """
    missing = _Missing(gap, elsewhere)
    unknown_start = gap.first and not gap.last and not begins_whole
    told: list[Finding] = []
    for line in bad:
        if line.seq is not None and (missing.take(line.seq) or _plausible(gap, line.seq, unknown_start=unknown_start)):
            told.append(Finding(Kind.CHANGED, line.index, f"record {line.seq} was changed"))
            unknown_start = False
        elif (line.whole or not gap.last) and (taken := missing.take_first()) is not None:
            told.append(Finding(Kind.CHANGED, line.index, f"record {taken} was changed beyond recognition"))
        elif unknown_start:
            told.append(Finding(Kind.CHANGED, line.index, "the first record was changed beyond recognition"))
            unknown_start = False
        elif line.is_json:
            _add(told, line.index)
        elif gap.last and line.whole:
            told.append(Finding(Kind.CHANGED, line.index, "what stands here is no record"))
        else:
            told.append(Finding(Kind.TORN, line.index, "the line is torn: its writing was cut off, and its login was never answered"))
    if unknown_start:
        told.append(Finding(Kind.REMOVED, 1, f"the file does not begin with an anchor: what was before record {gap.following} is missing"))
    return told + [_lost(gap, low, high) for low, high in missing.ranges]


def _plausible(gap: Gap, seq: int, *, unknown_start: bool) -> bool:
    """Whether a bad line can be the record it claims to be where nobody knows which are missing: before the first line and at the end."""
    return (unknown_start and seq < gap.following) or (gap.last and seq >= gap.following)


def _add(told: list[Finding], index: int) -> None:
    """One finding for a whole run of lines that were never sealed: a file that is older than the chain may begin with thousands."""
    text = "was never sealed: it was added, or is older than the chain"
    if told and told[-1].kind is Kind.ADDED:
        first = told[-1].position
        told[-1] = Finding(Kind.ADDED, first, f"each of {index - first + 1} lines from here on {text}")
    else:
        told.append(Finding(Kind.ADDED, index, f"the line {text}"))


def _lost(gap: Gap, low: int, high: int) -> Finding:
    what = f"record {low} is" if low == high else f"the {high - low + 1} records {low} to {high} are"
    if gap.last:
        return Finding(Kind.CUT_OFF, max(1, gap.until - 1), f"the end was cut off: {what} missing")
    return Finding(Kind.REMOVED, gap.until, f"{what} missing before this line")


class _Missing:
    """The numbers between two, as ranges: without those that stand elsewhere, and less each one that is taken."""

    def __init__(self, gap: Gap, elsewhere: Sequence[int]) -> None:
        self.ranges: list[tuple[int, int]] = []
        low = gap.seq + 1
        for seq in elsewhere[bisect_left(elsewhere, low) : bisect_left(elsewhere, gap.following)]:
            self._add(low, seq - 1)
            low = seq + 1
        self._add(low, gap.following - 1)

    def take(self, seq: int) -> bool:
        for place, (low, high) in enumerate(self.ranges):
            if low <= seq <= high:
                rest = [(low, seq - 1), (seq + 1, high)]
                self.ranges[place : place + 1] = [(a, b) for a, b in rest if a <= b]
                return True
        return False

    def take_first(self) -> int | None:
        if not self.ranges:
            return None
        seq = self.ranges[0][0]
        self.take(seq)
        return seq

    def _add(self, low: int, high: int) -> None:
        if low <= high:
            self.ranges.append((low, high))
