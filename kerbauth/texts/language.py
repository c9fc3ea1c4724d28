"""Choosing a language: Accept-Language (RFC 9110 section 12.5.4) against the languages there are."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

# RFC 4647 section 2.1, language-range; RFC 9110 section 12.4.2, weight. Blanks are the OWS of RFC 9110 section 5.6.3.
_ITEM: Final = re.compile(
    r"(?P<range>\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)(?:[ \t]*;[ \t]*[qQ]=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)

Range = tuple[str, float]


def negotiate(accept_language: str | None, languages: Sequence[str], default: str) -> str:
    """The language out of `languages` that a person prefers; `default` for a header that is absent, malformed or fits none.

    A range fits a language that it equals or begins ("de" fits "de-AT": RFC 4647 section 3.3.1), and the language it begins with
    itself ("de-AT" fits "de": section 3.4). A language's weight is that of the range that says most about it. Of two languages with
    the same weight the one asked for first wins, and then the default.
    """
    ranges = _ranges(accept_language or "")
    if not ranges:
        return default
    best: tuple[float, int, bool] | None = None
    chosen = default
    for language in languages:
        weight, position = _weight(language.lower(), ranges)
        rank = (weight, -position, language == default)
        if weight > 0 and (best is None or rank > best):
            best, chosen = rank, language
    return chosen


def _ranges(header: str) -> tuple[Range, ...] | None:
    """The ranges in order, in lower case, with their weights; None if the header is malformed."""
    found = []
    for item in header.split(","):
        stripped = item.strip(" \t")
        if not stripped:
            continue  # RFC 9110 5.6.1.2: a recipient ignores empty list elements
        match = _ITEM.fullmatch(stripped)
        if match is None:
            return None
        found.append((match["range"].lower(), float(match["weight"] or 1)))
    return tuple(found)


def _weight(language: str, ranges: Sequence[Range]) -> tuple[float, int]:
    """A language's weight and the position of the range it comes from; weight 0 if no range fits."""
    fits = [(length, -position) for position, (wanted, _) in enumerate(ranges) for length in _lengths(language, wanted)]
    if not fits:
        return 0.0, 0
    position = -max(fits)[1]
    return ranges[position][1], position


def _lengths(language: str, wanted: str) -> Iterator[int]:
    """How much a range says about a language, if it fits it: the subtags they have in common, in characters; least for `*`."""
    if wanted == "*":
        yield 0
    elif language == wanted or language.startswith(f"{wanted}-"):
        yield len(wanted) * 2 + 1
    elif wanted.startswith(f"{language}-"):
        yield len(language) * 2
