"""From pydantic's errors to problems that an administrator understands."""

import difflib
import json
import re
from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from kerbauth.core.problem import Problem
from kerbauth.settings.environment import ENVIRONMENT, Overlay
from kerbauth.settings.fields import Missing, Table, called, listed
from kerbauth.settings.findings import FINDINGS, Location
from kerbauth.settings.model import Settings
from kerbauth.settings.shape import entry_table_of, kind_of, marker, settings_of, table_of

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")  # TOML: what a key may hold without quotes

_EXPECTED: Final = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "tuple_type": "a list",
    "mapping_type": "a table",
    "dict_type": "a table",
    "model_type": "a table",
}

_LIMITS: Final = {
    "greater_than": " above {gt:g}",
    "greater_than_equal": " from {ge:g} on",
    "finite_number": ", a finite number",
}


def problems(error: ValidationError, file: str, overlay: Overlay) -> Iterator[Problem]:
    """Every problem of a validation. No value from the file is repeated, only what sort it is: it may be a secret in a wrong place."""
    for detail in error.errors(include_url=False):
        if detail["type"] != FINDINGS:
            yield _at(detail["loc"], _sentence(detail), file, overlay)
            continue
        for finding in detail["ctx"][FINDINGS]:
            yield finding if isinstance(finding, Problem) else _at((*detail["loc"], *finding.where), finding.message, file, overlay)


def dotted(location: Location) -> str:
    """A location as it is written in TOML, with list entries counted from 1."""
    key = ""
    for part in location:
        if isinstance(part, int):
            key += f"[{part + 1}]"
        elif part != "[key]":  # pydantic's way to say that the name before it is meant, not what it stands for
            written = part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)
            key += f".{written}" if key else written
    return key


def _at(location: Location, message: str, file: str, overlay: Overlay) -> Problem:
    variable = overlay.variables.get(location)
    return Problem(file, dotted(location), message) if variable is None else Problem(ENVIRONMENT, variable, message)


def _sentence(detail: ErrorDetails) -> str:
    """What was wrong, and what was expected."""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown(detail["loc"])
    field, _ = _lookup(detail["loc"])
    if kind == "missing":
        advice = marker(field, Missing)
        return f"is missing; {advice.advice}" if advice else f"is missing; expected {kind_of(field)}. {field.description}"
    if kind == "enum":
        return f"is none of the words that are known here; expected {kind_of(field)}"
    if kind in _LIMITS:
        return f"is out of range; expected {kind_of(field)}{_LIMITS[kind].format(**detail.get('ctx', {}))}"
    return f"is {called(detail['input'])}; expected {_EXPECTED.get(kind) or kind_of(field)}"


def _unknown(location: Location) -> str:
    _, table = _lookup(location[:-1])
    known = settings_of(table or Settings)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"is no setting; did you mean {listed(close)}?" if close else f"is no setting; known here are {listed(known)}"


def _lookup(location: Location) -> tuple[FieldInfo, type[Table] | None]:
    """The setting at a location, or the one whose list or table it is in; and the table at the location, if it is one."""
    field, table = FieldInfo(annotation=Settings), table_of(FieldInfo(annotation=Settings))
    for part in location:
        if table is None:
            table = entry_table_of(field)
        else:
            field = table.model_fields[str(part)]
            table = table_of(field)
    return field, table
