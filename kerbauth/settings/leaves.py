"""Every setting by its name: to say which ones differ, and which files they name."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kerbauth.settings.fields import Table
from kerbauth.settings.findings import Location
from kerbauth.settings.map_file import MapFile
from kerbauth.settings.model import Settings
from kerbauth.settings.translate import dotted

# Paths that are written to, and the folder at which an adapter's paths start.
_NOT_READ: Final = frozenset({"server.runtime_directory", "audit.file", "permissions.base"})


def leaves(settings: Settings) -> dict[str, object]:
    """Every value by its setting's dotted name, as it would be written in the file. A value may be confidential: it is for comparing."""
    return {dotted(location): value for location, value in _leaves((), settings)}


def named_files(settings: Settings) -> tuple[Path, ...]:
    """The files and folders that the settings are read from, the configuration file itself aside; also those that are not there.

    Among an adapter's own options every text that names a file counts.
    """
    found: dict[Path, None] = {}
    for name, value in leaves(settings).items():
        if isinstance(value, MapFile):
            found[value.path] = None
        elif isinstance(value, Path) and name not in _NOT_READ:
            found[value] = None
        elif isinstance(value, str) and name.startswith("permissions.") and _is_file(settings.permissions.base, value):
            found[settings.permissions.base / value] = None
    return tuple(found)


def _leaves(location: Location, value: object) -> Iterator[tuple[Location, object]]:
    if isinstance(value, Table):
        for key in type(value).model_fields:
            # an adapter's options stand beside `adapter`
            yield from _leaves(location if (*location, key) == ("permissions", "options") else (*location, key), getattr(value, key))
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves((*location, str(key)), each)
    else:
        yield location, value


def _is_file(folder: Path, value: str) -> bool:
    try:
        return (folder / value).is_file()
    except (OSError, ValueError):  # not a path at all: too long, or with a NUL
        return False
