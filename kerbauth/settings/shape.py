"""What the models say about themselves: which settings there are, of what kind, and with what default."""

import types
import typing
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from pydantic.fields import FieldInfo

from kerbauth.settings.fields import Hidden, Kind, Several, Table

M = TypeVar("M")


def settings_of(model: type[Table]) -> tuple[str, ...]:
    """The names an administrator may write in a table."""
    return tuple(name for name, field in model.model_fields.items() if marker(field, Hidden) is None)


def marker(field: FieldInfo, kind: type[M]) -> M | None:
    """What a field's annotation carries of this type, at the top or behind `| None`."""
    return next((each for each in _metadata(field) if isinstance(each, kind)), None)


def _metadata(field: FieldInfo) -> Iterator[object]:
    yield from field.metadata
    for part in _parts(field.annotation):
        yield from getattr(part, "__metadata__", ())


def _parts(annotation: Any) -> tuple[Any, ...]:
    """The members of a union but None; anything else alone."""
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return tuple(part for part in typing.get_args(annotation) if part is not type(None))
    return (annotation,)


def _plain(annotation: Any) -> Any:
    """The type itself, without None and without what is annotated to it."""
    part = _parts(annotation)[0]
    return part.__origin__ if hasattr(part, "__metadata__") else part


def table_of(field: FieldInfo) -> type[Table] | None:
    """The model of a field that is one table."""
    plain = _plain(field.annotation)
    return plain if isinstance(plain, type) and issubclass(plain, Table) else None


def entry_table_of(field: FieldInfo) -> type[Table] | None:
    """The model of the entries of a field that is a table of tables or a list of tables."""
    plain = _plain(field.annotation)
    if typing.get_origin(plain) not in {Mapping, tuple}:
        return None
    inner = next((each for each in reversed(typing.get_args(plain)) if each is not Ellipsis), None)
    return inner if isinstance(inner, type) and issubclass(inner, Table) else None


def scalar_type(field: FieldInfo) -> type | None:
    """The type of a field with one value: bool, int, float or str (also for paths and choices); None for lists and tables."""
    plain = _plain(field.annotation)
    if not isinstance(plain, type) or issubclass(plain, Table):
        return None
    if issubclass(plain, bool | int | float):
        return plain
    return str if issubclass(plain, str | Path) else None


def kind_of(field: FieldInfo) -> str:
    """What an administrator calls the field's values."""
    known = marker(field, Kind)
    return known.name if known else _kind(_plain(field.annotation))


def _kind(plain: Any) -> str:
    if typing.get_origin(plain) is tuple:
        inner = typing.get_args(plain)[0]
        named = next((each.name for each in getattr(inner, "__metadata__", ()) if isinstance(each, Kind)), None)
        return f"list of {named or _kind(_plain(inner))}"
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return " | ".join(plain)
    names: dict[Any, str] = {bool: "true | false", int: "whole number", float: "number", str: "text"}
    return names.get(plain, "table")


def default_of(field: FieldInfo) -> str:
    """The default as it would be written in the file; `required`, or `none` where there is nothing that could be written."""
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    return "none" if default is None or (default == () and Several in field.metadata) else _written(default)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, Mapping):
        return "{}"
    return str(value) if isinstance(value, int | float) else f'"{value}"'
