"""Marking sentences that a person may read in another language."""


def N_(text: str) -> str:  # noqa: N802 -- gettext's own name for "mark, but do not translate here" (gettext manual, "Special cases")
    """Mark a sentence for the message catalogue; it is translated where it is shown."""
    return text
