"""What a permission adapter is: its own options, and a factory that opens a source from them.

An adapter is a function `open_source(options, context)`. An adapter of another package announces it under the entry-point group
`kerbauth.permissions`; see docs/how-to/write-a-permission-adapter.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from kerbauth.permissions.problems import Problem, described
from kerbauth.ports import PermissionSource

_Options = TypeVar("_Options", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Domain:
    """A configured realm, and whether it is a domain of Active Directory, whose logins come with an account and its groups."""

    realm: str
    active_directory: bool


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """What an adapter is told besides its options.

    `folder` is where relative paths start, that of the settings file. `domains` are the configured realms by what may stand before a
    backslash, in its caseless form: a realm's name, and its NetBIOS name.
    """

    folder: Path
    domains: Mapping[str, Domain] = field(default_factory=lambda: MappingProxyType({}))


class AdapterOptionsError(Exception):
    """The source cannot be opened. `problems` holds every reason at once: the key in `[permissions]`, and what was expected."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        if not problems:
            msg = "an error needs a problem"
            raise ValueError(msg)
        super().__init__("; ".join(f"{key}: {message}" for key, message in problems))
        self.problems = problems


class AdapterFactory(Protocol):
    """Opens a permission source from an adapter's options. Called once when the service starts and once per reload."""

    def __call__(self, options: Mapping[str, object], context: AdapterContext) -> PermissionSource:
        """Open the source, or raise AdapterOptionsError with every problem.

        `options` are the keys of `[permissions]` without `adapter`. It must not wait for a server: a source whose server is away
        opens, and answers SourceFailed until the server is back.
        """
        ...


def read_options(model: type[_Options], options: Mapping[str, object]) -> _Options:
    """Read `options` with a pydantic model, which should be strict and forbid unknown keys; raises AdapterOptionsError."""
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        raise AdapterOptionsError(tuple(described(error, model))) from error
