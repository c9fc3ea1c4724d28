"""Writes docs/reference/reasons.md and docs/reference/codes.md from the tables in the code: `python -m tools.reference_codes`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kerbauth.core.codes import catalogue, numbers
from kerbauth.core.codes.model import Entry, Family, Stage
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason, ReasonInfo, Retry

ROOT: Final = Path(__file__).resolve().parents[1]

_GENERATED: Final = "<!-- Written by `python -m tools.reference_codes` from the tables in the code; do not edit. -->"

_REASONS_HEAD: Final = f"""# Reasons

{_GENERATED}

Every login that is not granted has one reason, and so has every warning on a granted one. The list is closed and the names never
change. The reason stands in the reply, in the log, in the audit record and in the metrics; the code behind it only in the log and
the audit record.

*Guarded* reasons are what a KDC says before the password was proved. A caller without full disclosure gets `bad-credentials` in
their place, alike in every byte but the correlation id, unless the password had been proved.

*Again* says whether the same request may succeed later."""

_CODES_HEAD: Final = f"""# Codes

{_GENERATED}

What the numbers mean that Kerberos, its libraries and a domain controller answer with, and which [reason](reasons.md) each leads
to. `kerbauth explain CODE` shows the same for one code. A code that stands in no table leads to `internal` at every stage.
While a token is accepted no password is checked and no account looked at: what is about those is `bad-token` there.

Codes are told apart by number, never by text. A com_err code is given as row of its table, signed (as libkrb5 prints it) and
unsigned (as GSSAPI has it). Where the reason depends on the stage of the login, the usual one stands first and the exceptions
follow."""

_RETRY: Final = MappingProxyType(
    {
        Retry.NO: "no",
        Retry.YES: "yes",
        Retry.FRESH_TOKEN: "with a fresh token",
        Retry.AFTER_REPAIR: "after repair",
        Retry.UNKNOWN: "unknown",
    }
)

_KINDS: Final = MappingProxyType(
    {
        Kind.REFUSED: ("Refused", "The answer is no."),
        Kind.UNAVAILABLE: (
            "Unavailable",
            "It could not be found out. That is never a grant, and never a refusal: the password may be right.",
        ),
        Kind.WARNING: ("Warnings", "They come along with a granted login as messages of severity `warning`."),
    }
)

_STAGES: Final = MappingProxyType(
    {
        Stage.REQUEST: "our own door: the request was not understood, or the caller may not ask",
        Stage.NAME: "reading the typed name",
        Stage.THROTTLE: "counting wrong passwords here, before a KDC is asked",
        Stage.AS: "the AS exchange with the user's password",
        Stage.CHANGEPW_PROOF: "the AS exchange for `kadmin/changepw` that proves an expired password",
        Stage.TGS: "asking the KDC for a ticket to our own service",
        Stage.VERIFY: "opening that ticket with our own key, which proves the KDC",
        Stage.ACCEPT: "accepting a client's SPNEGO or Kerberos token",
        Stage.KPASSWD: "changing a password",
        Stage.MAPPING: "from the proved principal to a user name",
        Stage.PERMISSION: "asking the permission source",
        Stage.AUDIT: "writing the audit record",
        Stage.CONFIG: "reading settings and keytabs",
    }
)


def _hexadecimal(entry: Entry) -> str:
    return f"0x{entry.code.number:08X}"


def _decimal(entry: Entry) -> str:
    return str(entry.code.number)


def _com_err(entry: Entry) -> str:
    number = entry.code.number
    return f"{number - number // 256 * 256}<br>{number}<br>0x{numbers.unsigned(number):08X}"


# Heading, what the table is, which entries, and how a number is written.
_TABLES: Final[tuple[tuple[str, str, Callable[[Entry], bool], Callable[[Entry], str]], ...]] = (
    (
        "KRB-ERROR codes",
        (
            "What a KDC answers (RFC 4120 7.5.9, RFC 4556, 6113, 6560, 6806, 8636); libraries use the same numbers for what they find out "
            "themselves. `krb5` table, rows 0 to 127. A number that is missing here is defined by nobody and counts as `internal`."
        ),
        lambda entry: catalogue.protocol_number(entry.code) is not None,
        _com_err,
    ),
    (
        "libkrb5's own codes",
        "They never travel. `krb5` table, rows 128 to 255.",
        lambda entry: entry.code.family is Family.KRB5 and catalogue.protocol_number(entry.code) is None,
        _com_err,
    ),
    ("ASN.1", "A message that cannot be read. `asn1` table.", lambda entry: entry.code.family is Family.ASN1, _com_err),
    ("GSSAPI over Kerberos", "Minor codes. `k5g` table.", lambda entry: entry.code.family is Family.GSS_KRB5, _com_err),
    ("GSSAPI in general", "Minor codes. `ggss` table.", lambda entry: entry.code.family is Family.GSS_GENERIC, _com_err),
    (
        "SPNEGO and NegoEx",
        (
            "Minor codes. Below SPNEGO the library renumbers Kerberos' own codes to 100001 and up, in order of first use: those numbers "
            "mean nothing by themselves."
        ),
        lambda entry: entry.code.family is Family.SPNEGO,
        _hexadecimal,
    ),
    (
        "GSS major statuses",
        "Routine errors, calling errors and supplementary bits (RFC 2744 3.9.1). The minor code beside one says more, where there is one.",
        lambda entry: entry.code.family is Family.GSS_MAJOR,
        _hexadecimal,
    ),
    ("Operating system errors", "`errno` values on Linux.", lambda entry: entry.code.family is Family.ERRNO, _decimal),
    (
        "Password change",
        "Results of the password-changing service (RFC 3244).",
        lambda entry: entry.code.family is Family.KPASSWD,
        _decimal,
    ),
    (
        "NTSTATUS",
        "What an Active Directory domain controller puts beside a KRB-ERROR (MS-KILE 2.2.1, MS-ERREF 2.3).",
        lambda entry: entry.code.family is Family.NTSTATUS,
        _hexadecimal,
    ),
    ("Plug-ins and credential caches", "`k5e1` table.", lambda entry: entry.code.family is Family.K5E1, _com_err),
    ("A KDC's database", "They stay on the KDC. `kdb5` table.", lambda entry: entry.code.family is Family.KDB5, _com_err),
    ("Kerberos 4", "`k524` table.", lambda entry: entry.code.family is Family.K524, _com_err),
    ("Structures of the library", "`kv5m` table.", lambda entry: entry.code.family is Family.KV5M, _com_err),
)


def render() -> Mapping[str, str]:
    """The pages by their path below the project's root."""
    return {"docs/reference/reasons.md": _page(_reasons()), "docs/reference/codes.md": _page(_codes())}


def main() -> None:
    """Write the pages."""
    for path, text in render().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")


def _page(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _reasons() -> Iterator[str]:
    yield _REASONS_HEAD
    for kind, (heading, promise) in _KINDS.items():
        infos = [info for info in REASONS.values() if info.kind is kind]
        yield from ("", f"## {heading}", "", promise, "")
        yield from _table(("reason", "status", "again", "guarded"), (_reason_row(info) for info in infos))
        for info in infos:
            yield from ("", f"### {info.reason}", "", f"**{info.title}.** {info.text}", "", f"For the administrator: {info.hint}")


def _reason_row(info: ReasonInfo) -> tuple[str, ...]:
    statuses = ", ".join(str(status) for status in info.statuses)
    return (f"[`{info.reason}`](#{info.reason})", statuses, _RETRY[info.retry], "yes" if info.guarded else "")


def _codes() -> Iterator[str]:
    yield _CODES_HEAD
    yield from ("", "## Stages", "")
    yield from _table(("stage", "what happens"), ((f"`{stage}`", _STAGES[stage]) for stage in Stage))
    for heading, description, belongs, number in _TABLES:
        yield from ("", f"## {heading}", "", description, "")
        yield from _table(
            ("number", "name", "meaning", "fault", "what to do", "again", "reason"),
            (_code_row(entry, number(entry)) for entry in catalogue.ENTRIES.values() if belongs(entry)),
        )


def _code_row(entry: Entry, number: str) -> tuple[str, ...]:
    names = "<br>".join(f"`{name}`" for name in (entry.name, *entry.aliases))
    return (number, names, entry.meaning, ", ".join(entry.fault), entry.remedy, _RETRY[entry.retry], _by_stage(entry))


def _by_stage(entry: Entry) -> str:
    usual = entry.reason or Reason.INTERNAL
    exceptions: dict[Reason, list[Stage]] = {}
    for stage in Stage:
        if entry.reason_at(stage) is not usual:
            exceptions.setdefault(entry.reason_at(stage), []).append(stage)
    named = [f"at {', '.join(f'`{stage}`' for stage in stages)}: {_link(reason)}" for reason, stages in exceptions.items()]
    return "<br>".join((_link(usual) if entry.reason else f"none; {_link(usual)} if it does", *named))


def _link(reason: Reason) -> str:
    return f"[`{reason}`](reasons.md#{reason})"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        cells = (cell.replace("|", "\\|") for cell in row)
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
