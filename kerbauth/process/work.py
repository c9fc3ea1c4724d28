"""What a supervisor asks of the service that it supervises."""

from dataclasses import dataclass
from typing import Protocol

from kerbauth.process.worker import Seat


@dataclass(frozen=True, slots=True)
class Policy:
    """How many workers there are, and the seconds of silence and of draining that each is given."""

    workers: int
    silence: float
    drain: float


class Work(Protocol):
    """What is supervised."""

    @property
    def policy(self) -> Policy:
        """The policy now; asked again after each reload."""
        ...

    def serve(self, seat: Seat) -> int:
        """In a new process: serve until told otherwise. The exit status."""
        ...

    def reload(self) -> str | None:
        """Load anew what is served. The order for workers that are there already, or None: all stays as it was, and the log says why.

        Workers forked from now on serve what was loaded.
        """
        ...

    def changed(self) -> bool:
        """Asked every second: whether to reload without being told to."""
        ...

    def serving(self) -> None:
        """For the first time, all workers serve."""
        ...

    def reloaded(self, workers: int) -> None:
        """All workers, so many, serve what `reload` loaded last."""
        ...

    def stop_listening(self) -> None:
        """The workers drain: let go of what they share, so that nobody new comes."""
        ...


class NoWorkerError(Exception):
    """No worker could begin to serve. `problems` are the reasons, `found_out` False where it is only known that they ended."""

    def __init__(self, problems: tuple[str, ...], *, found_out: bool) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.found_out = found_out
