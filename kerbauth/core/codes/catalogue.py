"""The one table from (stage, code) to reason, and the search behind `kerbauth explain`.

Codes are matched by number, never by text: libkrb5's texts are translated, extended per call and carry user names.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from kerbauth.core.codes import (
    com_err,
    gss_major,
    gss_minor,
    kdc_database,
    kpasswd,
    krb_error_ap,
    krb_error_client,
    krb_error_kdc,
    krb_error_preauth,
    libkrb5_exchange,
    libkrb5_files,
    ntstatus,
    numbers,
    os_errors,
)
from kerbauth.core.codes.model import Code, Entry, Family, Stage
from kerbauth.core.codes.numbers import classify, gss_major_code, krb_error, protocol_number, signed, unsigned
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason

__all__ = [
    "ENTRIES",
    "classify",
    "entry",
    "find",
    "gss_major_code",
    "index",
    "krb_error",
    "protocol_number",
    "reason_for",
    "signed",
    "unsigned",
]


def index(entries: Iterable[Entry]) -> Mapping[Code, Entry]:
    """The entries by code, in order of family and number.

    Raises ValueError for an empty table, for a code entered twice, and for an entry that leads to a warning: a warning
    is no way for a login to end.
    """
    found: dict[Code, Entry] = {}
    for row in entries:
        if row.code in found:
            msg = f"{row.code} is entered twice: {found[row.code].name} and {row.name}"
            raise ValueError(msg)
        if any(REASONS[reason].kind is Kind.WARNING for reason in (*row.at.values(), row.reason) if reason):
            msg = f"{row.code} {row.name} leads to a warning"
            raise ValueError(msg)
        found[row.code] = row
    if not found:
        msg = "a catalogue without entries"
        raise ValueError(msg)
    order = tuple(Family)
    ordered = sorted(found, key=lambda code: (order.index(code.family), code.number))
    return MappingProxyType({code: found[code] for code in ordered})


ENTRIES: Final = index(
    (
        *krb_error_client.ENTRIES,
        *krb_error_kdc.ENTRIES,
        *krb_error_ap.ENTRIES,
        *krb_error_preauth.ENTRIES,
        *libkrb5_exchange.ENTRIES,
        *libkrb5_files.ENTRIES,
        *com_err.ENTRIES,
        *kdc_database.ENTRIES,
        *gss_minor.ENTRIES,
        *gss_major.ENTRIES,
        *os_errors.ENTRIES,
        *kpasswd.ENTRIES,
        *ntstatus.ENTRIES,
    )
)
"""Every code known here."""


def entry(code: Code) -> Entry | None:
    """What the catalogue knows of a code; None if nothing."""
    return ENTRIES.get(code)


def reason_for(stage: Stage, code: Code) -> Reason:
    """Why a login ends that met this code at this stage.

    An unknown code is INTERNAL: never a grant, and never a wrong password. At ACCEPT no password is checked and no account looked at,
    so what is about those (a client can write such codes into a token) is a bad token there.
    """
    known = ENTRIES.get(code)
    reason = known.reason_at(stage) if known else Reason.INTERNAL
    if stage is Stage.ACCEPT and (REASONS[reason].guarded or reason is Reason.BAD_CREDENTIALS):
        return Reason.BAD_TOKEN
    return reason


def find(text: str) -> tuple[Entry, ...]:
    """The entries a person may mean by `text`; empty if there are none. Raises nothing.

    A number is taken in every table it can belong to: decimal, signed or unsigned, or hexadecimal. `FAMILY:NUMBER` names
    the table; in com_err tables the row's number will do. A name counts in any case, in full or without its prefix.
    """
    text = text.strip().removeprefix("[").removesuffix("]")  # as libkrb5 prints it with our err_fmt: [krb5:-1765328360]
    written = _WRITTEN.fullmatch(text)
    if written is None:
        name = _SEPARATORS.sub("_", text.upper())
        return _NAMES.get(name) or _STEMS.get(_stem(name)) or ()
    number = int(written["hexadecimal"], 16) if written["hexadecimal"] else int(written["decimal"])
    codes = _of_family(written["family"].lower(), number) if written["family"] else _of_any_family(number)
    return tuple(ENTRIES[code] for code in codes if code in ENTRIES)


_SEPARATORS: Final = re.compile(r"[\s-]+")

# Eight hexadecimal digits that begin with C or 8 and hold a letter are how Windows writes a status without 0x.
_WRITTEN: Final = re.compile(
    r"(?:(?P<family>[a-z0-9]+):)?"
    r"(?:(?P<decimal>[+-]?[0-9]{1,20})|(?:0x(?=[0-9a-f]{1,16}$)|(?=[c8][0-9a-f]{7}$)(?=.*[a-f]))(?P<hexadecimal>[0-9a-f]+))",
    re.IGNORECASE | re.ASCII,
)

# Longest first: a name loses one of these, once.
_PREFIXES: Final = (
    "KRB5KRB_AP_ERR_",
    "KRB5_KPASSWD_",
    "KRB5KDC_ERR_",
    "KRB5KRB_ERR_",
    "KRB5_KDC_ERR_",
    "KRB5_AP_ERR_",
    "KRB_AP_ERR_",
    "KRB5KRB_AP_",
    "KDC_ERROR_",
    "NT_STATUS_",
    "KPASSWD_",
    "KDC_ERR_",
    "KRB_ERR_",
    "KRB_AP_",
    "STATUS_",
    "GSS_S_",
    "KRB5_",
)

_BASES: Final = MappingProxyType({family: base for base, family in numbers.FAMILY_OF_BASE.items()})
_NTSTATUS_ERRORS: Final = range(1 << 31, 1 << 32)  # MS-ERREF 2.3: severities warning and error


def _stem(name: str) -> str:
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def _by_name(strip: bool) -> Mapping[str, tuple[Entry, ...]]:  # noqa: FBT001 -- private, called twice, by name
    found: defaultdict[str, dict[Code, Entry]] = defaultdict(dict)
    for row in ENTRIES.values():
        for name in (row.name, *row.aliases):
            found[_stem(name) if strip else name][row.code] = row
    return MappingProxyType({name: tuple(rows.values()) for name, rows in found.items()})


_NAMES: Final = _by_name(strip=False)
_STEMS: Final = _by_name(strip=True)


def _of_family(name: str, number: int) -> Iterator[Code]:
    if name not in set(Family):
        return
    family = Family(name)
    base = _BASES.get(family)
    if base is not None and number in numbers.TABLE_NUMBERS:
        yield Code(family, base + number)
    elif family is Family.NTSTATUS:
        yield Code(family, unsigned(number))
    else:
        yield Code(family, signed(number))


def _of_any_family(number: int) -> Iterator[Code]:
    if number in numbers.TABLE_NUMBERS:
        yield Code(Family.KRB5, numbers.KRB5_BASE + number)
        yield Code(Family.KPASSWD, number)
    yield classify(number)
    if unsigned(number) in _NTSTATUS_ERRORS:
        yield Code(Family.NTSTATUS, unsigned(number))
    if numbers.looks_like_gss_major(number):
        yield gss_major_code(number)
