"""Marking sentences that a person may read in another language."""

from dataclasses import dataclass


def N_(text: str) -> str:  # noqa: N802 -- gettext's own name for "mark, but do not translate here" (gettext manual, "Special cases")
    """Mark a sentence for the message catalogue; it is translated where it is shown."""
    return text


def NN_(one: str, more: str) -> tuple[str, str]:  # noqa: N802 -- like N_, for what ngettext translates
    """Mark a sentence about a number of things: its form for one of them, and that for several. `{count}` stands for the number."""
    return one, more


@dataclass(frozen=True, slots=True)
class Counted:
    """A sentence about `count` things, before it is put into words: message ids that were marked, with `{count}` in them.

    `none` is the sentence for no things; it is one of its own, since languages have no plural form for that. `one` and `more` are the
    English forms; other languages have other forms, and more of them (gettext manual, "Plural forms").
    """

    none: str
    one: str
    more: str
    count: int
