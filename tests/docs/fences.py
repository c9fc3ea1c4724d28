"""The fenced blocks of a page, by the heading they stand under."""

import re
import textwrap
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"

_PARTS = re.compile(
    r"^#{1,6} (?P<heading>[^\n]+)$|^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)


def blocks(page: str, heading: str, language: str) -> list[str]:
    """The blocks of this language right below a heading of docs/`page`, without their indentation. There is at least one."""
    found, current = [], ""
    for part in _PARTS.finditer((DOCS / page).read_text(encoding="utf-8")):
        current = part["heading"] or current
        if current == heading and part["heading"] is None and part["language"] == language:
            found.append(textwrap.dedent(part["body"]))
    assert found, f"{page} has no block of {language} under {heading!r}"
    return found
