"""The audit file as the use case knows it: one JSON line per login attempt, on the disk before the answer goes out."""

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from kerbauth.core.audit import AuditRecord
from kerbauth.core.audit_chain import body_of
from kerbauth.core.audit_names import AuditNames
from kerbauth.core.secret import Secret
from kerbauth.observe.audit_key import audit_secret
from kerbauth.observe.audit_output import AuditOutput
from kerbauth.observe.audit_store import DEFAULT_OPTIONS, AuditOptions, AuditStore, settle
from kerbauth.ports import AuditError
from kerbauth.settings.audit import STANDARD_OUTPUT, AuditSettings

PATIENCE: Final = 5.0
"""Seconds a login waits for its record to be written; a healthy disk takes milliseconds, and a stuck one says nothing at all."""

_BATCH: Final = 256  # records of one write and one sync; more wait for the next, so that no login waits for hundreds of others
QUEUE_LIMIT: Final = 10_000
"""Records that may wait; more would mean that nothing is written any more."""


class Store(Protocol):
    """Where lines go. Called from one thread."""

    def append(self, bodies: Sequence[bytes]) -> list[AuditError | None]:
        """Write a line for each; for each, None once it is written, or why it is not."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


@dataclass(slots=True)
class _Entry:
    body: bytes
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[BaseException | None]
    given_up: bool = False


def body(record: AuditRecord) -> bytes:
    """The record as a line's body. Raises AuditError for what JSON cannot say (not a number)."""
    try:
        return body_of(record.action, record.as_json())
    except ValueError as error:
        msg = f"the audit record is not written: {error}"
        raise AuditError(msg) from error


class AuditFile:
    """Implements `ports.AuditSink`: appends to a file, or to standard output for the path `-`.

    One thread writes what is waiting, all of it with one write and one sync, and then answers everybody who waits. Build it in the process
    that writes, after a fork. Safe to call from any event loop.
    """

    def __init__(
        self,
        path: Path | str,
        secret: Secret,
        options: AuditOptions = DEFAULT_OPTIONS,
        *,
        store: Store | None = None,
        patience: float = PATIENCE,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        """Open the file, made with mode 0600 if nothing was ever written; raises AuditError if that cannot be done.

        `store` takes the place of the file. `names`, with the same secret, writes the names in its records.
        """
        self.names = AuditNames(secret)
        self._name = "standard output" if Path(path) == STANDARD_OUTPUT else str(path)
        self._store = store or (AuditOutput() if Path(path) == STANDARD_OUTPUT else AuditStore(Path(path), secret, options))
        self._patience = patience
        self._queue_limit = queue_limit
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._process = os.getpid()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def write(self, record: AuditRecord) -> None:
        """Append one record; see `ports.AuditSink`."""
        line = body(record)
        if self._closed or os.getpid() != self._process:
            msg = f"{self._name}: the audit file is closed, or was opened by another process"
            raise AuditError(msg)
        if self._queue.qsize() >= self._queue_limit:
            msg = f"{self._name}: {self._queue_limit} audit records wait to be written; is the disk stuck?"
            raise AuditError(msg)
        loop = asyncio.get_running_loop()
        entry = _Entry(line, loop, loop.create_future())
        self._start()
        self._queue.put(entry)
        try:
            async with asyncio.timeout(self._patience):
                failure = await entry.future
        except TimeoutError:
            entry.given_up = True  # if it still waits for its turn it is not written any more
            msg = f"{self._name}: the audit record was not written within {self._patience:g} seconds; is the disk stuck?"
            raise AuditError(msg) from None
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Write what is waiting and close the file; a second time does nothing. Writing afterwards raises AuditError.

        A stuck disk is not waited for: then the thread is left to it.
        """
        if self._closed:
            return
        self._closed = True
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(self._patience)
            if self._thread.is_alive():
                return
        self._store.close()

    def _start(self) -> None:
        if self._thread is None:
            # A daemon: one that is stuck in the kernel must not keep the process from ending.
            self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        """Write batch after batch until told to stop."""
        while (batch := self._next_batch()) is not None:
            wanted = [entry for entry in batch if not entry.given_up]
            if not wanted:
                continue
            answers: Sequence[BaseException | None]
            try:
                answers = self._store.append([entry.body for entry in wanted])
            except BaseException as error:  # noqa: BLE001 -- handed over to those who wait, whatever it is, and the next batch is tried
                answers = [error] * len(wanted)
            _answer(wanted, answers)

    def _next_batch(self) -> list[_Entry] | None:
        """Wait for a record; then take everything that waits. None at the end."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < _BATCH:
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                break
            if entry is None:
                self._queue.put(None)  # the end comes after this batch
                break
            batch.append(entry)
        return batch


def _answer(entries: Sequence[_Entry], answers: Sequence[BaseException | None]) -> None:
    """Hand the answers to those who wait, each in the event loop it waits in: one call for each loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Entry, BaseException | None]]] = {}
    for entry, answer in zip(entries, answers, strict=True):
        by_loop.setdefault(entry.loop, []).append((entry, answer))
    for loop, told in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(_resolve, told)


def _resolve(told: Sequence[tuple[_Entry, BaseException | None]]) -> None:
    for entry, answer in told:
        if not entry.future.done():
            entry.future.set_result(answer)


def open_audit(settings: AuditSettings) -> AuditFile:
    """The sink that the settings ask for, with their key, which is made if it is not there. Raises AuditError."""
    return AuditFile(settings.file, audit_secret(settings.key_file), options_of(settings))


def settle_audit(settings: AuditSettings) -> None:
    """What a start and a reload do, once, before any process writes: make the key, and where lines of the audit file went missing since it
    was last written, say so in it and in the log, and go on. Raises AuditError.

    A worker does not do this: until an operator has seen to it, a file that lost lines answers no login.
    """
    secret = audit_secret(settings.key_file)
    if settings.file != STANDARD_OUTPUT:
        settle(settings.file, secret, options_of(settings))


def unsafe_audit(settings: AuditSettings) -> Iterator[str]:
    """What was asked for and is less than the audit can be; said at every start."""
    if settings.file == STANDARD_OUTPUT:
        yield "audit.file is standard output: the lines have no chain, so a missing or changed one does not show"
    elif not settings.sync:
        yield "audit.sync = false: a power failure loses the records of the last seconds, although their logins were answered"


def options_of(settings: AuditSettings) -> AuditOptions:
    """The part of the settings that the file is kept by."""
    return AuditOptions(settings.sync, settings.rotate_bytes, settings.rotate_keep, settings.anchor_seconds)
