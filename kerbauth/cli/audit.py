"""`kerbauth audit`: verify the audit file; find out what a name is written as."""

import argparse
import json
import re
from pathlib import Path

from kerbauth.assembly import AuditError, Checked, hashed_name, verify_audit
from kerbauth.cli.arguments import Subparsers, add_config, read_config
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.core.audit_chain import Link
from kerbauth.core.audit_verify import Finding
from kerbauth.settings import SettingsError


def add(commands: Subparsers) -> None:
    """Add the command."""
    audit = commands.add_parser("audit", help="verify the audit file, or find a name in it", description="Work on the audit file.")
    actions = audit.add_subparsers(metavar="ACTION", required=True)
    verify = actions.add_parser(
        "verify",
        help="find removed, changed, reordered, added and cut-off lines",
        description="Verify the configured audit file with its rotated ones (plain or .gz) and its end, while the service runs or not; or "
        "the files that are named, whose end is not known. Exit status: 0 nothing is wrong, 1 something is, 3 something could not be found "
        "out.",
    )
    verify.add_argument("files", metavar="FILE", nargs="*", type=Path, help="files to verify instead of the configured one, in any order")
    add_config(verify)
    verify.add_argument(
        "--anchor",
        metavar="SEQ:MAC",
        type=_anchor,
        action="append",
        default=[],
        help="a line `audit anchor seq=SEQ mac=MAC` of the log, kept elsewhere: the record must be that one; may be repeated",
    )
    verify.add_argument(
        "--key-file",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="an earlier audit key, for lines that were sealed with it; may be repeated",
    )
    verify.add_argument("--json", action="store_true", help="print one JSON document")
    verify.set_defaults(execute=_verify)
    hashed = actions.add_parser(
        "hash",
        help="print what a name is written as while no KDC has confirmed it",
        description="Print the keyed hash under which a name stands in the audit and the log while no KDC has confirmed it.",
    )
    hashed.add_argument("name", metavar="NAME", help="the name as a user would type it, e.g. alice or alice@CORP.EXAMPLE")
    add_config(hashed)
    hashed.set_defaults(execute=_hash)


def _anchor(text: str) -> Link:
    found = re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", text)
    if found is None:
        msg = "expected SEQ:MAC, a number and 64 hexadecimal digits, as in the log"
        raise argparse.ArgumentTypeError(msg)
    return Link(int(found[1]), found[2])


def _hash(arguments: argparse.Namespace) -> ExitStatus:
    try:
        print(hashed_name(read_config(arguments), arguments.name))
    except SettingsError as error:
        return complain(error.problems)
    except AuditError as error:
        complain([error])
        return ExitStatus.UNKNOWN
    return ExitStatus.FINE


def _verify(arguments: argparse.Namespace) -> ExitStatus:
    try:
        checked = verify_audit(read_config(arguments), arguments.files, arguments.anchor, arguments.key_file)
    except SettingsError as error:
        return complain(error.problems)
    except AuditError as error:
        complain([error])
        return ExitStatus.UNKNOWN
    print(json.dumps(_as_json(checked), indent=2) if arguments.json else _as_text(checked))
    if checked.report.findings:
        return ExitStatus.NO
    return ExitStatus.UNKNOWN if checked.report.unsure or checked.unread else ExitStatus.FINE


def _as_text(checked: Checked) -> str:
    report = checked.report
    lines = [f"{finding.file}:{finding.line}: {finding.kind}: {finding.text}" for finding in (*report.findings, *report.notes)]
    lines += [f"could not be found out: {finding.text}" for finding in report.unsure]
    lines += [f"could not be found out: {problem}" for problem in checked.unread]
    count = len(report.findings)
    summary = "nothing is wrong" if not count else "1 finding" if count == 1 else f"{count} findings"
    records = f", records {report.first} to {report.last}" if report.lines else ""
    lines.append(f"{report.lines} lines in {len(checked.files)} files{records}: {summary}")
    if not checked.end_known:
        lines.append("where the chain ends is not known: a cut-off end does not show")
    return "\n".join(lines)


def _as_json(checked: Checked) -> dict[str, object]:
    report = checked.report
    return {
        "files": [str(path) for path in checked.files],
        "lines": report.lines,
        "first": report.first,
        "last": report.last,
        "end_known": checked.end_known,
        "findings": [_finding(each) for each in report.findings],
        "notes": [_finding(each) for each in report.notes],
        "unknown": [*(each.text for each in report.unsure), *checked.unread],
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {"kind": finding.kind.value, "file": finding.file, "line": finding.line, "text": finding.text}
