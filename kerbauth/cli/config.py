"""`kerbauth config`: validate a file; print every setting."""

import argparse

from kerbauth.assembly import StartError, verify_start
from kerbauth.cli.arguments import Subparsers, add_config, read_config
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.settings import SettingsError, reference


def add(commands: Subparsers) -> None:
    """Add the command."""
    config = commands.add_parser("config", help="validate a configuration, or list every setting", description="Work on the configuration.")
    actions = config.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="validate a configuration file and what it names",
        description="Validate a configuration file, and the keytabs, texts, permission file and tokens that it names, as a start would. "
        "Every problem is listed. Nothing is sent to a KDC.",
    )
    add_config(check)
    check.set_defaults(execute=_check)
    show = actions.add_parser("reference", help="print every setting with type, default and meaning", description="Print every setting.")
    show.set_defaults(execute=_reference)


def _check(arguments: argparse.Namespace) -> ExitStatus:
    try:
        warnings = verify_start(read_config(arguments))
    except (SettingsError, StartError) as error:
        return complain(error.problems)
    for warning in warnings:
        print(f"warning: {warning}")
    print(f"{arguments.config}: fine")
    return ExitStatus.FINE


def _reference(_arguments: argparse.Namespace) -> ExitStatus:
    print(reference())
    return ExitStatus.FINE
