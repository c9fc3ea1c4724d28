"""`kerbauth serve`: run every configured door."""

import argparse
import asyncio

from kerbauth import service
from kerbauth.assembly import StartError, assemble, configure_logging, settle_start
from kerbauth.cli.arguments import Subparsers, add_config, read_config
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.settings import SettingsError


def add(commands: Subparsers) -> None:
    """Add the command."""
    command = commands.add_parser(
        "serve",
        help="run the service until SIGTERM",
        description="Run every configured door in the foreground until SIGTERM or SIGINT: then no new connection is taken, and logins "
        "under way end. A configuration that is not safe does not start: every problem is printed.",
    )
    add_config(command)
    command.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> ExitStatus:
    """Run the command."""
    try:
        settings = read_config(arguments)
        configure_logging(settings.server.log_level, form=settings.server.log_format)
        assembly = assemble(settings)
    except (SettingsError, StartError) as error:
        return complain(error.problems)
    try:
        settle_start(settings)
        asyncio.run(service.run(assembly))
    except StartError as error:
        return complain(error.problems)
    finally:
        assembly.close()
    return ExitStatus.FINE
