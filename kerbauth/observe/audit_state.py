"""The state file beside an audit file: where its chain ends, and the lock under which everything about the audit file is done.

The audit file itself is renamed by logrotate, so a lock on it would be a lock on the past. The state file stays in its place.
"""

import contextlib
import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kerbauth.core.audit_chain import ChainKey, Link
from kerbauth.ports import AuditError

_SIZE: Final = 4096  # bytes: one page, overwritten in place, so that a disk that fills up later does not stop it
LOCK_SECONDS: Final = 5.0
"""How long the lock is waited for. It is held for microseconds; longer means that a process is stuck in the kernel with it."""

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class State:
    """The end of the chain, the file it is in (device and inode), that file's size, and when the last anchor was written (seconds)."""

    end: Link
    file: tuple[int, int]
    size: int
    anchored: float


def state_path(audit: Path) -> Path:
    """Where the state of an audit file is."""
    return audit.with_name(audit.name + ".state")


def read_state(content: bytes, key: ChainKey) -> State | None:
    """The state that a state file holds, or None: it is empty, was cut off while it was written, or was not written with this key."""
    try:
        body, told = content.split(b"\n")[:2]
        fields: dict[str, Any] = json.loads(body)
        if told.decode("ascii") != key.sign(body):
            return None
        return State(Link(fields["seq"], fields["mac"]), (fields["device"], fields["inode"]), fields["size"], fields["anchored"])
    except (ValueError, KeyError, TypeError):
        return None


class StateFile:
    """The state file of one audit file, opened for this process alone: a lock is not shared over a fork if the file is opened after it."""

    def __init__(self, audit: Path, key: ChainKey) -> None:
        """Open it, made with mode 0600 if it is not there. Raises AuditError."""
        self._path = state_path(audit)
        self._key = key
        self._descriptor = self._open()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock: against other processes, and against another StateFile of this one. Raises AuditError if another holds it for
        longer than LOCK_SECONDS.
        """
        while True:
            self._lock()
            if self._is_in_place():
                break
            stale, self._descriptor = self._descriptor, self._open()
            os.close(stale)  # and with it the lock on a file that was removed or replaced
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _lock(self) -> None:
        ends = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                return fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= ends:
                    msg = f"{self._path}: another process holds the lock of the audit for more than {LOCK_SECONDS:g} seconds"
                    raise AuditError(msg) from None
                time.sleep(0.0005)  # a lock is held for some fifty microseconds; the call that would wait has no limit (flock(2))

    def read(self) -> State | None:
        """What the file says; call with the lock held."""
        return read_state(os.pread(self._descriptor, _SIZE, 0), self._key)

    def write(self, state: State) -> None:
        """Replace what the file says; call with the lock held. Raises OSError."""
        fields = {"seq": state.end.seq, "mac": state.end.mac, "device": state.file[0], "inode": state.file[1]}
        body = json.dumps({**fields, "size": state.size, "anchored": state.anchored}).encode("ascii")
        if os.pwrite(self._descriptor, (body + b"\n" + self._key.sign(body).encode("ascii") + b"\n").ljust(_SIZE), 0) < _SIZE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> int:
        try:
            descriptor = os.open(self._path, _FLAGS, 0o600)
        except OSError as error:
            msg = f"{self._path}: the audit's state file cannot be opened: {error.strerror}"
            raise AuditError(msg) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            msg = f"{self._path}: the audit's state file is not a regular file"
            raise AuditError(msg)
        return descriptor

    def _is_in_place(self) -> bool:
        ours = os.fstat(self._descriptor)
        try:
            there = self._path.lstat()
        except OSError:
            return False
        return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
