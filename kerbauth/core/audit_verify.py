"""Checking sealed audit files: lines in, findings out.

Every whole line can be checked by itself, so what is wrong is told once, where it is. What no line can show is a cut-off end; that takes
the place where the chain is known to end (the writer's state file), or a `mac` that was kept elsewhere.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from kerbauth.core.audit_chain import Anchor, ChainKey, Link, Sealed, members, unseal
from kerbauth.core.audit_findings import BadLine, Finding, Gap, Kind, settle
from kerbauth.core.audit_order import moved

__all__ = ["Finding", "Kind", "Report", "Verifier"]

_KEPT: Final = frozenset({Anchor.BEGIN.value, Anchor.CONTINUED.value, Anchor.BREAK.value})


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a check. `notes` are worth knowing and nothing is wrong with them; `unsure` is what could not be found out."""

    lines: int
    first: int
    last: int
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    unsure: tuple[Finding, ...]


@dataclass(slots=True)
class _Foreign:
    """A run of lines from an anchor on whose key we do not have."""

    key: str
    anchor: BadLine
    others: list[tuple[int, int]] = field(default_factory=list)


class Verifier:
    """Takes files in the order in which they were written, and their lines one by one.

    `keys` are the keys lines may be sealed with. `end` is where the chain is known to end, if that is known; it must be learnt before the
    lines are read, since more may be written meanwhile. `anchors` are places of the chain that were kept elsewhere. Takes 16 bytes a line.
    """

    def __init__(self, keys: Sequence[ChainKey], end: Link | None = None, anchors: Sequence[Link] = ()) -> None:
        self._keys = tuple(keys)
        self._end = end
        self._wanted: dict[int, set[str]] = {}
        for anchor in anchors:
            self._wanted.setdefault(anchor.seq, set()).add(anchor.mac)
        self._seen: dict[int, str] = {}
        self._names: list[str] = []
        self._starts: list[int] = []
        self._index = 0  # of the line among all lines of all files
        self._seqs = array("Q")
        self._places = array("Q")
        self._starters: set[int] = set()
        self._bad: list[BadLine] = []
        self._before: Link | None = None  # the line just before, if it was good
        self._foreign: _Foreign | None = None
        self._found: list[Finding] = []

    def file(self, name: str) -> None:
        """What follows are the lines of this file."""
        self._names.append(name)
        self._starts.append(self._index)

    def line(self, line: bytes, *, whole: bool = True) -> None:
        """Take one line, without its end; `whole` says that it had one."""
        self._index += 1
        if not line:  # follows a torn line where two writers mended it; holds nothing
            return
        sealed = unseal(line)
        if sealed is None:
            self._take_bad(BadLine(self._index, None, is_json=members(line) is not None, whole=whole))
        elif any(key.made(sealed) for key in self._keys):
            self._take_good(sealed)
        else:
            self._take_unknown(sealed)

    def finish(self) -> Report:
        """Everything that was found."""
        self._close_foreign()
        lines = self._seqs
        strays = moved(lines)
        kept = [place for place in range(len(lines)) if place not in strays]
        present = {lines[place] for place in kept}
        filling: set[int] = set()
        for place in sorted(strays):
            repeated = lines[place] in present
            if not repeated:
                filling.add(lines[place])
            kind = Kind.REPEATED if repeated else Kind.REORDERED
            self._tell(kind, self._places[place], f"record {lines[place]} stands {'once more' if repeated else 'out of its order'}")
        torn = self._gaps(kept, filling)
        self._compare()
        findings = sorted(self._found, key=lambda finding: finding.position)
        unsure = tuple(self._not_there())
        seqs = sorted((*present, *filling))
        first, last = (seqs[0], seqs[-1]) if seqs else (0, 0)
        return Report(self._index, first, last, tuple(findings), tuple(torn), unsure)

    def _take_good(self, sealed: Sealed) -> None:
        self._close_foreign()
        link = sealed.link
        if self._before is not None and link.seq == self._before.seq + 1 and sealed.prev != self._before.mac:
            self._tell(Kind.FORKED, self._index, f"record {link.seq} does not continue the one before it, but another of the same number")
        if link.seq in self._wanted or (self._end is not None and link.seq == self._end.seq):
            self._seen.setdefault(link.seq, link.mac)
        self._seqs.append(link.seq)
        self._places.append(self._index)
        self._before = link
        if sealed.is_anchor:
            content = sealed.content()
            if content.get("why") in _KEPT:
                self._starters.add(link.seq)
            if content.get("why") == Anchor.BREAK.value:
                self._tell(Kind.BREAK, self._index, f"the service wrote here that records may be lost: {content.get('problem')}")

    def _take_unknown(self, sealed: Sealed) -> None:
        """A sealed line that none of our keys made: changed, or of another key. Only an anchor can say so."""
        key = sealed.content().get("key") if sealed.is_anchor else None
        bad = BadLine(self._index, sealed.link.seq)
        if isinstance(key, str) and key not in {each.id for each in self._keys}:
            self._close_foreign()
            self._foreign = _Foreign(key, bad)
        elif self._foreign is not None:
            self._foreign.others.append((self._index, sealed.link.seq))
        else:
            self._take_bad(bad)
        self._before = None

    def _take_bad(self, bad: BadLine) -> None:
        self._bad.append(bad)
        if bad.seq is not None:
            self._before = None

    def _close_foreign(self) -> None:
        """An anchor with another key and nothing of that key behind it is a changed line; otherwise those lines cannot be checked."""
        run, self._foreign = self._foreign, None
        if run is None:
            return
        if not run.others:
            self._bad.append(run.anchor)
            return
        count = len(run.others) + 1
        self._tell(Kind.UNKNOWN_KEY, run.anchor.index, f"{count} lines from here on are sealed with another key: {run.key}")
        self._starters.add(run.anchor.seq or 0)
        for index, seq in [(run.anchor.index, run.anchor.seq or 0), *run.others]:
            self._seqs.append(seq)
            self._places.append(index)

    def _gaps(self, kept: Sequence[int], filling: set[int]) -> list[Finding]:
        """Between every two lines that stand in order: what is missing there, and the bad lines that stand there. Returns the torn ones."""
        torn: list[Finding] = []
        known_end = self._end.seq if self._end is not None else 0
        filled = sorted(filling)
        bad = iter(sorted(self._bad, key=lambda each: each.index))
        waiting = next(bad, None)
        lowest = min(self._seqs, default=1)
        seq, index = lowest - 1, 0
        for place in (*kept, None):
            between: list[BadLine] = []
            until = self._places[place] if place is not None else self._index + 1
            while waiting is not None and waiting.index < until:
                between.append(waiting)
                waiting = next(bad, None)
            following = self._seqs[place] if place is not None else max(seq, known_end) + 1
            if between or following > seq + 1 or index == 0:
                gap = Gap(index, until, seq, following, first=index == 0, last=place is None)
                told = settle(gap, between, filled, begins_whole=lowest in self._starters)
                self._found += [self._placed(finding) for finding in told if finding.kind is not Kind.TORN]
                torn += [self._placed(finding) for finding in told if finding.kind is Kind.TORN]
            seq, index = following, until
        return torn

    def _compare(self) -> None:
        """The chain with the places that are known from elsewhere."""
        for seq, macs in self._wanted.items():
            if seq in self._seen and macs != {self._seen[seq]}:
                self._tell(Kind.REWRITTEN, self._index, f"record {seq} is not the one whose mac was kept elsewhere")
        if self._end is not None and self._seen.get(self._end.seq, self._end.mac) != self._end.mac:
            self._tell(Kind.REWRITTEN, self._index, f"record {self._end.seq} is not the one with which the chain is known to have ended")

    def _not_there(self) -> list[Finding]:
        last = max(self._seqs, default=0)
        told = []
        for seq in sorted(set(self._wanted) - set(self._seen)):
            where = "the files end before it" if seq > last else "it is not in the files that were checked"
            told.append(self._placed(Finding(Kind.ANCHOR_MISSING, self._index, f"the anchor {seq} cannot be compared: {where}")))
        return told

    def _tell(self, kind: Kind, index: int, text: str) -> None:
        self._found.append(self._placed(Finding(kind, index, text)))

    def _placed(self, finding: Finding) -> Finding:
        """The finding with the file and the line in it."""
        if not self._names:
            return finding
        file = max(0, bisect_right(self._starts, max(0, finding.position - 1)) - 1)
        return Finding(finding.kind, finding.position, finding.text, self._names[file], finding.position - self._starts[file])
