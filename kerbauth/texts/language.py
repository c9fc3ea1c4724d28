"""Choosing a language: Accept-Language (RFC 9110 section 12.5.4) against the languages there are."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

# RFC 4647 section 2.1, language-range; RFC 9110 section 12.4.2, weight. Blanks are the OWS of RFC 9110 section 5.6.3.
_ITEM: Final = re.compile(
    r"(?P<range>\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)(?:[ \t]*;[ \t]*[qQ]=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)

_EXACT: Final = 1000  # more than any two tags can have in common

Range = tuple[str, float]


class Fit(NamedTuple):
    """How well a language fits a header, in the order in which that counts."""

    weight: float
    place: int  # 0 for the first range, -1 for the second
    likeness: int


def negotiate(accept_language: str | None, languages: Sequence[str], default: str) -> str:
    """The language out of `languages` that a person prefers; `default` for a header that is absent, malformed or fits none.

    A range fits a language that it equals or begins ("de" fits "de-AT": RFC 4647 section 3.3.1), and the language it begins with
    itself ("de-AT" fits "de": section 3.4). A language's weight is that of the range that says most about it. Of two languages with
    the same weight the one asked for first wins, then the one that is more like what was asked for, then the default.
    """
    ranges = _ranges(accept_language or "")
    fits = {language: _fit(language.lower(), ranges) for language in languages} if ranges else {}
    wanted = {language: (fit, language == default) for language, fit in fits.items() if fit.weight > 0}
    return max(wanted, key=wanted.__getitem__, default=default)


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


def _fit(language: str, ranges: Sequence[Range]) -> Fit:
    """How well a language fits, by the range that says most about it; weight 0 if none does."""
    said = [(_said(language, wanted), -position) for position, (wanted, _) in enumerate(ranges)]
    most, place = max(said)
    if most < 0:
        return Fit(0.0, 0, 0)
    wanted, weight = ranges[-place]
    return Fit(weight, place, _EXACT if language == wanted else most)


def _said(language: str, wanted: str) -> int:
    """How much a range says about a language: the characters they share, a little more if the range covers it; -1 for nothing."""
    if wanted == "*":
        return 0
    if language == wanted or language.startswith(f"{wanted}-"):
        return len(wanted) * 2 + 1
    return len(language) * 2 if wanted.startswith(f"{language}-") else -1
