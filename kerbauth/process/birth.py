"""Forking a worker, in which nothing of its parent's business goes on."""

import gc
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import PurePath
from types import TracebackType
from typing import Final, NoReturn, Protocol

from kerbauth.process import signals

CRASHED: Final = 70
"""The exit status of a worker that ended by an exception (EX_SOFTWARE in sysexits.h)."""

_log: Final = logging.getLogger(__name__)


class Closable(Protocol):
    """Something to close."""

    def close(self) -> None:
        """Close it."""
        ...


def fork(work: Callable[[], int], leave_behind: Iterable[Closable]) -> int:
    """Fork a process that closes what it is to leave behind, does the work, and ends with its status. The process's id; raises OSError.

    The new process never returns from here: what its parent has opened and will undo (files, folders, other processes) is not undone twice.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # or both would write what is buffered
    gc.freeze()  # what is there stays shared: the collector would write into its pages (gc.freeze)
    try:
        pid = os.fork()
    except OSError:
        gc.unfreeze()
        raise
    if pid == 0:
        with _Leaving() as leaving:
            signals.reset()
            for each in leave_behind:
                each.close()
            leaving.status = work()
    gc.unfreeze()
    return pid


class _Leaving:
    """Ends the process, with a word in the log if an exception is what ends it."""

    status = CRASHED

    def __enter__(self) -> "_Leaving":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> NoReturn:
        if error is not None:
            places = (f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in reversed(traceback.extract_tb(trace)[-12:]))
            # not its text, which may hold anything
            _log.critical("ALARM a worker ends by an unforeseen error: %s at %s", type(error).__qualname__, ", ".join(places))
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(self.status)
