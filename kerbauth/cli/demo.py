"""`kerbauth demo`: the embedded default, to try things with."""

import argparse

from kerbauth.assembly import StartError
from kerbauth.cli.arguments import Subparsers
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.demo import run
from kerbauth.demo.realm import RealmError
from kerbauth.service import NoWorkerError
from kerbauth.settings import SettingsError

DEFAULT_PORT = 8080


def add(commands: Subparsers) -> None:
    """Add the command."""
    command = commands.add_parser(
        "demo",
        help="a throw-away MIT realm with users, permission data and the service",
        description="Start a throw-away MIT realm with users in every interesting state, a sample permission file and the service, all on "
        "loopback and in the foreground; print what to try. Ctrl-C removes everything.",
    )
    command.add_argument("--port", metavar="N", type=int, default=DEFAULT_PORT, help=f"the service's port (default {DEFAULT_PORT}; 0: any)")
    command.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> ExitStatus:
    """Run the command."""
    if not 0 <= arguments.port <= 65535:
        return complain([f"--port must be between 0 and 65535, not {arguments.port}"])
    try:
        run.run(arguments.port, lambda text: print(text, flush=True))
    except (RealmError, NoWorkerError) as error:
        complain([error])
        return ExitStatus.UNKNOWN
    except (SettingsError, StartError) as error:
        return complain(error.problems)
    except KeyboardInterrupt:
        pass
    return ExitStatus.FINE
