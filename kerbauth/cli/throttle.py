"""`kerbauth throttle`: which accounts are held back, and letting one go."""

import argparse
import asyncio
import json
from collections.abc import Mapping

from kerbauth.assembly import Counted, Ledger, LedgerError, StartError, account_of, ledgers, realm_directory
from kerbauth.cli.arguments import Subparsers, add_config, read_config
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.core import names
from kerbauth.core.names import NotAsked
from kerbauth.settings import Settings, SettingsError

UNKNOWN = "(a name that is no account's)"


def add(commands: Subparsers) -> None:
    """Add the command."""
    throttle = commands.add_parser("throttle", help="accounts that are held back", description="Accounts that are held back here.")
    actions = throttle.add_subparsers(metavar="ACTION", required=True)
    listed = actions.add_parser(
        "list",
        help="list accounts with wrong passwords",
        description="List the accounts with wrong passwords within the window: how many, how many attempts are under way, and for how many "
        "seconds no KDC is asked about the account. Names of which no KDC said that they are accounts are not kept, and not shown.",
    )
    listed.set_defaults(execute=execute, act=_list)
    release = actions.add_parser(
        "release",
        help="forget wrong passwords",
        description="Forget the wrong passwords of an account, or of all: it may be tried again at once. What the KDC counted stays there.",
    )
    release.add_argument("name", metavar="NAME", nargs="?", help="a name as a user would type it")
    release.add_argument("--all", action="store_true", help="every account")
    release.set_defaults(execute=execute, act=_release)
    for action in (listed, release):
        add_config(action)
        action.add_argument("--json", action="store_true", help="print one JSON document")


def execute(arguments: argparse.Namespace) -> ExitStatus:
    """Run the command."""
    try:
        settings = read_config(arguments)
        stores = ledgers(settings)
    except SettingsError as error:
        return complain(error.problems)
    except StartError as error:
        return complain(error.problems)
    try:
        status: ExitStatus = asyncio.run(_act(arguments, settings, stores))
    except LedgerError as error:
        complain([error])
        return ExitStatus.UNKNOWN
    return status


async def _act(arguments: argparse.Namespace, settings: Settings, stores: Mapping[str, Ledger]) -> ExitStatus:
    try:
        status: ExitStatus = await arguments.act(arguments, settings, stores)
        return status
    finally:
        for ledger in stores.values():
            await ledger.close()


async def _list(arguments: argparse.Namespace, settings: Settings, stores: Mapping[str, Ledger]) -> ExitStatus:  # noqa: ARG001 -- as _release
    rows = [(where, each) for where, ledger in stores.items() for each in await ledger.counted()]
    if arguments.json:
        print(json.dumps([_as_json(where, each) for where, each in rows], indent=2, ensure_ascii=False))
        return ExitStatus.FINE
    if not rows:
        print("no wrong passwords within the window")
    for where, each in rows:
        held = f"held for {each.held_seconds:.0f} s" if each.held_seconds else "not held"
        print(f"{each.name or UNKNOWN}: {each.failures} wrong, {each.under_way} under way, {held} ({where})")
    return ExitStatus.FINE


def _as_json(where: str, each: Counted) -> dict[str, object]:
    return {
        "store": where,
        "principal": each.name,
        "failures": each.failures,
        "under_way": each.under_way,
        "held_seconds": round(each.held_seconds, 1),
    }


async def _release(arguments: argparse.Namespace, settings: Settings, stores: Mapping[str, Ledger]) -> ExitStatus:
    if (arguments.name is None) != arguments.all:
        return complain(["name one account, or use --all"])
    account, shown = None, "all accounts"
    if arguments.name is not None:
        asked = names.read(arguments.name, realm_directory(settings))
        if isinstance(asked, NotAsked):
            return complain([f"{asked.reason}: {asked.problem}"])
        account, shown = account_of(asked.principal), str(asked.principal)
    released = 0
    for ledger in stores.values():
        released = max(released, await ledger.release(account))
    if arguments.json:
        print(json.dumps({"released": released}))
    else:
        print(f"released: {shown}" if released else f"{shown}: no wrong passwords to forget")
    return ExitStatus.FINE if released else ExitStatus.NO
