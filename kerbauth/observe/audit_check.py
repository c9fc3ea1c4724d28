"""Reading audit files to verify them: the file of the settings with its rotated ones, or files that were named."""

import contextlib
import fcntl
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from kerbauth.core.audit_chain import ChainKey, Link, unseal
from kerbauth.core.audit_verify import Report, Verifier
from kerbauth.observe.audit_siblings import is_packed, siblings, unpacked
from kerbauth.observe.audit_state import read_state, state_path
from kerbauth.ports import AuditError

_LINE: Final = 1 << 24  # bytes: no record is that long, and a file without line ends must not fill the memory
_HEAD: Final = 10_000  # lines in which the first sealed one is looked for


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of verifying: the report, the files in the order of the chain, and what could not be found out and why."""

    report: Report
    files: tuple[Path, ...]
    unread: tuple[str, ...]
    end_known: bool


@dataclass(slots=True)
class _Opened:
    path: Path
    file: IO[bytes]
    size: int  # of a file that is not packed: what is written behind it meanwhile is not looked at
    first: int = 0
    problem: str = ""


@dataclass(slots=True)
class _Snapshot:
    """Files that belong together, opened at one moment."""

    opened: list[_Opened] = field(default_factory=list)
    end: Link | None = None
    unread: list[str] = field(default_factory=list)
    closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


def check_configured(path: Path, keys: Sequence[ChainKey], anchors: Sequence[Link]) -> Checked:
    """Verify the audit file at `path` with everything beside it that was rotated, and its end with the state file. Raises AuditError.

    The service may go on meanwhile: it waits for the moment in which the files are opened.
    """
    snapshot = _Snapshot()
    with _state_locked(path) as state:
        if state is not None:
            told = next(filter(None, (read_state(state, key) for key in keys)), None)
            snapshot.end = told.end if told is not None else None
        try:
            there = [*siblings(path), *([path] if os.path.lexists(path) else [])]
        except OSError as error:
            msg = f"{path.parent}: the folder of the audit file cannot be read: {error.strerror}"
            raise AuditError(msg) from error
        _open(there, snapshot)
    if state is None and there:
        snapshot.unread.append(f"{state_path(path)} is not there: whether the end was cut off cannot be told")
    elif state is not None and snapshot.end is None:
        snapshot.unread.append(f"{state_path(path)} is damaged, or of another key: whether the end was cut off cannot be told")
    return _check(snapshot, keys, anchors)


def check_named(paths: Sequence[Path], keys: Sequence[ChainKey], anchors: Sequence[Link]) -> Checked:
    """Verify these files, in the order of their records. Where the chain ends is not known, but by the anchors."""
    snapshot = _Snapshot()
    _open(paths, snapshot)
    return _check(snapshot, keys, anchors)


@contextlib.contextmanager
def _state_locked(path: Path) -> Iterator[bytes | None]:
    """The content of the state file, with its lock held for reading. None if it is not there. Raises AuditError."""
    name = state_path(path)
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        msg = f"{name}: the audit's state file cannot be opened: {error.strerror}"
        raise AuditError(msg) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield os.pread(descriptor, 1 << 16, 0)
    finally:
        os.close(descriptor)


def _open(paths: Sequence[Path], snapshot: _Snapshot) -> None:
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            snapshot.unread.append(f"{path}: cannot be opened: {error.strerror}")
            continue
        plain = snapshot.closing.enter_context(os.fdopen(descriptor, "rb"))  # a GzipFile does not close what it reads from
        snapshot.opened.append(_Opened(path, unpacked(path, plain), 0 if is_packed(path) else os.fstat(descriptor).st_size))


def _check(snapshot: _Snapshot, keys: Sequence[ChainKey], anchors: Sequence[Link]) -> Checked:
    verifier = Verifier(keys, snapshot.end, anchors)
    for each in snapshot.opened:
        each.first = _first(each)
    snapshot.opened.sort(key=lambda each: each.first)
    for each in snapshot.opened:
        verifier.file(str(each.path))
        for line in _lines(each):
            verifier.line(line.removesuffix(b"\n"), whole=line.endswith(b"\n"))
        if each.problem:
            snapshot.unread.append(each.problem)
    snapshot.closing.close()
    files = tuple(each.path for each in snapshot.opened)
    return Checked(verifier.finish(), files, tuple(snapshot.unread), snapshot.end is not None)


def _first(opened: _Opened) -> int:
    """The number of the first record in a file; 0 for a file that has none, which is older than the chain."""
    first = 0
    for count, line in enumerate(_lines(opened)):
        sealed = unseal(line.removesuffix(b"\n"))
        if sealed is not None:
            first = sealed.link.seq
        if sealed is not None or count > _HEAD:
            break
    opened.problem = ""
    with contextlib.suppress(OSError, EOFError, zlib.error):
        opened.file.seek(0)
    return first


def _lines(opened: _Opened) -> Iterator[bytes]:
    """The lines of a file; what keeps it from being read to its end is its `problem`."""
    left = opened.size
    try:
        while line := opened.file.readline(min(left, _LINE) if opened.size else _LINE):
            yield line
            left -= len(line)
            if opened.size and left <= 0:
                break
    except (OSError, EOFError, zlib.error) as error:
        opened.problem = f"{opened.path}: cannot be read to its end: {type(error).__name__}"
