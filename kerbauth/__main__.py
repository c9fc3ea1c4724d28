"""The `kerbauth` command; `python -m kerbauth` is the same."""

import signal
import sys


def run() -> None:
    """Run the command and leave with its exit status."""
    if sys.argv[1:2] == ["serve"]:
        # A reload that is asked for during the start would end the process. It waits until the supervisor listens (process/signals.py).
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    from kerbauth.cli.main import run as command  # noqa: PLC0415 -- it takes most of a second, in which signals arrive

    command()


if __name__ == "__main__":
    run()
