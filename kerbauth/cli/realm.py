"""`kerbauth realm`: the configured realms, what is set for one, and whether its KDCs answer."""

import argparse
import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerbauth.assembly import KdcAnswer, KeytabError, StartError, ask_kdcs, known_kdcs, list_keytab
from kerbauth.cli.arguments import Subparsers, add_config, read_config
from kerbauth.cli.status import ExitStatus, complain
from kerbauth.core.kdc_state import KdcState
from kerbauth.settings import RealmSettings, Settings, SettingsError


def add(commands: Subparsers) -> None:
    """Add the command."""
    realm = commands.add_parser("realm", help="the configured realms and their state", description="The configured realms and their state.")
    actions = realm.add_subparsers(metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="list the realms", description="List the configured realms. Nobody is asked anything.")
    listed.set_defaults(execute=execute, act=_list, realm=None)
    show = actions.add_parser(
        "show",
        help="everything that is set for a realm",
        description="Show everything that holds for a realm, defaults included, what its keytab holds (never a key), and what the service "
        "that runs knows of its KDCs, if its runtime folder is named in the settings and can be read. Nobody is asked.",
    )
    show.add_argument("realm", metavar="REALM", help="a configured realm")
    show.set_defaults(execute=execute, act=_show)
    test = actions.add_parser(
        "test",
        help="ask each KDC",
        description="Ask each KDC of a realm, or of all, whether it answers and knows our service principal, and say how long it took and "
        "how far its clock is ahead of ours. With transport auto each is asked over UDP and over TCP; without configured KDCs, those that "
        "DNS names. No password is checked, and no failure is counted against anybody. Exit status: 0 all answered, over one transport at "
        "least, 1 one does not know us, 3 one did not answer.",
    )
    test.add_argument("realm", metavar="REALM", nargs="?", help="a configured realm (default: all)")
    test.set_defaults(execute=execute, act=_test)
    for action in (listed, show, test):
        add_config(action)
        action.add_argument("--json", action="store_true", help="print one JSON document")


def execute(arguments: argparse.Namespace) -> ExitStatus:
    """Run the command."""
    try:
        settings = read_config(arguments)
    except SettingsError as error:
        return complain(error.problems)
    if arguments.realm is not None and arguments.realm not in settings.realms:
        return complain([f"{arguments.realm!r} is no configured realm; configured are: {', '.join(settings.realms)}"])
    status: ExitStatus = arguments.act(arguments, settings)
    return status


def _list(arguments: argparse.Namespace, settings: Settings) -> ExitStatus:
    rows = [
        {
            "realm": name,
            "kind": realm.kind.value,
            "default": realm.default,
            "kdcs": list(realm.kdcs),
            "service": realm.service,
            "keytab": str(realm.keytab),
        }
        for name, realm in settings.realms.items()
    ]
    if arguments.json:
        _print_json(rows)
        return ExitStatus.FINE
    table = [("realm", "kind", "KDCs", "service", "")]
    for name, realm in settings.realms.items():
        table.append((name, realm.kind.value, ", ".join(realm.kdcs) or "by DNS SRV", realm.service, "default" if realm.default else ""))
    _print_table(table)
    return ExitStatus.FINE


def _show(arguments: argparse.Namespace, settings: Settings) -> ExitStatus:
    realm = settings.realms[arguments.realm]
    facts = _facts(realm)
    try:
        keys = [
            {"principal": key.principal, "kvno": key.kvno, "enctype": key.enctype_name, "written": key.written.isoformat()}
            for key in list_keytab(realm.keytab)
        ]
        problem = ""
    except KeytabError as error:
        keys, problem = [], str(error)
    known = known_kdcs(settings, arguments.realm)
    if arguments.json:
        told = [{"worker": worker, **state.as_json()} for worker, states in known.items() for state in states]
        _print_json({"realm": arguments.realm, **facts, "keys": keys, "keytab_problem": problem or None, "kdc_states": told})
    else:
        print(arguments.realm)
        _print_table([("  " + name, _shown(value)) for name, value in facts.items()])
        for key in keys:
            print(f"  key of {key['principal']}: kvno {key['kvno']}, {key['enctype']}, written {key['written']}")
        for worker, states in known.items():
            for state in states:
                print(f"  {state.name} ({state.address}), worker {worker}: {', '.join(_known(state))}")
    return complain([problem]) if problem else ExitStatus.FINE


def _facts(realm: RealmSettings) -> Mapping[str, Any]:
    """What holds for a realm, under the settings' own names; of rules and exceptions only how many there are."""
    facts: dict[str, Any] = realm.model_dump(mode="json", exclude={"names"}, exclude_none=True)
    names = realm.name_rules()
    return facts | {
        "names.case": names.case.value,
        "names.allow_instances": names.allow_instances,
        "names.shares_users_with": list(names.shares_users_with),
        "names.map": f"{len(realm.names.exceptions)} exceptions",
        "names.rules": f"{len(realm.names.rules)} rules",
        "names.otherwise": realm.names.otherwise.value if realm.names.otherwise else "name",
        "names.reserved_users": list(names.reserved_users),
    }


def _test(arguments: argparse.Namespace, settings: Settings) -> ExitStatus:
    try:
        asked = asyncio.run(ask_kdcs(settings, [arguments.realm] if arguments.realm else settings.realms))
    except StartError as error:
        return complain(error.problems)
    answers = [(realm, answer) for realm, each in asked.items() for answer in each]
    if arguments.json:
        _print_json([_answer(realm, answer) for realm, answer in answers])
    else:
        rows = [
            (realm, one.kdc, one.address, one.over, _milliseconds(one.latency), _offset(one.clock_offset), one.problem or "fine")
            for realm, one in answers
        ]
        _print_table([("realm", "KDC", "address", "over", "took", "clock", "answer"), *rows])
    return _status(answers)


def _answer(realm: str, answer: KdcAnswer) -> Mapping[str, object]:
    return {
        "realm": realm,
        "kdc": answer.kdc,
        "address": answer.address or None,
        "over": answer.over or None,
        "answered": answer.answered,
        "problem": answer.problem or None,
        "milliseconds": None if answer.latency is None else round(answer.latency * 1000, 1),
        "clock_offset_seconds": None if answer.clock_offset is None else round(answer.clock_offset, 3),
    }


def _status(answers: Sequence[tuple[str, KdcAnswer]]) -> ExitStatus:
    """Of a KDC that is asked over UDP and TCP, one answer is enough: logins find the way that is open."""
    answered = {(realm, answer.kdc, answer.address) for realm, answer in answers if answer.answered}
    if any((realm, answer.kdc, answer.address) not in answered for realm, answer in answers):
        return ExitStatus.UNKNOWN
    return ExitStatus.NO if any(answer.answered and answer.problem for _, answer in answers) else ExitStatus.FINE


def _known(state: KdcState) -> Iterator[str]:
    """What is known of a KDC, in words."""
    yield f"{state.standing.value} since {state.since.isoformat(timespec='seconds')}"
    if state.active:
        yield "asked first"
    if state.latency is not None:
        yield f"latency {_milliseconds(state.latency)}"
    if state.clock_offset is not None:
        yield f"clock {_offset(state.clock_offset)}"
    if state.detail:
        yield state.detail


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.1f} ms"


def _offset(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:+.2f} s"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def _print_json(document: object) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False))


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
