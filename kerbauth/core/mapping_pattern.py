"""The patterns of mapping rules: a part of Python's regular expressions, small enough to be reasoned about.

Allowed are characters, `.`, character classes, the classes `\\d \\w \\s` and their opposites, groups (plain, named, non-capturing),
`|`, `?` after anything, and `* + {m} {m,} {m,n}` after a single character or class. A pattern always covers the whole name. There is no
lookaround, no reference to an earlier group, no flag and no lazy or possessive repetition.

Two things follow from the restriction. What a rule leads to can be compared with what other rules lead to, and its way can often be
gone back (`mapping_template`, `mapping_language`); and the time a match takes is bounded: a pattern that can be read in more than a few
hundred thousand ways on a name of 512 characters is refused (Python's `re` goes back and tries again; repetitions of repetitions
would let it do so for years).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Final

_READINGS_LIMIT: Final = 300_000  # two repetitions of which neither says where it ends: milliseconds on the longest name
_NAME_LIMIT: Final = 512


class PatternError(ValueError):
    """A rule's pattern or template cannot be used. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set, written as a regular expression. `literal` is the character if there is only one."""

    source: str
    literal: str | None = None

    def has(self, character: str, *, any_case: bool = False) -> bool:
        """Whether the character is in the set; with `any_case`, whether it or a counterpart in the other case is."""
        return re.fullmatch(self.source, character, re.IGNORECASE if any_case else 0) is not None


@dataclass(frozen=True, slots=True)
class Repeat:
    """Several characters of a set; `most` None means any number."""

    chars: Chars
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group."""

    number: int
    node: "Node"


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; empty for the empty text."""

    nodes: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several. Something optional is a choice between it and nothing."""

    nodes: tuple["Node", ...]


Node = Chars | Repeat | Group | Sequence | Choice

ANYTHING: Final = Repeat(Chars("."), 0, None)


def character(literal: str) -> Chars:
    """Exactly this character."""
    return Chars(re.escape(literal), literal)


def literal_text(literal: str) -> Sequence:
    """Exactly this text."""
    return Sequence(tuple(character(each) for each in literal))


def render(node: Node) -> str:
    """The node as a regular expression without capturing groups."""
    match node:
        case Chars():
            return node.source
        case Repeat():
            return f"(?:{node.chars.source}){{{node.least},{'' if node.most is None else node.most}}}"
        case Group():
            return f"(?:{render(node.node)})"
        case Sequence():
            return "".join(map(render, node.nodes))
        case _:
            return f"(?:{'|'.join(map(render, node.nodes))})"


def parts(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    match node:
        case Group():
            yield from parts(node.node)
        case Sequence() | Choice():
            for each in node.nodes:
                yield from parts(each)
        case _:
            pass


def char_sets(node: Node) -> Iterator[Chars]:
    """Every set of characters in the node."""
    for part in parts(node):
        match part:
            case Chars():
                yield part
            case Repeat():
                yield part.chars
            case _:
                pass


def lengths(node: Node) -> tuple[int, int | None]:
    """The shortest and the longest text of the node; None for no limit."""
    match node:
        case Chars():
            return 1, 1
        case Repeat():
            return node.least, node.most
        case Group():
            return lengths(node.node)
        case Sequence():
            each = [lengths(part) for part in node.nodes]
            most = [longest for _, longest in each]
            return sum(least for least, _ in each), None if None in most else sum(filter(None, most))
        case _:
            each = [lengths(part) for part in node.nodes]
            most = [longest for _, longest in each]
            return min(least for least, _ in each), None if None in most else max(filter(None, most), default=0)


def readings(node: Node, after: Node | None = None) -> int:
    """At most how many ways `re` may try on a name of 512 characters. `after` is what follows; None is the end of the name.

    A repetition that cannot hold the character that must follow it, or that goes to the end of the name, has one way to end.
    """
    match node:
        case Chars():
            return 1
        case Repeat():
            following = _first(after)
            if after is None or (following is not None and not node.chars.has(following)):
                return 1
            return min(_NAME_LIMIT if node.most is None else node.most, _NAME_LIMIT) - min(node.least, _NAME_LIMIT) + 1
        case Group():
            return readings(node.node, after)
        case Choice():
            return sum(readings(each, after) for each in node.nodes)
        case _:
            return prod(readings(each, follower) for each, follower in zip(node.nodes, (*node.nodes, after)[1:], strict=True))


def _first(node: Node | None) -> str | None:
    """The one character every text of the node begins with, if there is one to be told."""
    match node:
        case Chars():
            return node.literal
        case Group():
            return _first(node.node)
        case Sequence() if node.nodes:
            return _first(node.nodes[0])
        case _:
            return None


@dataclass(frozen=True)
class Pattern:
    """A pattern, read. `groups` are the capturing groups by number, `names` their numbers by name."""

    source: str
    node: Node
    names: dict[str, int]

    @cached_property
    def groups(self) -> dict[int, Node]:
        """What each group holds; group 0 is the whole name."""
        inner = {part.number: part.node for part in parts(self.node) if isinstance(part, Group)}
        return {0: self.node} | inner

    def match(self, name: str) -> re.Match[str] | None:
        """Match a whole name."""
        return re.fullmatch(self.source, name)

    def matches_any_case(self, name: str) -> bool:
        """Whether the pattern covers the whole name if upper and lower case are the same."""
        return re.fullmatch(self.source, name, re.IGNORECASE) is not None


def glob(text: str) -> Pattern:
    """A pattern in which `*` stands for any characters and `?` for one; everything else is itself. Raises PatternError."""
    if not text:
        msg = "a rule's principal is empty"
        raise PatternError(msg)
    wild: dict[str, Node] = {"*": ANYTHING, "?": Chars(".")}
    nodes = [wild.get(each) or character(each) for each in re.sub(r"\*+", "*", text)]
    node = Sequence(tuple(nodes))
    bounded(node, text)
    return Pattern(render(node), node, {})


def bounded(node: Node, source: str) -> None:
    """Raise PatternError if matching the node on the longest name could take long."""
    if readings(node) > _READINGS_LIMIT:
        msg = f"{source!r} can be read in too many ways: a long name would take too long"
        raise PatternError(msg)
