"""Text that came from outside, made fit to be shown, logged or compared."""

import unicodedata
from typing import Final

FOREIGN_TEXT_LIMIT: Final = 200  # a KDC's e-text is a status word or a sentence; more is not for a login dialog

BLANKS: Final = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Unicode's space separators (category Zs). Tabs and line ends are not blanks here but controls."""


def is_control(character: str) -> bool:
    """Whether a character can break or reorder a line: controls, line separators, surrogates and bidi formatting.

    Cf is refused as a whole: it holds the bidi overrides (CVE-2021-42574) and the invisible joiners with which two names can look
    alike.
    """
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def has_control(text: str) -> bool:
    """Whether any character is a control."""
    return any(map(is_control, text))


def shown(text: str, limit: int = FOREIGN_TEXT_LIMIT) -> str:
    """Foreign text, fit to show to a person: no control characters, no surrounding blanks, at most `limit` characters."""
    return "".join(" " if is_control(character) else character for character in text).strip()[:limit].rstrip()


def nfc(text: str) -> str:
    """The composed form (Unicode Standard Annex 15), in which two spellings of one text with accents are the same characters."""
    return unicodedata.normalize("NFC", text)


def is_nfc(text: str) -> bool:
    """Whether the text is in composed form."""
    return unicodedata.is_normalized("NFC", text)


def caseless(text: str) -> str:
    """What two texts have in common that differ in case only: Unicode case folding, composed.

    This is how user names are compared everywhere. It is broader than lower case: `Straße` and `STRASSE` are the same, and so are
    the two small sigmas. It is for comparing and never for showing, and never for asking a KDC, to whom those are two accounts.
    """
    return nfc(nfc(text).casefold())


def lower(text: str) -> str:
    """Lower case, where upper and lower case are one character each and each other's only counterpart; other characters stay.

    So two characters become one only if they differ by nothing but case: the long s, the dotless i and the Kelvin sign keep apart
    from s, i and k, a capital I with a dot stays what it is, and a text never changes its length. Active Directory compares names
    in the same manner, character by character: it finds `JÜRGEN` as `jürgen`, but not `strasse` as `straße`.
    """
    return "".join(_counterpart(character, character.lower(), character.lower().upper()) for character in text)


def upper(text: str) -> str:
    """Upper case, by the same rule as `lower`."""
    return "".join(_counterpart(character, character.upper(), character.upper().lower()) for character in text)


def _counterpart(character: str, changed: str, changed_back: str) -> str:
    return changed if changed_back == character else character
