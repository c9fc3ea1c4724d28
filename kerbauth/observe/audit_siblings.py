"""The files beside an audit file that hold what was written before: found, read from, and numbered on."""

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from kerbauth.core.audit_chain import Link, unseal

TAIL: Final = 1 << 20
"""Bytes at the end of a file in which its last whole line is looked for; a record is some hundred bytes, and at most 64 kB came in."""

_BLOCK: Final = 1 << 16
_NUMBERED: Final = re.compile(r"\.(?P<number>[1-9][0-9]*)(?P<packed>\.gz)?")


def siblings(path: Path) -> list[Path]:
    """The rotated files of an audit file, newest first: `audit.jsonl.1`, `audit.jsonl-20260101.gz`, not the state. Raises OSError."""
    found = []
    with os.scandir(path.parent) as entries:
        for entry in entries:
            rest = entry.name.removeprefix(path.name)
            if rest != entry.name and re.fullmatch(r"[.-][0-9][0-9.-]*(\.gz)?", rest) and entry.is_file(follow_symlinks=False):
                found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path))
    return [Path(name) for _, name in sorted(found, reverse=True)]


def is_packed(path: Path) -> bool:
    """Whether a file's name says that it is packed."""
    return path.suffix == ".gz"


def unpacked(path: Path, file: IO[bytes]) -> IO[bytes]:
    """What is in a file that was opened for reading: the file itself, or what is packed in it. Closing that does not close the file."""
    return gzip.GzipFile(fileobj=file, mode="rb") if is_packed(path) else file  # type: ignore[return-value]  # read like any other


def last_link(path: Path) -> Link | None:
    """The place in the chain that the last sealed line of a file claims. None if there is none, or the file cannot be read."""
    try:
        with path.open("rb") as file:
            return last_in(_ending(unpacked(path, file), packed=is_packed(path)))
    except (OSError, EOFError, zlib.error):
        return None


def number_on(path: Path, keep: int) -> None:
    """Make room for a new file: `path` becomes `path.1`, `.1` becomes `.2`, and so on; what would get a number beyond `keep` is removed.

    Raises OSError; then nothing was overwritten, and a later call goes on.
    """
    numbered = sorted(_numbered(path), reverse=True)
    taken = {number for number, _ in numbered}
    free = next(number for number in range(1, len(taken) + 2) if number not in taken)
    for number, name in numbered:
        if number > free:  # there is room below it
            continue
        if number >= keep:
            name.unlink()
        else:
            name.rename(path.with_name(f"{path.name}.{number + 1}{'.gz' if name.suffix == '.gz' else ''}"))
    path.rename(path.with_name(f"{path.name}.1"))


def _numbered(path: Path) -> Iterator[tuple[int, Path]]:
    for sibling in siblings(path):
        found = _NUMBERED.fullmatch(sibling.name.removeprefix(path.name))
        if found:
            yield int(found["number"]), sibling


def _ending(file: IO[bytes], *, packed: bool) -> bytes:
    if not packed:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        return file.read(TAIL)
    ending = b""
    while block := file.read(_BLOCK):  # a packed file cannot be read from its end
        ending = (ending + block)[-TAIL:]
    return ending


def last_in(tail: bytes) -> Link | None:
    """The place in the chain of the last whole sealed line in a piece of a file."""
    whole = tail[: tail.rfind(b"\n") + 1]
    for line in reversed(whole.split(b"\n")):
        sealed = unseal(line)
        if sealed is not None:
            return sealed.link
    return None
