"""`kerbauth serve`: run every configured door."""

import argparse
import os

from kerbauth import service
from kerbauth.assembly import StartError, configure_logging
from kerbauth.cli.arguments import Subparsers, add_config
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.process.hardening import harden
from kerbauth.service import NoWorkerError, Source
from kerbauth.settings import SettingsError


def add(commands: Subparsers) -> None:
    """Add the command."""
    command = commands.add_parser(
        "serve",
        help="run the service until SIGTERM",
        description="Run every configured door in the foreground, in `server.workers` processes, until SIGTERM or SIGINT: then no new "
        "connection is taken, and logins under way end; a second signal stops at once. SIGHUP reloads the configuration and the files it "
        "names. A configuration that is not safe does not start: every problem is printed.",
    )
    add_config(command)
    command.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> ExitStatus:
    """Run the command."""
    harden()  # before the first secret is read
    source = Source(arguments.config, dict(os.environ))
    try:
        settings = source.load()
        configure_logging(settings.server.log_level, form=settings.server.log_format)
        service.run(source, settings)
    except (SettingsError, StartError) as error:
        return complain(error.problems)
    except NoWorkerError as error:
        complain(error.problems)
        return ExitStatus.WRONG_USE if error.found_out else ExitStatus.UNKNOWN
    return ExitStatus.FINE
