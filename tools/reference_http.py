"""Writes the table of statuses into docs/reference/http.md from the code: `python -m tools.reference_http`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kerbauth.web.openapi import WHEN
from kerbauth.web.schemas import reasons_at

PAGE: Final = Path(__file__).resolve().parents[1] / "docs/reference/http.md"

BEGIN: Final = "<!-- Statuses: written by `python -m tools.reference_http` from the code; do not edit. -->"
END: Final = "<!-- End of statuses. -->"


def rows() -> Iterator[str]:
    """The table, line by line."""
    yield "| status | when | reasons |"
    yield "|---|---|---|"
    for status, when in WHEN.items():
        yield f"| {status} | {when} | {', '.join(f'`{reason}`' for reason in reasons_at(status))} |"


def written(page: str) -> str:
    """The page with the table put between its two marks. Raises ValueError if it has not got them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        msg = f"{PAGE} has lost the marks of the table"
        raise ValueError(msg)
    return "\n".join((before + BEGIN, "", *rows(), "", END + after))


def render() -> Mapping[Path, str]:
    """The page's path and text, from the page as it is."""
    return {PAGE: written(PAGE.read_text(encoding="utf-8"))}


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
