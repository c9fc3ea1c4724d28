"""The audit file: one JSON line per login attempt (JSON Lines), written before the answer goes out."""

import contextlib
import json
import os
import stat
from pathlib import Path
from typing import Final

from kerbauth.core.audit import AuditRecord
from kerbauth.ports import AuditError

STANDARD_OUTPUT: Final = "-"
"""The path that stands for standard output."""

_FLAGS: Final = (
    os.O_RDWR  # read only to see whether the last line is whole
    | os.O_APPEND  # several processes may share the file: each record is one write, which goes to the end as a whole (open(2))
    | os.O_CREAT
    | os.O_NOFOLLOW  # a link in the file's place may have been put there by somebody else, to have another file written to
)


def line_of(record: AuditRecord) -> bytes:
    """The record as one line of printable ASCII, whatever it holds. Raises AuditError for what JSON cannot say (not a number)."""
    try:
        text = json.dumps(record.as_json(), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        msg = f"the audit record is not written: {error}"
        raise AuditError(msg) from error
    return text.encode("ascii") + b"\n"


class AuditFile:
    """Implements `ports.AuditSink`: appends to a file, or to standard output for the path `-`.

    "Written" means handed to the operating system: it survives this process, not a power failure. A file that was renamed or
    removed (by logrotate, for example) is noticed at the next record, which begins a new file under the old name. Call from one
    thread at a time.
    """

    def __init__(self, path: Path | str) -> None:
        """Open the file for appending, created with mode 0600; raises AuditError if that cannot be done. Its folder must be there."""
        self._path = None if str(path) == STANDARD_OUTPUT else Path(path)
        self._name = "standard output" if self._path is None else str(self._path)
        self._descriptor, self._identity, self._torn = self._open()

    def write(self, record: AuditRecord) -> None:
        """Append one record. Raises AuditError if it was not written as a whole; the next one then begins on a line of its own."""
        line = line_of(record)
        if self._descriptor < 0:
            msg = f"{self._name}: the audit file is closed"
            raise AuditError(msg)
        self._follow()
        if self._torn:
            line = b"\n" + line
        try:
            written = os.write(self._descriptor, line)
        except OSError as error:
            raise self._failed("the audit record cannot be written", error) from error
        self._torn = written < len(line)
        if self._torn:
            msg = f"{self._name}: only {written} of an audit record's {len(line)} bytes were written; is the disk full?"
            raise AuditError(msg)

    def close(self) -> None:
        """Close the file; a second time does nothing. Writing afterwards raises AuditError."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _follow(self) -> None:
        """Open the path again if it is not the file we hold any more: records in a removed file would be lost unnoticed."""
        if self._path is None:
            return
        try:
            there = _identity(self._path.lstat())
        except OSError:
            there = None
        if there != self._identity:
            descriptor, identity, torn = self._open()
            os.close(self._descriptor)
            self._descriptor, self._identity, self._torn = descriptor, identity, torn

    def _open(self) -> tuple[int, tuple[int, int] | None, bool]:
        """The descriptor, which file it is, and whether that file's last line was cut off."""
        try:
            if self._path is None:
                return os.dup(1), None, False
            descriptor = os.open(self._path, _FLAGS, 0o600)
        except OSError as error:
            raise self._failed("the audit file cannot be opened for appending", error) from error
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, descriptor)
            identity, torn = self._check(descriptor)
            undo.pop_all()
        return descriptor, identity, torn

    def _check(self, descriptor: int) -> tuple[tuple[int, int], bool]:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            msg = f"{self._name}: the audit file is not a regular file"
            raise AuditError(msg)
        # Taken for cut off, too, is a line that another process is writing just now; then a blank line follows it, which harms nobody.
        torn = status.st_size > 0 and os.pread(descriptor, 1, status.st_size - 1) != b"\n"
        return _identity(status), torn

    def _failed(self, what: str, error: OSError) -> AuditError:
        return AuditError(f"{self._name}: {what}: {error.strerror}")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
