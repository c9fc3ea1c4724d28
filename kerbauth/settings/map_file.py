"""The file of exceptions: which proved name is which user.

A comma-separated file in UTF-8 (a byte order mark is ignored), quoted as in RFC 4180. The first line is exactly `principal,user`.
Every further line has a proved name without its realm (RFC 1964 2.1.1 text form: a slash or an at sign that belongs to the name has a
backslash before it) and a Genesys user name. Blank lines count for nothing; blanks around a name are an error, not ignored.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kerbauth.core import text
from kerbauth.core.problem import Problem
from kerbauth.regular_file import read_regular
from kerbauth.settings.findings import Finding

HEADER: Final = ["principal", "user"]


@dataclass(frozen=True, slots=True)
class MapFile:
    """A file of exceptions, read: proved name to user name, and the line each name stands on."""

    path: Path
    entries: Mapping[str, str] = field(repr=False)
    lines: Mapping[str, int] = field(repr=False)


def read_map_file(path: Path) -> MapFile | tuple[Finding | Problem, ...]:
    """Read a file of exceptions, or say everything that is wrong with it, by line."""
    try:
        content = read_regular(path).decode("utf-8-sig")
    except OSError as error:
        return (Finding(f"the file {path} cannot be read: {error.strerror}. Correct the path, or create the file"),)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return (Problem(str(path), "", "is not UTF-8; save the file as UTF-8", line),)
    entries: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for line, row in _rows(content):
        wrong = row if isinstance(row, str) else _header(row) if line == 1 else _entry(row, lines)
        if wrong is not None:
            problems.append(Problem(str(path), "", wrong, line))
        elif line > 1:
            entries[row[0]], lines[row[0]] = row[1], line
    if not entries and not problems:
        problems.append(Problem(str(path), "", "holds no entries; expected the header principal,user and a line for each exception"))
    return tuple(problems) or MapFile(path, MappingProxyType(entries), MappingProxyType(lines))


def _rows(content: str) -> Iterator[tuple[int, list[str] | str]]:
    """The rows with the line each begins on, or what keeps one from being read, which ends it; blank lines but the first are left out."""
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    begins = 1
    try:
        for row in reader:
            if row or begins == 1:
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        yield begins, f"is no comma-separated line (RFC 4180): {error}"


def _header(row: list[str]) -> str | None:
    return None if row == HEADER else "the first line must be exactly: principal,user"


def _entry(row: list[str], lines: Mapping[str, int]) -> str | None:
    """What is wrong with a row."""
    if len(row) != len(HEADER):
        return f"has {len(row)} fields; expected two: the proved name and the user name. Quote a field that holds a comma"
    if any(not name or name != name.strip() or any(map(text.is_control, name)) for name in row):
        return "a name is empty, has blanks around it or holds a control character"
    if row[0] in lines:
        return f"the name {row[0]!r} is on line {lines[row[0]]} already; remove one of the two"
    return None
