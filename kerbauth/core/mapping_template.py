"""The templates of mapping rules, and the way back from a user name to the one name a rule makes it from.

A template is text with `\\1` to `\\99`, `\\g<1>`, `\\g<name>` and `\\g<0>` for what the pattern's groups hold, as in Python's
`re.Match.expand`; a backslash is written `\\\\`.

A rule is *one-to-one* if the name can be had back from the user name. That is shown, and not guessed, in two cases:

- the template holds `\\g<0>` once and nothing else from the name;
- the pattern is nothing but text and groups, the template uses every group, and the template can be taken apart again in one way only:
  from the left, every group has a fixed length or cannot hold the character that follows it; from the right, the same with the
  character before it; and at most one group is left over in the middle.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kerbauth.core.mapping_pattern import (
    Chars,
    Choice,
    Group,
    Node,
    Pattern,
    PatternError,
    Sequence,
    char_sets,
    lengths,
    literal_text,
    parts,
    render,
)

_REFERENCE: Final = re.compile(r"\\(?:g<(?P<group>\w+)>|(?P<number>[1-9][0-9]?)|(?P<backslash>\\))")

Piece = str | int
"""A part of a template: text, or the number of a group."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template, read: never two texts in a row."""

    pieces: tuple[Piece, ...]

    @property
    def groups(self) -> tuple[int, ...]:
        """The groups it uses, in order, as often as it uses them."""
        return tuple(piece for piece in self.pieces if isinstance(piece, int))

    def fill(self, found: re.Match[str]) -> tuple[str, ...]:
        """The pieces of the user name. A group that took no part in the match is empty."""
        return tuple(piece if isinstance(piece, str) else found[piece] or "" for piece in self.pieces)


def template(source: str, pattern: Pattern) -> Template:
    """Read a template for a pattern. Raises PatternError for an unknown group and for a backslash before anything else."""
    pieces: list[Piece] = []
    rest = source
    while rest:
        found = _REFERENCE.match(rest)
        if found is None and rest[0] == "\\":
            msg = f"{source!r}: a backslash stands before a group's number or g<name>, or before another backslash"
            raise PatternError(msg)
        piece = rest[0] if found is None else _piece(found, pattern, source)
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += piece
        else:
            pieces.append(piece)
        rest = rest[found.end() if found else 1 :]
    return Template(tuple(pieces))


def _piece(found: re.Match[str], pattern: Pattern, source: str) -> Piece:
    if found["backslash"]:
        return "\\"
    named = found["group"] or found["number"]
    number = int(named) if named.isascii() and named.isdecimal() else pattern.names.get(named, -1)
    if number not in pattern.groups:
        msg = f"{source!r}: the pattern has no group {named}"
        raise PatternError(msg)
    return number


def doubt(pattern: Pattern, user: Template) -> str | None:
    """Why a rule cannot be shown to be one-to-one, as the end of a sentence; None if it is shown.

    Only where characters are folded to themselves: see `mapping_realm` on names that may be told apart by case alone.
    """
    if user.groups == (0,):
        return None
    shape = _shape(pattern)
    if shape is None:
        return "a part of the name that may vary lies outside of the groups"
    if set(user.groups) != {piece for piece in shape if isinstance(piece, int)}:
        return "the user name leaves out a group, or holds the whole name and groups"
    if not _one_way(user.pieces, pattern):
        return "the user name does not show where one group ends and the next begins"
    return None


def _shape(pattern: Pattern) -> tuple[Piece, ...] | None:
    """The pattern as text and groups, if it is nothing else."""
    shape: list[Piece] = []
    for node in _top(pattern):
        match node:
            case Chars(literal=str(literal)):
                shape.append(literal)
            case Group() if not any(isinstance(part, Group) for part in parts(node.node)):
                shape.append(node.number)
            case _:
                return None
    return tuple(shape)


def _top(pattern: Pattern) -> tuple[Node, ...]:
    """What the pattern is a sequence of."""
    return pattern.node.nodes if isinstance(pattern.node, Sequence) else (pattern.node,)


def _one_way(pieces: tuple[Piece, ...], pattern: Pattern) -> bool:
    """Whether a text can be taken apart into the pieces in at most one way."""
    return _peeled(pieces, pattern, 0) + _peeled(pieces[::-1], pattern, -1) >= len(pieces) - 1


def _peeled(pieces: tuple[Piece, ...], pattern: Pattern, nearest: int) -> int:
    """How many pieces from the start have an end that can be told. `nearest` is the character of a text that is nearest to the start."""
    for count, piece in enumerate(pieces):
        if isinstance(piece, str):
            continue
        shortest, longest = lengths(pattern.groups[piece])
        following = pieces[count + 1] if count + 1 < len(pieces) else None
        separated = isinstance(following, str) and not _may_hold(pattern.groups[piece], following[nearest])
        if shortest != longest and not separated:
            return count
    return len(pieces)


def _may_hold(node: Node, character: str) -> bool:
    """Whether some text of the node may hold the character in whatever case."""
    return any(chars.has(each, any_case=True) for chars in char_sets(node) for each in character.casefold())


@dataclass(frozen=True, slots=True)
class Inverse:
    """The way back of a one-to-one rule, for names in one case."""

    expression: str
    shape: tuple[Piece, ...]

    def name(self, spelled: str) -> str | None:
        """The name from which the rule makes this user name, if it makes it from any."""
        found = re.fullmatch(self.expression, spelled)
        return None if found is None else "".join(piece if isinstance(piece, str) else found[f"g{piece}"] for piece in self.shape)


def inverse(pattern: Pattern, user: Template, spell: Callable[[str], str]) -> Inverse:
    """The way back of a rule without `doubt`. `spell` brings a text of the template into the spelling of the realm's names."""
    expression: list[str] = []
    seen: set[int] = set()
    for piece in user.pieces:
        if isinstance(piece, str):
            expression.append(re.escape(spell(piece)))
        elif piece in seen:
            expression.append(f"(?P=g{piece})")
        else:
            seen.add(piece)
            expression.append(f"(?P<g{piece}>{render(pattern.groups[piece])})")
    return Inverse("".join(expression), (0,) if user.groups == (0,) else _shape(pattern) or ())


def image(pattern: Pattern, user: Template, spell: Callable[[str], str]) -> Node:
    """The user names a rule can lead to, or more: what a group holds twice may differ, and one that may take no part is empty then."""
    always = {0, *(node.number for node in _top(pattern) if isinstance(node, Group))}
    pieces: list[Node] = []
    for piece in user.pieces:
        if isinstance(piece, str):
            pieces.append(literal_text(spell(piece)))
        else:
            held = pattern.groups[piece]
            pieces.append(held if piece in always else Choice((held, Sequence())))
    return Sequence(tuple(pieces))
