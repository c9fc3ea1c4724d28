"""`kerbauth keytab show`: what a keytab holds, never its keys."""

import argparse
import json
from pathlib import Path

from kerbauth.assembly import KeytabError, list_keytab
from kerbauth.cli.arguments import Subparsers
from kerbauth.cli.status import ExitStatus, complain


def add(commands: Subparsers) -> None:
    """Add the command."""
    keytab = commands.add_parser("keytab", help="look into a keytab", description="Look into a keytab.")
    actions = keytab.add_subparsers(metavar="ACTION", required=True)
    show = actions.add_parser(
        "show",
        help="list principals, key versions, enctypes and dates",
        description="List a keytab's principals, key version numbers (kvno), enctypes and dates. Keys are never shown.",
    )
    show.add_argument("file", metavar="FILE", type=Path, help="the keytab")
    show.add_argument("--json", action="store_true", help="print one JSON document")
    show.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> ExitStatus:
    """Run the command."""
    try:
        keys = list_keytab(arguments.file)
    except KeytabError as error:
        return complain([error])
    if arguments.json:
        rows = [
            {
                "principal": key.principal,
                "kvno": key.kvno,
                "enctype": key.enctype_name,
                "used": key.used,
                "written": key.written.isoformat(),
            }
            for key in keys
        ]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return ExitStatus.FINE
    width = max(len(key.principal) for key in keys)
    print(f"{'principal':{width}}  kvno  {'enctype':26}  written (UTC)")
    for key in keys:
        line = f"{key.principal:{width}}  {key.kvno:4}  {key.enctype_name:26}  {key.written:%Y-%m-%d %H:%M:%S}"
        print(line if key.used else f"{line}  never used: not AES")
    return ExitStatus.FINE
