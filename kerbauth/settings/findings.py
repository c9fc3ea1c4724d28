"""How validators report: several findings at once, each with its own place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from kerbauth.core.problem import Problem

FINDINGS: Final = "findings"
"""The error type under which `refuse` hands several findings through pydantic."""

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, told by a validator. `where` is the way on from the field that is validated, down to what is meant."""

    message: str
    where: Location = ()


@dataclass(slots=True)
class Reading:
    """What validators need to know of the file that is read.

    Relative paths start at `folder`. `tokens` are the SHA-256 digests of the client tokens seen so far, with the files they are in.
    """

    folder: Path = field(default_factory=Path)
    environ: Mapping[str, str] = field(default_factory=dict)
    tokens: dict[bytes, Path] = field(default_factory=dict)


def reading(info: ValidationInfo) -> Reading:
    """The reading a validator takes part in; an empty one if a model is built by itself, as in a test."""
    return info.context if isinstance(info.context, Reading) else Reading()


def refuse(findings: Iterable[Finding | Problem]) -> PydanticCustomError:
    """The error to raise for these findings; what is wrong with another file than the configuration comes as a whole Problem."""
    found = tuple(findings)
    return PydanticCustomError(FINDINGS, "several problems", {FINDINGS: found})


def one(message: str, where: Location = ()) -> PydanticCustomError:
    """The error to raise for a single finding."""
    return refuse([Finding(message, where)])
