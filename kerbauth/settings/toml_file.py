"""Reading a TOML file, with a place for what is wrong with it."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from kerbauth.core.problem import Problem
from kerbauth.regular_file import read_regular

_PLACE: Final = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")


def read_toml(path: Path) -> dict[str, Any] | Problem:
    """The document, or what keeps it from being read, with line and column."""
    try:
        text = read_regular(path).decode()
    except OSError as error:
        return Problem(str(path), "", f"the file cannot be read: {error.strerror}. Correct the path, or create the file")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        column = error.start - (error.object.rfind(b"\n", 0, error.start) + 1) + 1
        return Problem(str(path), "", "is not UTF-8; save the file as UTF-8", line, column)
    try:
        return tomllib.loads(text)
    except RecursionError:
        return Problem(str(path), "", "nests lists or tables too deeply")
    except ValueError as error:  # TOMLDecodeError is one; int() raises a plain one for thousands of digits
        return _syntax(path, text, error)


def _syntax(path: Path, text: str, error: ValueError) -> Problem:
    found = _PLACE.search(str(error))
    if found is None:
        return Problem(str(path), "", "is no TOML: a number has too many digits")
    if found["line"]:
        line, column = int(found["line"]), int(found["column"])
    else:
        line, column = text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1
    return Problem(str(path), "", f"is no TOML: {str(error)[: found.start()]} (toml.io describes the format)", line, column)
