"""Reading a permission file: strict, and everything that is wrong is found at once."""

import difflib
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from kerbauth.core.problem import Problem
from kerbauth.permissions.consistency import Rows, Tables, contradictions
from kerbauth.permissions.model import AccessGroup, ApplicationObject, Grant, PermissionModel, Person
from kerbauth.permissions.problems import described
from kerbauth.settings.fields import called, listed
from kerbauth.settings.toml_file import read_toml
from kerbauth.settings.translate import dotted

TABLES: Final = tuple(PermissionModel.model_fields)
"""The tables a permission file may have."""

_Row = TypeVar("_Row", Person, ApplicationObject, AccessGroup, Grant)
_Found = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PermissionFile:
    """A permission file, read: what it says, and what is odd about it though not wrong."""

    model: PermissionModel
    warnings: tuple[str, ...]


class PermissionFileError(Exception):
    """The file cannot be used. `problems` are all the reasons, in the order of the file's tables."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def read_permission_file(path: Path) -> PermissionFile:
    """Read a permission file. Raises PermissionFileError with everything that is wrong with it."""
    document = read_toml(path)
    if isinstance(document, Problem):
        raise PermissionFileError((document,))
    found = list(_unknown_tables(document))
    persons = _rows(document, "persons", "user", Person, found)
    applications = _rows(document, "applications", "name", ApplicationObject, found)
    groups = _rows(document, "access_groups", "name", AccessGroup, found)
    grants = _rows(document, "grants", "", Grant, found)
    found += _grantees(document)
    found += contradictions(Tables(persons, applications, groups, grants))
    if found:
        raise PermissionFileError(tuple(Problem(str(path), key, message) for key, message in found))
    model = PermissionModel(
        persons=tuple(persons.read.values()),
        applications=tuple(applications.read.values()),
        access_groups=tuple(groups.read.values()),
        grants=tuple(grants.read.values()),
    )
    return PermissionFile(model, tuple(_warnings(path, model)))


def _unknown_tables(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in document:
        if key not in TABLES:
            close = difflib.get_close_matches(key, TABLES, n=1)
            advice = f"did you mean {listed(close)}?" if close else f"known are {listed(TABLES)}"
            yield dotted((key,)), f"is not known here; {advice}"
    # "Nothing means no": a file that knows nobody, or nothing to enter, is a mistake and not a wish.
    for table in ("persons", "applications"):
        if document.get(table, []) == []:
            yield table, f"is missing or empty; expected at least one [[{table}]]"


def _rows(document: Mapping[str, Any], table: str, key: str, kind: type[_Row], found: _Found) -> Rows[_Row]:
    """Read a table's rows; what is wrong with them is added to `found`."""
    raw = document.get(table, [])
    if not isinstance(raw, list):
        found.append((table, f"is {called(raw)}; expected a list of tables, each begun with [[{table}]]"))
        raw = []
    read: dict[int, _Row] = {}
    for position, row in enumerate(raw):
        try:
            read[position] = kind.model_validate(row)
        except ValidationError as error:
            found.extend(described(error, kind, (table, position)))
    return Rows(read, frozenset(row[key] for row in raw if isinstance(row, dict) and isinstance(row.get(key), str)))


def _grantees(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    raw = document.get("grants", [])
    for position, row in enumerate(raw if isinstance(raw, list) else []):
        if isinstance(row, dict) and ("user" in row) == ("group" in row):
            yield dotted(("grants", position)), "must have exactly one of `user` and `group`"


def _warnings(path: Path, model: PermissionModel) -> Iterator[str]:
    if not model.grants:
        yield f"{path}: there are no grants, so nobody may enter any application"
    with suppress(OSError):  # it could be read a moment ago; if it is gone now, there is nothing to warn of
        if path.stat().st_mode & stat.S_IWOTH:
            yield f"{path}: every user of this machine may change the file, and with it who may enter; remove the permission (chmod o-w)"
