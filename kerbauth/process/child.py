"""A worker as its supervisor sees it."""

import os
import signal
import time
from dataclasses import dataclass, field
from enum import Enum

from kerbauth.process.messages import Channel, Message, Word


class State(Enum):
    """What a worker is doing."""

    STARTING = "starting"
    SERVING = "serving"
    LEAVING = "leaving"  # it drains, or was told to stop


@dataclass(slots=True, eq=False)
class Child:
    """One forked process. Times are of the monotonic clock, in seconds.

    A `retiring` one goes on until somebody else serves in its stead. `ends` is
    when it is killed if it has not left. `refused` are the problems it could not begin with.
    """

    pid: int
    seat: int
    channel: Channel
    began: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    served_since: float | None = None
    state: State = State.STARTING
    retiring: bool = False
    ends: float | None = None
    refused: tuple[str, ...] = ()
    status: int | None = None

    @property
    def name(self) -> str:
        """For the log."""
        return f"worker {self.seat} (process {self.pid})"

    def tell(self, word: Word, number: int = 0, text: str = "") -> None:
        """Send it a message."""
        self.channel.send(Message(word, number, text))

    def leave(self, word: Word, seconds: float) -> None:
        """Have it leave within so many seconds; then it is killed."""
        self.state = State.LEAVING
        self.ends = time.monotonic() + seconds
        self.tell(word)

    def kill(self) -> None:
        """End it here and now."""
        os.kill(self.pid, signal.SIGKILL)  # it is ours and not yet reaped, so the number is nobody else's

    def reaped(self) -> bool:
        """Whether it has ended; then `status` says how, as waitpid(2) does."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    @property
    def end(self) -> str:
        """How it ended, for the log."""
        code = os.waitstatus_to_exitcode(self.status or 0)
        if code >= 0:
            return f"ended with status {code}"
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:  # a real-time signal
            return f"was ended by signal {-code}"
