"""`kerbauth explain`: what a code means, whose fault it is, what the user is told, and what to do."""

import argparse
import json

from kerbauth.cli.arguments import Subparsers
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Entry, Stage
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason


def add(commands: Subparsers) -> None:
    """Add the command."""
    command = commands.add_parser(
        "explain",
        help="explain a Kerberos, com_err, GSS, kpasswd, errno or NTSTATUS code",
        description="Explain a code: meaning, whose fault, what the user is told, what to do. A number may belong to several tables; "
        "all of them are shown.",
    )
    command.add_argument(
        "code",
        metavar="CODE",
        help="a number (24, -1765328360, 2529638936, 0xC0000072), FAMILY:NUMBER (krb5:-1765328360) or a name (KDC_ERR_PREAUTH_FAILED)",
    )
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> ExitStatus:
    """Run the command."""
    entries = catalogue.find(arguments.code)
    if not entries:
        complain([f"no table knows the code {arguments.code!r}; as an answer to a login it is `{Reason.INTERNAL}`: unavailable"])
        return ExitStatus.NO
    if arguments.json:
        print(json.dumps([_as_json(entry) for entry in entries], indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(_as_text(entry) for entry in entries))
    return ExitStatus.FINE


def _reasons(entry: Entry) -> dict[Reason, list[Stage]]:
    """Each reason the code can lead to: first those of particular stages, then the one of all others (which names no stage)."""
    usual = entry.reason or Reason.INTERNAL
    reasons: dict[Reason, list[Stage]] = {}
    for stage, reason in entry.at.items():
        if reason is not usual:
            reasons.setdefault(reason, []).append(stage)
    return reasons | {usual: []}


def _as_text(entry: Entry) -> str:
    names = ", ".join((entry.name, *entry.aliases))
    number = catalogue.protocol_number(entry.code)
    lines = [
        f"{names}",
        f"  code       {entry.code}" + (f" (KRB-ERROR {number})" if number is not None else ""),
        f"  meaning    {entry.meaning}",
        f"  fault      {', '.join(entry.fault)}",
        f"  what to do {entry.remedy or 'Nothing.'}",
        f"  retry      {entry.retry}",
    ]
    for reason, stages in _reasons(entry).items():
        where = f" at {', '.join(stages)}" if stages else " at every other stage" if entry.at else ""
        lines += [f"  reason     {reason}{where}", f"    the user is told: {REASONS[reason].text}"]
    return "\n".join(lines)


def _as_json(entry: Entry) -> dict[str, object]:
    return {
        "code": str(entry.code),
        "name": entry.name,
        "aliases": list(entry.aliases),
        "protocol_number": catalogue.protocol_number(entry.code),
        "meaning": entry.meaning,
        "fault": [fault.value for fault in entry.fault],
        "remedy": entry.remedy,
        "retry": entry.retry.value,
        "reasons": [
            {"reason": reason.value, "stages": [stage.value for stage in stages], "user_text": REASONS[reason].text}
            for reason, stages in _reasons(entry).items()
        ],
    }
