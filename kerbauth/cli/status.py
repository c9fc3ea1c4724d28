"""Exit statuses, the same for every command, and how problems are printed."""

import sys
from collections.abc import Iterable
from enum import IntEnum


class ExitStatus(IntEnum):
    """What a command's exit status says."""

    FINE = 0
    NO = 1  # the answer is no
    WRONG_USE = 2  # wrong use or bad configuration
    UNKNOWN = 3  # could not find out


def complain(problems: Iterable[object]) -> ExitStatus:
    """Print each problem on a line of its own, to standard error."""
    for problem in problems:
        print(f"kerbauth: {problem}", file=sys.stderr)
    return ExitStatus.WRONG_USE
