"""The `kerbauth` command."""

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import kerbauth
from kerbauth.cli import audit, config, demo, explain, keytab, login, map_name, realm, serve, throttle
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.process.hardening import harden

_COMMANDS = (serve, demo, login, map_name, explain, realm, keytab, throttle, audit, config)


def parser() -> argparse.ArgumentParser:
    """The whole command line, as the reference page also shows it."""
    top = argparse.ArgumentParser(
        prog="kerbauth",
        description="External authentication for Genesys applications against a Kerberos KDC.",
        epilog="Exit status: 0 fine, 1 the answer is no, 2 wrong use or bad configuration, 3 could not find out.",
    )
    top.add_argument("--version", action="version", version=f"kerbauth {kerbauth.__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    parsed = parser().parse_args(arguments)
    try:
        return int(parsed.execute(parsed))
    except KeyboardInterrupt:
        return 130  # as a shell reports a program that SIGINT ended
    except BrokenPipeError:
        # The reader of our output went away (`kerbauth explain 24 | head`): not our failure, and nothing more can be said.
        sys.stderr.close()
        return 0
    except Exception as error:  # noqa: BLE001 -- Python's own status for this is 1, which here means "the answer is no"
        complain([f"a bug: {type(error).__name__} in {_place(error)}. Nothing was found out"])
        return ExitStatus.UNKNOWN


def _place(error: BaseException) -> str:
    """Where an exception came from: never its text, which may hold anything."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def run() -> None:
    """The entry point: give up what no command needs, run the command, and leave with its exit status."""
    harden()
    sys.exit(main())
