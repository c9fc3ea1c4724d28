"""Why a service does not start."""

from collections.abc import Sequence


class StartError(Exception):
    """The service cannot be safe and does not start. `problems` are all the reasons, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class UnknownRealmError(StartError):
    """A realm was named that is not configured."""
