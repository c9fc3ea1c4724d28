"""An administrator's own texts: a folder with one TOML file per language, each a list of `reason = "text"` and `"code" = "text"`."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from kerbauth.core import text
from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Code
from kerbauth.core.problem import Problem
from kerbauth.core.reasons import Reason
from kerbauth.regular_file import read_regular

TEXT_LIMIT: Final = 500
"""Characters of a text of one's own: more does not fit a login dialog."""

_KEY: Final = re.compile(r"""\s*(?P<key>"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*[=.]""")
_HEADING: Final = re.compile(r"""\s*\[+\s*(?P<key>"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)""")
_PLACE: Final = re.compile(r" \(at line (?P<line>\d+), column (?P<column>\d+)\)| \(at end of document\)")


@dataclass(frozen=True, slots=True)
class Overrides:
    """One language's own texts. A code's text comes before a reason's."""

    codes: Mapping[Code, str] = field(default_factory=lambda: MappingProxyType({}))
    reasons: Mapping[Reason, str] = field(default_factory=lambda: MappingProxyType({}))


def read_folder(folder: Path, languages: Iterable[str]) -> tuple[Mapping[str, Overrides], tuple[Problem, ...]]:
    """The own texts by language, and everything that is wrong with them. Files not named `*.toml` are left alone."""
    known = tuple(languages)
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as error:
        return {}, (Problem(str(folder), "", f"the folder of own texts cannot be read: {error.strerror}. Create it, or correct the path"),)
    found: dict[str, Overrides] = {}
    problems: list[Problem] = []
    for path in files:
        if path.stem not in known:
            names = ", ".join(f"{language}.toml" for language in known)
            problems.append(Problem(str(path), "", f"is named after no language that is offered; expected one of {names}"))
            continue
        found[path.stem], wrong = read_overrides(path)
        problems += wrong
    return MappingProxyType(found), tuple(problems)


def read_overrides(path: Path) -> tuple[Overrides, tuple[Problem, ...]]:
    """One file's texts, and what is wrong with it, each with the line it stands on."""
    try:
        content = read_regular(path).decode()
    except OSError as error:
        return Overrides(), (Problem(str(path), "", f"cannot be read: {error.strerror}"),)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return Overrides(), (Problem(str(path), "", "is not UTF-8; save the file as UTF-8", line),)
    try:
        document = tomllib.loads(content)
    except (ValueError, RecursionError) as error:
        return Overrides(), (_syntax(path, content, error),)
    return _read(path, document, _lines(content))


def _read(path: Path, document: Mapping[str, Any], lines: Mapping[str, int]) -> tuple[Overrides, tuple[Problem, ...]]:
    codes: dict[Code, str] = {}
    reasons: dict[Reason, str] = {}
    keys: dict[Code | Reason, str] = {}
    problems: list[Problem] = []
    for key, value in document.items():
        try:
            meant, own = _meaning(key, keys), _text(value)
        except ValueError as error:
            problems.append(Problem(str(path), key, str(error), lines.get(key)))
            continue
        if isinstance(meant, Code):
            codes[meant] = own
        else:
            reasons[meant] = own
    return Overrides(MappingProxyType(codes), MappingProxyType(reasons)), tuple(problems)


def _meaning(key: str, keys: dict[Code | Reason, str]) -> Reason | Code:
    """The reason or code that a key names. `keys` are those seen so far, by what they name. Raises ValueError with what is wrong."""
    entries = () if key in set(Reason) else catalogue.find(key)
    if len(entries) > 1:
        names = ", ".join(f'"{entry.code}" ({entry.name})' for entry in entries)
        msg = f"can mean several codes; write the one that is meant: {names}"
        raise ValueError(msg)
    if not entries and key not in set(Reason):
        msg = 'is neither a reason, like account-locked, nor a code, like "krb5:24" or KDC_ERR_PREAUTH_FAILED (kerbauth explain tells)'
        raise ValueError(msg)
    meant = entries[0].code if entries else Reason(key)
    if keys.setdefault(meant, key) != key:
        msg = f"is another name for {keys[meant]!r}, which is in this file too; remove one of the two"
        raise ValueError(msg)
    return meant


def _text(value: object) -> str:
    """A text that can be shown. Raises ValueError with what is wrong."""
    if not isinstance(value, str):
        msg = "is not a text in quotes"
    elif not value.strip():
        msg = "is empty; remove the line to have the built-in text"
    elif any(text.is_control(character) for character in value):
        msg = "holds a control character or a line end; the text must be one line"
    elif len(value) > TEXT_LIMIT:
        msg = f"has {len(value)} characters; expected at most {TEXT_LIMIT}"
    else:
        return value
    raise ValueError(msg)


def _lines(content: str) -> Mapping[str, int]:
    """The line on which each key stands. tomllib does not tell, so look for lines that begin with one; the first counts."""
    lines: dict[str, int] = {}
    for number, line in enumerate(content.split("\n"), 1):
        match = _KEY.match(line) or _HEADING.match(line)
        if match is None:
            continue
        try:
            (key,) = tomllib.loads(f"{match['key']} = 0")
        except ValueError:  # a line inside a text of several lines that only looks like a key
            continue
        lines.setdefault(key, number)
    return lines


def _syntax(path: Path, content: str, error: Exception) -> Problem:
    place = _PLACE.search(str(error))
    if place is None:
        return Problem(str(path), "", "is no TOML that can be read")
    line = int(place["line"] or content.count("\n") + 1)
    column = int(place["column"] or len(content) - (content.rfind("\n") + 1) + 1)
    return Problem(str(path), "", f"is no TOML: {str(error)[: place.start()]} (toml.io describes the format)", line, column)
