"""Reading a rule's pattern: from the text of a regular expression to a `Pattern`, or a sentence on why not."""

import re
from typing import Final

from kerbauth.core import text
from kerbauth.core.mapping_pattern import Chars, Choice, Group, Node, Pattern, PatternError, Repeat, Sequence, bounded, character

_CLASSES: Final = frozenset("dDwWsS")
_AMBIGUOUS_IN_CLASS: Final = ("[", "--", "&&", "~~", "||")  # re warns that these may become set operations (Python's re documentation)
_DEPTH_LIMIT: Final = 20  # recursion below and in `re` stays shallow
_COUNT: Final = re.compile(r"\{(\d{0,4})(,?)(\d{0,4})\}", re.ASCII)


def regular_expression(source: str) -> Pattern:
    """Read a pattern. Raises PatternError with what is not allowed and where."""
    if not source:
        msg = "a rule's pattern is empty"
        raise PatternError(msg)
    if text.has_control(source):
        msg = "a rule's pattern holds a control character"
        raise PatternError(msg)
    reader = _Reader(source)
    node = reader.choice()
    if not reader.at_end:
        raise reader.wrong("a closing parenthesis without an opening one")
    try:
        re.compile(source)
    except re.error as error:
        msg = f"{source!r}: {error}"
        raise PatternError(msg) from error
    bounded(node, source)
    return Pattern(source, node, reader.names)


class _Reader:
    """A recursive descent over the grammar: choice = sequence { "|" sequence }, sequence = { atom [ repetition ] }."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0
        self._groups = 0
        self._depth = 0
        self.names: dict[str, int] = {}

    @property
    def at_end(self) -> bool:
        return self._position == len(self._source)

    def wrong(self, what: str) -> PatternError:
        return PatternError(f"{self._source!r}: {what}, at position {self._position}")

    def choice(self) -> Node:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Node:
        nodes: list[Node] = []
        while not self.at_end and self._source[self._position] not in "|)":
            nodes.append(self._repeated(self._atom()))
        return Sequence(tuple(nodes))

    def _atom(self) -> Node:
        one = self._next()
        match one:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escaped()
            case ".":
                return Chars(".")
            case "^" | "$":
                raise self.wrong("a pattern always covers the whole name, so leave ^ and $ out")
            case "*" | "+" | "?" | "{":
                raise self.wrong(f"nothing that {one} could repeat; for the character itself put a backslash before it")
        return character(one)

    def _escaped(self) -> Node:
        one = self._next()
        if one in _CLASSES:
            return Chars(f"\\{one}")
        if one.isalnum() or not one.isascii():
            raise self.wrong(f"\\{one} is not supported")
        return character(one)

    def _group(self) -> Node:
        self._depth += 1
        if self._depth > _DEPTH_LIMIT:
            raise self.wrong("too many groups inside groups")
        number = 0
        if not self._take("?:"):
            self._groups = number = self._groups + 1
            if self._take("?P<"):
                self.names[self._until(">")] = number
            elif self._take("?"):
                raise self.wrong("of the groups that begin with (? only (?:…) and (?P<name>…) are supported")
        inner = self.choice()
        if not self._take(")"):
            raise self.wrong("a closing parenthesis is missing")
        self._depth -= 1
        return Group(number, inner) if number else inner

    def _class(self) -> Node:
        start = self._position - 1
        self._take("^")
        self._take("]")
        while not self._take("]"):
            if self._source.startswith(_AMBIGUOUS_IN_CLASS, self._position):
                raise self.wrong("a character class may not hold [ or two of - & ~ | in a row; put a backslash before")
            if self._next() == "\\":
                one = self._next()
                if one not in _CLASSES and (one.isalnum() or not one.isascii()):
                    raise self.wrong(f"\\{one} is not supported")
        return Chars(self._source[start : self._position])

    def _repeated(self, node: Node) -> Node:
        if self._take("?"):
            repeated: Node = Choice((node, Sequence()))
        elif self._take("*"):
            repeated = self._repeat(node, 0, None)
        elif self._take("+"):
            repeated = self._repeat(node, 1, None)
        elif count := _COUNT.match(self._source, self._position):
            self._position = count.end()
            least, comma, most = count.groups()
            if not least and not most:
                raise self.wrong("a number is missing between { and }")
            repeated = self._repeat(node, int(least or 0), None if comma and not most else int(most or least))
        else:
            return node
        if not self.at_end and self._source[self._position] in "?+*{":
            raise self.wrong("a repetition of a repetition, or a lazy or possessive one")
        return repeated

    def _repeat(self, node: Node, least: int, most: int | None) -> Node:
        if not isinstance(node, Chars):
            raise self.wrong("only a single character or class can be repeated with * + or { }")
        if most is not None and most < least:
            raise self.wrong("the counts in { } are the wrong way round")
        return Repeat(node, least, most)

    def _next(self) -> str:
        if self.at_end:
            raise self.wrong("the pattern ends too early")
        self._position += 1
        return self._source[self._position - 1]

    def _take(self, expected: str) -> bool:
        found = self._source.startswith(expected, self._position)
        self._position += len(expected) if found else 0
        return found

    def _until(self, end: str) -> str:
        stop = self._source.find(end, self._position)
        if stop < 0:
            raise self.wrong("the pattern ends too early")
        found = self._source[self._position : stop]
        self._position = stop + len(end)
        return found
