"""The audit file: one JSON line per attempt (JSON Lines), written before the answer goes out."""

import json
import os
import stat
import sys
from pathlib import Path
from typing import Final

from kerbauth.core.audit import AuditRecord
from kerbauth.ports import AuditError

STANDARD_OUTPUT: Final = "-"


class AuditFile:
    """Implements `ports.AuditSink`: appends to a file, or writes to standard output for `-`.

    A record is one `write` call on a descriptor opened with O_APPEND, so lines of several processes do not mix (open(2)). JSON is
    written in ASCII, so no control character, line separator or bidi override of a name can break a line. "Written" means handed to
    the operating system: it survives the process, not a power failure.
    """

    def __init__(self, path: Path | str) -> None:
        """Open the file, made with mode 0600 if missing. Raises AuditError that names the file and the reason."""
        self._name = str(path)
        self._cut_off = False
        if self._name == STANDARD_OUTPUT:
            self._descriptor = os.dup(sys.stdout.fileno())
            self._name = "standard output"
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            msg = f"the audit file {path} cannot be opened for appending: {error.strerror}"
            raise AuditError(msg) from error
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            os.close(self._descriptor)
            msg = f"the audit file {path} is not a regular file"
            raise AuditError(msg)

    def write(self, record: AuditRecord) -> None:
        """Append one record. Raises AuditError if it was not written as a whole; the next record then begins on a line of its own."""
        line = json.dumps(record.as_json(), ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
        if self._cut_off:
            line = b"\n" + line
        try:
            written = os.write(self._descriptor, line)
        except OSError as error:
            msg = f"the audit record could not be written to {self._name}: {error.strerror}"
            raise AuditError(msg) from error
        self._cut_off = written != len(line)
        if self._cut_off:
            msg = f"the audit record was cut off in {self._name}: {written} of {len(line)} bytes written; is the disk full?"
            raise AuditError(msg)

    def close(self) -> None:
        """Close the file. Writing afterwards raises AuditError."""
        os.close(self._descriptor)
        self._descriptor = -1
