import re

import pytest

from kerbauth.core.codes import catalogue
from kerbauth.core.reasons import Reason
from tools import reference_codes

PAGES = reference_codes.render()
CODES = PAGES["docs/reference/codes.md"]
REASONS = PAGES["docs/reference/reasons.md"]


@pytest.mark.parametrize("path", PAGES)
def test_the_page_in_the_tree_is_what_the_tables_say(path: str) -> None:
    written = (reference_codes.ROOT / path).read_text(encoding="utf-8")
    assert written == PAGES[path], "run: python -m tools.reference_codes"


def test_every_code_has_one_row() -> None:
    rows = [line.split(" | ")[1] for line in CODES.splitlines() if re.match(r"\| (?:-?[0-9])", line)]
    assert sorted(row.split("`")[1] for row in rows) == sorted(entry.name for entry in catalogue.ENTRIES.values())


def test_every_reason_has_a_section_that_every_link_meets() -> None:
    sections = set(re.findall(r"^### (\S+)$", REASONS, re.MULTILINE))
    assert sections == {reason.value for reason in Reason}
    assert set(re.findall(r"\]\((?:reasons\.md)?#([a-z-]+)\)", CODES + REASONS)) <= sections


def test_every_row_has_as_many_cells_as_its_table() -> None:
    width = 0
    for line in (CODES + REASONS).splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        width = width or cells
        assert cells == width, line
