"""Where in which file the next audit line goes: the file is followed over renames, and lines that went missing are noticed."""

import contextlib
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from kerbauth.core.audit_chain import START, ChainKey, Link, unseal
from kerbauth.observe.audit_siblings import TAIL, last_in, last_link, siblings
from kerbauth.observe.audit_state import State
from kerbauth.ports import AuditError

_FLAGS: Final = (
    os.O_RDWR  # read only to see where the chain ends
    | os.O_APPEND
    | os.O_NOFOLLOW  # a link in the file's place may have been put there by somebody else, to have another file written to
)

_ADVICE: Final = "No login is answered until kerbauth is restarted or reloaded, or an empty file is put there"


class Position:
    """The audit file at its path, as one process holds it. Every method but `close` and `flush` needs the lock of the state file.

    `end` is the end of the chain after `find`, `size` the file's size, and `problem` says which lines may be missing before the next one;
    then that one must be an anchor that says so.
    """

    def __init__(self, path: Path, key: ChainKey) -> None:
        """Open the file if it is there. Raises AuditError if it is there and cannot be opened."""
        self._path = path
        self._key = key
        self._descriptor = -1
        self._torn = False
        self._new = False  # made since the last flush, so that the folder, too, must reach the disk
        self.identity = (0, 0)
        self.end = START
        self.size = 0
        self.problem = ""
        if os.path.lexists(path):
            self._open()

    def begin(self) -> None:
        """Make the file where nothing was ever written."""
        if self._descriptor < 0:
            self._open()

    def find(self, known: State | None, *, forgive: bool) -> None:
        """Stand behind the last line of the chain, in the file that is at the path now; `known` is where it is known to end.

        Raises AuditError if the lines up to there are not to be found, unless `forgive`: then `problem` says it.
        """
        self.problem = ""
        there = self._there()
        if known is None:
            self._open_if_other(there)
            self._without_state()
            return
        if there == known.file:
            self._open_if_other(there)
            if self.identity == known.file:  # it was not renamed just now
                self._same_file(known, forgive=forgive)
                return
        self._other_file(known, there, forgive=forgive)

    def write(self, lines: Sequence[bytes]) -> tuple[int, AuditError | None]:
        """Append the lines with one write: how many are there now as a whole, and why the others are not."""
        start = b"\n" if self._torn else b""
        data = start + b"".join(line + b"\n" for line in lines)
        try:
            written = os.write(self._descriptor, data)
        except OSError as error:
            return 0, AuditError(f"{self._path}: the audit record cannot be written: {error.strerror}")
        if written == len(data):
            self._torn = False
            return len(lines), None
        count, whole = 0, len(start)
        for line in lines:
            if whole + len(line) + 1 > written:
                break
            count, whole = count + 1, whole + len(line) + 1
        self._cut(whole, written)
        return count, AuditError(f"{self._path}: only {written} of {len(data)} bytes of audit records were written; is the disk full?")

    def settled(self, end: Link) -> None:
        """The lines that were written last belong to the chain."""
        self.end = end
        self.problem = ""
        self.size = os.fstat(self._descriptor).st_size

    def flush(self, flush: Callable[[int], None]) -> None:
        """Bring what was written to the disk. Raises OSError."""
        flush(self._descriptor)
        if self._new:  # fsync(2): the file's own sync does not say that its name has reached the disk
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            self._new = False

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _without_state(self) -> None:
        """Nobody says where the chain ends: the state file is missing, or was never there."""
        tail = self._tail(0)
        end = last_in(tail) or self._newest_end()
        self.end = end or START
        if end is not None:
            self.problem = "the state file beside the audit file is missing or damaged: records may have been cut off before this line"
        elif self.size > 0:
            self.problem = "the lines before this one were never sealed"

    def _same_file(self, known: State, *, forgive: bool) -> None:
        self.end = known.end
        if self.size < known.size:
            problem = f"the audit file is {known.size - self.size} bytes shorter than it was: records were cut off"
            self._lose(problem, forgive=forgive)
        elif self.size > known.size:
            self._adopt(self._descriptor, known.size)
        else:
            self._torn = False

    def _other_file(self, known: State, there: tuple[int, int] | None, *, forgive: bool) -> None:
        """The file was renamed, and another is at the path, or none."""
        self.end = known.end
        found = self._catch_up(known)
        if there is None and not found:
            self._lose(f"the audit file with record {known.end.seq} was removed", forgive=forgive)
        self._open_if_other(there)
        last = last_in(self._tail(0))
        if last == known.end:  # a copy in its place, or the file moved over from another disk: nothing is missing
            return
        if not found:
            self.problem = f"the audit file with record {known.end.seq} was removed, and another was put in its place"
        elif self.size > 0:
            self.problem = "the file that was put in the audit file's place held lines already"

    def _catch_up(self, known: State) -> bool:
        """Find the file in which the chain ended, under whatever name, and what was written to it since. Whether it is there, and whole."""
        if self._descriptor >= 0 and self.identity == known.file:
            status = os.fstat(self._descriptor)
            if status.st_nlink > 0 and status.st_size >= known.size:
                self._adopt(self._descriptor, known.size)
                return True
        with contextlib.suppress(OSError):
            for sibling in siblings(self._path):
                status = sibling.stat()
                if (status.st_dev, status.st_ino) == known.file and self._is_predecessor(sibling, known):
                    return True
            # Packed already, or copied: newest first, so that what has to be unpacked is little.
            return any(last_link(sibling) == known.end for sibling in siblings(self._path)[:3])
        return False

    def _is_predecessor(self, sibling: Path, known: State) -> bool:
        """Whether a file with the right inode number is the file with the end of the chain: numbers are given out again."""
        descriptor = os.open(sibling, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            start = max(0, known.size - TAIL)
            if last_in(os.pread(descriptor, known.size - start, start)) != known.end:
                return False
            self._adopt(descriptor, known.size)
            return True
        finally:
            os.close(descriptor)

    def _adopt(self, descriptor: int, since: int) -> None:
        """Lines behind the known end: another process wrote them and was killed before it could say so."""
        tail = self._tail(since, descriptor)
        self._torn = bool(tail) and not tail.endswith(b"\n")
        for line in reversed(tail.split(b"\n")):
            sealed = unseal(line)
            if sealed is not None and sealed.link.seq > self.end.seq and self._key.made(sealed):
                self.end = sealed.link
                return

    def _lose(self, problem: str, *, forgive: bool) -> None:
        if not forgive:
            msg = f"{self._path}: {problem}. {_ADVICE}"
            raise AuditError(msg)
        self.problem = problem

    def _newest_end(self) -> Link | None:
        with contextlib.suppress(OSError):
            return next(filter(None, map(last_link, siblings(self._path)[:3])), None)
        return None

    def _there(self) -> tuple[int, int] | None:
        try:
            status = self._path.lstat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _open_if_other(self, there: tuple[int, int] | None) -> None:
        if self._descriptor < 0 or there != self.identity:
            self._open()
        self.size = os.fstat(self._descriptor).st_size
        if self.size == 0:
            self._torn = False

    def _open(self) -> None:
        """Open the path, made if it is not there. Raises AuditError; then we hold what we held."""
        try:
            new = not os.path.lexists(self._path)
            descriptor = os.open(self._path, _FLAGS | os.O_CREAT, 0o600)
        except OSError as error:
            msg = f"{self._path}: the audit file cannot be opened for appending: {error.strerror}"
            raise AuditError(msg) from error
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            msg = f"{self._path}: the audit file is not a regular file"
            raise AuditError(msg)
        self.close()
        self._descriptor, self._new = descriptor, new
        self.identity, self.size = (status.st_dev, status.st_ino), status.st_size
        self._torn = self.size > 0 and not self._tail(self.size - 1).endswith(b"\n")

    def _tail(self, since: int, descriptor: int | None = None) -> bytes:
        """The end of a file, from `since` on, but not more than the part in which a line is looked for."""
        source = self._descriptor if descriptor is None else descriptor
        size = os.fstat(source).st_size
        start = max(since, size - TAIL)
        return os.pread(source, size - start, start)

    def _cut(self, whole: int, written: int) -> None:
        """Take a half-written line away; if that cannot be done, the next line begins on a line of its own."""
        try:
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written + whole)
            self._torn = False
        except OSError:
            self._torn = True
