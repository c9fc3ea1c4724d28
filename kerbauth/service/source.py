"""Where a configuration comes from: its file, the files it names, the environment; read as one, though each may change meanwhile."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kerbauth.assembly import Prepared, StartError
from kerbauth.regular_file import read_regular
from kerbauth.settings import Settings, load, named_files

TRIES: Final = 5
"""So often a configuration is read anew because one of its files changed while it was read."""

ABSENT: Final = "-"
"""Stands for the digest of a file that cannot be read."""


@dataclass(frozen=True, slots=True)
class Source:
    """The configuration file, and the environment as the service was started with it."""

    path: Path
    environ: Mapping[str, str]

    def load(self) -> Settings:
        """Read the settings. Raises SettingsError."""
        return load(self.path, self.environ)

    def files(self, settings: Settings) -> tuple[Path, ...]:
        """Every file and folder that these settings come from."""
        return (self.path, *named_files(settings))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, prepared, and the SHA-256 digest of each file that it was read from."""

    prepared: Prepared
    digests: Mapping[Path, str]

    @property
    def fingerprint(self) -> str:
        """One digest over all: two processes that have the same have read the same."""
        lines = (f"{path}\0{digest}\n" for path, digest in sorted(self.digests.items()))
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def load_whole(source: Source, likely: Iterable[Path], prepare: Callable[[Settings], Prepared]) -> Loaded:
    """Load and prepare a configuration none of whose files changed meanwhile.

    `likely` are the files it will probably be read from: those of the last one. Raises SettingsError or StartError with every problem.
    """
    before = digests(likely)
    for _ in range(TRIES):
        settings = source.load()
        prepared = prepare(settings)
        after = digests(source.files(settings))
        if after == before:
            return Loaded(prepared, after)
        before = after
    raise StartError(["its files change while they are read, again and again"])


def digests(paths: Iterable[Path]) -> dict[Path, str]:
    """The SHA-256 digest of each file; a folder stands for the files in it."""
    return {file: _digest(file) for path in paths for file in _members(path)}


def signature(paths: Iterable[Path]) -> tuple[tuple[int, int, int] | None, ...]:
    """What changes when a file is changed or replaced, without reading it: time of change, size and inode (inode(7))."""
    return tuple(_stat(file) for path in paths for file in (path, *_members(path)))


def _members(path: Path) -> list[Path]:
    try:
        return sorted(path.iterdir()) if path.is_dir() else [path]
    except OSError:
        return [path]


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_regular(path)).hexdigest()
    except OSError:
        return ABSENT


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
