"""Signals as something to select on: their numbers arrive through a socket (signal.set_wakeup_fd), and no handler does anything."""

import signal
import socket
from types import FrameType, TracebackType
from typing import Final, Self

WATCHED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """Watches the signals as a context manager, and puts back what was there. For the main thread only."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._before: dict[signal.Signals, object] = {}
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        self._read.settimeout(0)
        self._write.settimeout(0)
        self._wakeup_before = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        for number in WATCHED:
            self._before[number] = signal.signal(number, _nothing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)  # what came while they were held back comes now
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if callable(handler) or isinstance(handler, signal.Handlers) else signal.SIG_DFL)
        signal.set_wakeup_fd(self._wakeup_before)
        self.close()

    def fileno(self) -> int:
        """For a selector."""
        return self._read.fileno()

    def received(self) -> bytes:
        """The numbers of the signals since the last call."""
        try:
            return self._read.recv(4096)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        """Close both ends: what a forked process does, which then resets its signals."""
        self._read.close()
        self._write.close()


def reset() -> None:
    """In a forked process: no wake-up, the default for what ends it, and deafness to what is the supervisor's business.

    SIGINT comes to the whole process group of a terminal, and SIGHUP is an operator's word to the supervisor.
    """
    signal.set_wakeup_fd(-1)
    for number, handler in (
        (signal.SIGTERM, signal.SIG_DFL),
        (signal.SIGCHLD, signal.SIG_DFL),
        (signal.SIGINT, signal.SIG_IGN),
        (signal.SIGHUP, signal.SIG_IGN),
    ):
        signal.signal(number, handler)


def _nothing(number: int, frame: FrameType | None) -> None:
    """The number is on its way through the socket."""
