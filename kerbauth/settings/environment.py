"""Settings from environment variables: scalars outside the realm and client tables."""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kerbauth.core.problem import Problem
from kerbauth.settings.fields import Table, listed
from kerbauth.settings.findings import Location
from kerbauth.settings.model import PermissionSettings, Settings
from kerbauth.settings.shape import scalar_type, settings_of, table_of

PREFIX: Final = "KERBAUTH__"
ENVIRONMENT: Final = "environment"
"""What a problem names as its file if a variable is wrong."""

_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_WORDS: Final = {"true": True, "false": False}


class Overlay:
    """A document with the variables' values laid over it. `variables` says which variable a setting came from."""

    def __init__(self, document: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Read every variable whose name begins with `KERBAUTH__`; they win over the document."""
        self.document: dict[str, Any] = dict(document)
        self.variables: dict[Location, str] = {}
        self.problems: list[Problem] = []
        for name in sorted(environ):
            if name.startswith(PREFIX):
                self._take(name, environ[name])

    def _take(self, name: str, value: str) -> None:
        table, _, key = name.removeprefix(PREFIX).lower().partition("__")
        setting, problem = _setting(table, key) if name.isupper() else (None, _unknown(name))
        if setting is None:
            self.problems.append(Problem(ENVIRONMENT, name, problem))
            return
        existing = self.document.get(table, {})
        if isinstance(existing, dict):
            self.document[table] = {**existing, key: _converted(value, setting)}
            self.variables[table, key] = name


def _setting(table: str, key: str) -> tuple[type | None, str]:
    """The type of the setting that a variable names, or what is wrong with the name. `object` for an adapter's own setting."""
    model = _tables().get(table)
    if model is None:
        if table in Settings.model_fields:
            return None, f"tables of {table} can only stand in the file"
        return None, _unknown(f"{PREFIX}{table}__{key}".upper())
    field = model.model_fields.get(key) if key in settings_of(model) else None
    if field is None:
        if model is PermissionSettings and re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", key):
            return object, ""
        return None, _unknown(f"{PREFIX}{table}__{key}".upper())
    scalar = scalar_type(field)
    return scalar, "is no single value, and can only stand in the file" if scalar is None else ""


def _tables() -> dict[str, type[Table]]:
    return {name: model for name, field in Settings.model_fields.items() if (model := table_of(field)) is not None}


def variables() -> Iterator[str]:
    """Every variable that is known, without the adapters' own."""
    for table, model in _tables().items():
        for key in settings_of(model):
            if scalar_type(model.model_fields[key]) is not None:
                yield f"{PREFIX}{table}__{key}".upper()


def _unknown(name: str) -> str:
    known = {each.removeprefix(PREFIX): each for each in variables()}
    close = [known[each] for each in difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)]
    return f"is no setting; did you mean {listed(close)}?" if close else f"is no setting; known are {listed(variables())}"


def _converted(value: str, scalar: type) -> object:
    """The value as TOML would have it. One that does not fit its setting is left to the checks that a file's values pass, too."""
    if issubclass(scalar, str):
        return value
    number = _number(value)
    return _WORDS.get(value, value) if number is None else number


def _number(value: str) -> int | float | None:
    if not _NUMBER.fullmatch(value):
        return None
    try:
        read = tomllib.loads(f"value = {value}")["value"]
    except ValueError:  # 007 is no TOML number, and thousands of digits are none of Python's
        return None
    return read if isinstance(read, int | float) else None
