"""Kerberos principals: components and realm, and their text form (RFC 1964 section 2.1.1)."""

import re
from dataclasses import dataclass
from typing import Final

# RFC 1964 2.1.1 (1a)-(1c): `/`, `@` and the backslash itself must be quoted; newline, tab, backspace and NUL may be. MIT's
# krb5_unparse_name quotes all seven (lib/krb5/krb/unparse.c), and so do we.
_UNQUOTED: Final = {"n": "\n", "t": "\t", "b": "\b", "0": "\0", "/": "/", "@": "@", "\\": "\\"}
_QUOTED: Final = {character: f"\\{letter}" for letter, character in _UNQUOTED.items()}

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

NOT_IN_REALMS: Final = frozenset("/:\0")  # RFC 1964 2.1.1 (2)


class MalformedPrincipalError(ValueError):
    """The text is no principal. The message says what is wrong and where, and does not repeat the text."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A name within a realm: what a KDC vouches for, e.g. `alice@CORP.EXAMPLE` or `HTTP/host@CORP.EXAMPLE`.

    Two principals are equal only if every component and the realm are equal, byte for byte: Kerberos itself does not fold case
    (RFC 4120 6.1, 6.2). Raises MalformedPrincipalError for a principal without components, with an empty realm or component, with a
    realm that holds `/`, `:` or NUL, or with lone surrogates, which no KDC can be asked for.
    """

    components: tuple[str, ...]
    realm: str

    def __post_init__(self) -> None:
        """Refuse what libkrb5 would take and nobody can mean."""
        if not self.components or not all(self.components):
            msg = "a principal needs at least one component, and none may be empty"
            raise MalformedPrincipalError(msg)
        if not self.realm:
            msg = "a principal needs a realm"
            raise MalformedPrincipalError(msg)
        if not NOT_IN_REALMS.isdisjoint(self.realm):
            msg = "a realm may not hold a slash, a colon or NUL"
            raise MalformedPrincipalError(msg)
        if any(_SURROGATE.search(part) for part in (*self.components, self.realm)):
            msg = "a principal may not hold a lone surrogate: it cannot be written in UTF-8"
            raise MalformedPrincipalError(msg)

    @property
    def name(self) -> str:
        """The text form without the realm, quoted."""
        return "/".join(_quote(part) for part in self.components)

    def __str__(self) -> str:
        """The text form, from which `parse` gives the same principal back."""
        return f"{self.name}@{_quote(self.realm)}"

    @classmethod
    def parse(cls, text: str) -> "Principal":
        """Read the text form: exactly what `str` gives, so that a principal has one text and a text one principal.

        Stricter than krb5_parse_name: a realm must be there; nothing may be empty; a backslash before anything that needs none, a
        newline, tab, backspace or NUL that is not quoted (libkrb5 ends the name at a NUL), and a slash or colon in the realm are
        errors. Raises MalformedPrincipalError.
        """
        parts, realm = _scan(text)
        if realm is None:
            msg = "a realm is missing: expected NAME@REALM"
            raise MalformedPrincipalError(msg)
        return cls(parts, realm)

    @classmethod
    def parse_in(cls, realm: str, text: str) -> "Principal":
        """Read a text form without realm, as a principal of `realm`. Otherwise as `parse`."""
        parts, other = _scan(text)
        if other is not None:
            msg = "expected a name without a realm: an @ that belongs to the name is written \\@"
            raise MalformedPrincipalError(msg)
        return cls(parts, realm)


def can_be_realm(realm: str) -> bool:
    """Whether there can be principals of a realm of this name."""
    try:
        Principal(("name",), realm)
    except MalformedPrincipalError:
        return False
    return True


def _quote(text: str) -> str:
    return text if _QUOTED.keys().isdisjoint(text) else "".join(_QUOTED.get(character, character) for character in text)


def _scan(text: str) -> tuple[tuple[str, ...], str | None]:
    """Split at unquoted `/` and `@` and take the quoting away."""
    parts: list[str] = []
    current: list[str] = []
    in_realm = False
    characters = iter(enumerate(text))
    for position, character in characters:
        if character == "\\":
            current.append(_unquoted(next(characters, None)))
        elif character == "@" and not in_realm:
            parts.append("".join(current))
            current, in_realm = [], True
        elif character == "/" and not in_realm:
            parts.append("".join(current))
            current = []
        elif character in _QUOTED:
            msg = f"an unquoted {character!r} at position {position}"
            raise MalformedPrincipalError(msg)
        else:
            current.append(character)
    if in_realm:
        return tuple(parts), "".join(current)
    return (*parts, "".join(current)), None


def _unquoted(following: tuple[int, str] | None) -> str:
    """The character that a backslash and the one after it stand for."""
    if following is None:
        msg = "the text ends in a backslash"
        raise MalformedPrincipalError(msg)
    position, character = following
    if character not in _UNQUOTED:
        msg = f"a backslash before a character that needs none, at position {position}"
        raise MalformedPrincipalError(msg)
    return _UNQUOTED[character]
