"""Audit lines on standard output, for containers and the journal: whoever collects them keeps them, so there is no chain."""

import os
from collections.abc import Sequence
from typing import Final

from kerbauth.ports import AuditError

_NAME: Final = "standard output"


class AuditOutput:
    """One write for each line. "Written" means that whoever reads standard output can read it."""

    def __init__(self) -> None:
        """Raises AuditError if there is no standard output."""
        try:
            self._descriptor = os.dup(1)
        except OSError as error:
            msg = f"{_NAME}: the audit records cannot be written: {error.strerror}"
            raise AuditError(msg) from error
        self._torn = False

    def append(self, bodies: Sequence[bytes]) -> list[AuditError | None]:
        """Write a line for each."""
        return [self._append(body) for body in bodies]

    def close(self) -> None:
        """Close our descriptor; standard output stays open."""
        os.close(self._descriptor)

    def _append(self, body: bytes) -> AuditError | None:
        line = (b"\n" if self._torn else b"") + body + b"\n"
        try:
            written = os.write(self._descriptor, line)
        except OSError as error:
            return AuditError(f"{_NAME}: the audit record cannot be written: {error.strerror}")
        self._torn = written < len(line)
        if self._torn:
            return AuditError(f"{_NAME}: only {written} of an audit record's {len(line)} bytes were written; is the disk full?")
        return None
