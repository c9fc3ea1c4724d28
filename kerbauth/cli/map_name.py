"""`kerbauth map`: how a typed name is read and which rule maps it, without a KDC."""

import argparse
import json
from collections.abc import Mapping

from kerbauth.assembly import name_mapper, realm_directory
from kerbauth.cli.arguments import Subparsers, add_config, read_config
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.core import names
from kerbauth.core.mapping import Mapped
from kerbauth.core.names import NotAsked
from kerbauth.settings import SettingsError


def add(commands: Subparsers) -> None:
    """Add the command."""
    command = commands.add_parser(
        "map",
        help="how a typed name is read and mapped, without a KDC",
        description="Say how a typed name is read, which rule maps it to a user name, and who else would be mapped to the same one. "
        "No KDC is asked: the answer supposes that the KDC vouches for exactly the principal that would be asked for.",
    )
    command.add_argument("name", metavar="NAME", help="a name as a user would type it")
    add_config(command)
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> ExitStatus:
    """Run the command."""
    try:
        settings = read_config(arguments)
    except SettingsError as error:
        return complain(error.problems)
    asked = names.read(arguments.name, realm_directory(settings))
    if isinstance(asked, NotAsked):
        _print(arguments, {"reason": asked.reason.value}, f"not asked: {asked.reason}: {asked.problem}")
        return ExitStatus.NO
    mapper = name_mapper(settings)
    mapped = mapper.map(asked.supposed)
    read = {"principal": str(asked.principal), "how": asked.how}
    lines = [f"read as   {asked.principal}", f"          {asked.how}"]
    if not isinstance(mapped, Mapped):
        _print(arguments, read | {"reason": "no-user-mapping", "why": mapped.why}, *lines, f"no user   {mapped.why}")
        return ExitStatus.NO
    others = [other for other in mapper.others(mapped.user) if other != str(asked.supposed)]
    lines += [f"user      {mapped.user}", f"          {mapped.how}"]
    lines += [f"also maps to {mapped.user}: {other}" for other in others] or [f"nobody else would map to {mapped.user}"]
    _print(arguments, read | {"user": mapped.user, "rule": mapped.how, "others": others}, *lines)
    return ExitStatus.FINE


def _print(arguments: argparse.Namespace, document: Mapping[str, object], *lines: str) -> None:
    if arguments.json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines))
