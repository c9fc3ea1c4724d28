"""Appending sealed lines to the audit file: by several processes, over rotations, and never to a file whose lines went missing."""

import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kerbauth.core.audit_chain import Anchor, ChainKey, Link, anchor_body
from kerbauth.core.secret import Secret
from kerbauth.observe.audit_position import Position
from kerbauth.observe.audit_siblings import number_on
from kerbauth.observe.audit_state import State, StateFile
from kerbauth.observe.logs import ANCHOR_LOGGER
from kerbauth.ports import AuditError

_log: Final = logging.getLogger(ANCHOR_LOGGER)

_ROTATE_AGAIN: Final = 60.0  # seconds until a rotation that failed is tried again: it must neither fill the log nor stop the logins


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How an audit file is kept; see the settings of the same names. A `rotate_bytes` of 0 leaves rotation to others."""

    sync: bool = True
    rotate_bytes: int = 0
    rotate_keep: int = 100
    anchor_seconds: float = 300.0


DEFAULT_OPTIONS: Final = AuditOptions()


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class AuditStore:
    """One process's way to an audit file and its chain. Blocking; call from one thread at a time, and build it after a fork.

    All is done under the lock of the state file, so that of all processes one at a time looks for the file, seals and appends. Only the
    waiting for the disk is outside it, so that several processes wait together.
    """

    def __init__(
        self,
        path: Path,
        secret: Secret,
        options: AuditOptions = DEFAULT_OPTIONS,
        now: Callable[[], datetime] = utc_now,
        flush: Callable[[int], None] = os.fdatasync,
    ) -> None:
        """Open the file, made with mode 0600 if it was never there. Raises AuditError if that cannot be done; its folder must be there."""
        self._path = path
        self._key = ChainKey(secret)
        self._options = options
        self._now = now
        self._flush = flush
        self._doubt = ""  # why lines that were written may not be on the disk
        self._rotate_from = 0.0
        self._state: State | None = None
        with contextlib.ExitStack() as undo:
            self._position = Position(path, self._key)
            undo.callback(self._position.close)
            self._state_file = StateFile(path, self._key)
            undo.callback(self._state_file.close)
            with self._state_file.locked():
                if self._known() is None:
                    self._position.begin()
            undo.pop_all()

    def append(self, bodies: Sequence[bytes]) -> list[AuditError | None]:
        """Seal the bodies and append a line for each; for each, None once it is on the disk, or why it is not.

        Where `sync` is off, None says that the operating system has it. Raises nothing for an answer.
        """
        try:
            with self._state_file.locked():
                answers, anchors = self._append(bodies, forgive=False)
            self._to_disk()
        except AuditError as error:
            return [error] * len(bodies)
        except OSError as error:
            return [AuditError(f"{self._path}: the audit record cannot be written: {error.strerror}")] * len(bodies)
        self._announce(anchors)
        return answers

    def settle(self) -> None:
        """Go on after lines went missing, with an anchor and an error in the log that say so. An operator's decision: raises AuditError."""
        with self._state_file.locked():
            _, anchors = self._append((), forgive=True)
        self._to_disk()
        self._announce(anchors)

    def close(self) -> None:
        """Close the files."""
        self._position.close()
        self._state_file.close()

    def _known(self) -> State | None:
        """Where the chain ends: the state file says it, unless it says less than we know."""
        told = self._state_file.read()
        if told is None or (self._state is not None and told.end.seq < self._state.end.seq):
            return self._state
        return told

    def _append(self, bodies: Sequence[bytes], *, forgive: bool) -> tuple[list[AuditError | None], list[Link]]:
        """With the lock held: find the file, seal, append, note the end. The answers, and the anchors that were written."""
        now = self._now()
        known = self._known()
        self._position.find(known, forgive=forgive)
        if bodies and self._must_rotate(now):
            self._rotate(now)
        first = self._first_anchor(known)
        if first is None and not bodies:
            return [], []
        due = known is None or now.timestamp() >= known.anchored + self._options.anchor_seconds
        lines: list[tuple[bytes, Link, bool]] = []
        stamp = now.isoformat(timespec="milliseconds")
        end = self._position.end
        planned: list[tuple[bytes, bool]] = [(body, False) for body in bodies]
        if first is not None:
            planned.insert(0, (anchor_body(first, stamp, self._key, self._position.problem), True))
        elif due:
            planned.append((anchor_body(Anchor.INTERVAL, stamp, self._key), True))
        for body, is_anchor in planned:
            line, end = self._key.seal(end, body)
            lines.append((line, end, is_anchor))
        written, failure = self._position.write([line for line, _, _ in lines])
        done = lines[:written]
        anchors = [link for _, link, is_anchor in done if is_anchor]
        if done:
            self._note(done[-1][1], now.timestamp() if anchors else (known.anchored if known else 0.0))
        logins = sum(not is_anchor for _, _, is_anchor in done)
        return [None if place < logins else failure for place in range(len(bodies))], anchors

    def _first_anchor(self, known: State | None) -> Anchor | None:
        """The anchor that must come before anything else is written, if one must."""
        if self._doubt and not self._position.problem:
            self._position.problem = self._doubt
        if self._position.problem:
            return Anchor.BREAK
        if self._position.size > 0:
            return None
        return Anchor.BEGIN if known is None else Anchor.CONTINUED

    def _note(self, end: Link, anchored: float) -> None:
        """Remember the end, for ourselves and for the others."""
        if self._position.problem:
            _log.error("audit: %s", self._position.problem)
        self._doubt = ""
        self._position.settled(end)
        self._state = State(end, self._position.identity, self._position.size, anchored)
        try:
            self._state_file.write(self._state)
        except OSError as error:
            # Not a reason to refuse the login: the line is there. What is lost is the proof that none behind it was cut off.
            _log.error("audit: the state file beside %s cannot be written: %s", self._path, error.strerror)

    def _to_disk(self) -> None:
        """Wait until what was written is on stable storage. Raises AuditError."""
        if not self._options.sync:
            return
        try:
            self._position.flush(self._flush)
        except OSError as error:
            # The kernel reports a page that could not be written once and then takes it for clean (fsync(2)): it may never get there.
            self._doubt = f"lines up to record {self._position.end.seq} may not have reached the disk: {error.strerror}"
            msg = f"{self._path}: the audit record cannot be brought to the disk: {error.strerror}"
            raise AuditError(msg) from error

    def _must_rotate(self, now: datetime) -> bool:
        limit = self._options.rotate_bytes
        return 0 < limit <= self._position.size and not self._position.problem and now.timestamp() >= self._rotate_from

    def _rotate(self, now: datetime) -> None:
        """Begin a new file. What fails is logged, and the old file goes on: a file that is too large is no reason to refuse logins."""
        try:
            number_on(self._path, self._options.rotate_keep)
        except OSError as error:
            self._rotate_from = now.timestamp() + _ROTATE_AGAIN
            _log.error("audit: %s cannot be rotated: %s", self._path, error.strerror)
            return
        end = self._position.end
        self._position.find(State(end, self._position.identity, self._position.size, 0.0), forgive=False)

    def _announce(self, anchors: Sequence[Link]) -> None:
        """Anchors go to the log, too: another medium, on which a rewritten file shows."""
        for anchor in anchors:
            _log.info("audit anchor seq=%d mac=%s", anchor.seq, anchor.mac)


def settle(path: Path, secret: Secret, options: AuditOptions = DEFAULT_OPTIONS) -> None:
    """What a start or a reload does before anybody writes: go on where lines went missing, and say so. Raises AuditError."""
    with contextlib.closing(AuditStore(path, secret, options)) as store:
        store.settle()
