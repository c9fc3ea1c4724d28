"""`kerbauth login`: one login through the same use case as every door, explained step by step."""

import argparse
import asyncio
import getpass
import json
import secrets
import sys

from kerbauth.assembly import (
    Assembly,
    NoTicketError,
    StartError,
    UnknownRealmError,
    assemble,
    make_sso_token,
)
from kerbauth.attempt import Caller, LoginResult, PasswordLogin, TokenLogin
from kerbauth.cli.arguments import Subparsers, add_config, read_config
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.core.audit import Door, Origin
from kerbauth.core.disclosure import Disclosure
from kerbauth.core.outcome import Granted, Refused, Unavailable
from kerbauth.core.secret import Secret
from kerbauth.settings import SettingsError

_CALLER = Caller(name="command line", disclosure=Disclosure.FULL)  # whoever may read the keytab may hear the exact reason


def add(commands: Subparsers) -> None:
    """Add the command."""
    command = commands.add_parser(
        "login",
        help="try one login, with a step by step explanation",
        description="Try one login through the same steps as every door, and explain each. The attempt is in the audit like any other. "
        "The password is asked for, or read as one line from standard input; it is never an argument.",
    )
    command.add_argument("user", metavar="USER", nargs="?", help="the user name as a user would type it (not with --sso)")
    add_config(command)
    command.add_argument("--application", metavar="A", help="the Genesys application to enter")
    command.add_argument("--tenant", metavar="T", help="the tenant, where the permission source knows several")
    command.add_argument("--sso", action="store_true", help="use the Kerberos ticket of your own session (kinit) instead of a password")
    command.add_argument("--realm", metavar="R", help="with --sso: the realm whose service is asked for (default: the default realm)")
    command.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> ExitStatus:
    """Run the command."""
    if arguments.sso == (arguments.user is not None):
        return complain(["name a USER, or use --sso, not both"])
    try:
        settings = read_config(arguments)
        # Before the process gives up the environment of the person who runs it, and with it their tickets.
        token = make_sso_token(settings, arguments.realm) if arguments.sso else None
        assembly = assemble(settings)
    except SettingsError as error:
        return complain(error.problems)
    except (UnknownRealmError, StartError) as error:
        return complain(error.problems)
    except NoTicketError as error:
        complain([f"no ticket for single sign-on: {error}"])
        return ExitStatus.UNKNOWN
    try:
        return asyncio.run(_attempt(arguments, assembly, token))
    except EOFError:
        return complain(["no password: standard input is at its end"])
    finally:
        assembly.close()


async def _attempt(arguments: argparse.Namespace, assembly: Assembly, token: bytes | None) -> ExitStatus:
    try:
        return await _ask(arguments, assembly, token)
    finally:
        await assembly.foundation.throttle.close()


async def _ask(arguments: argparse.Namespace, assembly: Assembly, token: bytes | None) -> ExitStatus:
    origin = Origin(secrets.token_hex(16), Door.CLI, peer="local")
    if token is not None:
        request = TokenLogin(origin, _CALLER, token, arguments.application, arguments.tenant)
        result = await assembly.login.token(request)
    else:
        password = _read_password(from_stdin=arguments.password_stdin)
        result = await assembly.login.password(
            PasswordLogin(origin, _CALLER, arguments.user, password, arguments.application, arguments.tenant)
        )
    if arguments.json:
        print(json.dumps(_as_json(assembly, result), indent=2, ensure_ascii=False))
    else:
        print(_as_text(assembly, result))
    match result.verdict:
        case Granted():
            return ExitStatus.FINE
        case Refused():
            return ExitStatus.NO
        case Unavailable():
            return ExitStatus.UNKNOWN


def _read_password(*, from_stdin: bool) -> Secret:
    if from_stdin:
        line = sys.stdin.buffer.readline()
        if not line:
            raise EOFError
        return Secret(line.rstrip(b"\r\n"))
    return Secret(getpass.getpass("Password: ").encode("utf-8", "surrogateescape"))


def _as_text(assembly: Assembly, result: LoginResult) -> str:
    lines = [f"{step.stage.value:15} {step.milliseconds:8.1f} ms  {step.detail}" for step in result.steps]
    verdict = result.verdict
    if isinstance(verdict, Granted):
        lines.append(f"granted: {verdict.user} ({verdict.principal})")
        if verdict.application is not None:
            permissions = ", ".join(verdict.application.permissions)
            lines.append(f"application {verdict.application.name} ({verdict.application.type or 'no type'}): {permissions}")
        lines += [f"{notice.severity}: {assembly.texts.notice(assembly.texts.default, notice)}" for notice in verdict.notices]
    else:
        lines.append(f"{result.record.verdict}: {verdict.reason}")
        lines.append(f"the user is told: {assembly.texts.reason_text(assembly.texts.default, verdict.reason, verdict.codes)}")
        lines.append(f"what to do: {assembly.hint(verdict.reason)}")
        lines += [f"kerbauth explain {code}" for code in verdict.codes]
    lines.append(f"correlation id: {result.record.origin.correlation_id}")
    return "\n".join(lines)


def _as_json(assembly: Assembly, result: LoginResult) -> dict[str, object]:
    verdict = result.verdict
    document = result.record.as_json()
    document["steps"] = [
        {"stage": step.stage.value, "detail": step.detail, "milliseconds": round(step.milliseconds, 3)} for step in result.steps
    ]
    if not isinstance(verdict, Granted):
        document["text"] = assembly.texts.reason_text(assembly.texts.default, verdict.reason, verdict.codes)
    return document
