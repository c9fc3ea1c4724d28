"""Which texts several patterns have in common: finding examples, by taking patterns' derivatives.

A pattern's derivative by a character is what may follow once the character was read (Brzozowski 1964; here the set of partial
derivatives of Antimirov 1996). Reading with all patterns at once, breadth first, finds the shortest texts that are in some patterns and
not in others. Characters that no set in any of the patterns tells apart are tried once.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from kerbauth.core.mapping_pattern import Chars, Choice, Group, Node, Repeat, Sequence, char_sets, lengths

_STATES: Final = 5_000  # far more than readable rules have; beyond it the search gives up
_VISITS: Final = 3  # the first example may be nobody's name, for another reason than the patterns

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789.-_'+ éж中"
"""Tried besides the characters that stand in the patterns themselves."""

_NOTHING: Final = Sequence()


class UndecidedError(Exception):
    """The patterns are too entangled to be compared."""


@dataclass(frozen=True, slots=True)
class Language:
    """A pattern, and how its sets of characters are read."""

    node: Node
    accepts: Callable[[Chars, str], bool]


def any_case(chars: Chars, letter: str) -> bool:
    """Read a set of characters without case."""
    return chars.has(letter, any_case=True)


def words(wanted: tuple[Language, ...], unwanted: tuple[Language, ...] = ()) -> Iterator[str]:
    """Texts without capital letters that all of `wanted` and none of `unwanted` cover, shortest first; not all of them.

    There is at least one if there is any over the characters that are tried, and a few if there are more. Raises UndecidedError when
    there is too much to compare.
    """
    languages = (*wanted, *unwanted)
    letters = _letters(languages)
    start = tuple(frozenset({language.node}) for language in languages)
    waiting = deque([("", start)])
    seen = Counter({start: 1})
    while waiting:
        word, state = waiting.popleft()
        covered = [any(lengths(node)[0] == 0 for node in nodes) for nodes in state]
        if all(covered[: len(wanted)]) and not any(covered[len(wanted) :]):
            yield word
        for letter in letters:
            following = tuple(
                frozenset(after for node in nodes for after in _derive(node, letter, language.accepts))
                for nodes, language in zip(state, languages, strict=True)
            )
            if all(following[: len(wanted)]) and seen[following] < _VISITS:
                if len(seen) == _STATES:
                    raise UndecidedError
                seen[following] += 1
                waiting.append((word + letter, following))


def _letters(languages: tuple[Language, ...]) -> list[str]:
    """One character of each sort that the languages tell apart."""
    sets = [(chars, language.accepts) for language in languages for chars in char_sets(language.node)]
    named = sorted({letter for chars, _ in sets for letter in chars.source.casefold()})
    sorts: dict[tuple[bool, ...], str] = {}
    for letter in (*_LETTERS, *named):
        sorts.setdefault(tuple(accepts(chars, letter) for chars, accepts in sets), letter)
    return list(sorts.values())


def _derive(node: Node, letter: str, accepts: Callable[[Chars, str], bool]) -> Iterator[Node]:
    """What may follow in the node once the letter was read."""
    match node:
        case Chars():
            if accepts(node, letter):
                yield _NOTHING
        case Repeat():
            if node.most != 0 and accepts(node.chars, letter):
                yield Repeat(node.chars, max(node.least - 1, 0), None if node.most is None else node.most - 1)
        case Group():
            yield from _derive(node.node, letter, accepts)
        case Choice():
            for each in node.nodes:
                yield from _derive(each, letter, accepts)
        case _:
            for first, rest in _firsts(node):
                yield from (Sequence((after, *rest)) for after in _derive(first, letter, accepts))


def _firsts(sequence: Sequence) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """The nodes that the next letter may belong to, with what follows each: those before it may be empty."""
    for position, node in enumerate(sequence.nodes, 1):
        yield node, sequence.nodes[position:]
        if lengths(node)[0] > 0:
            return
