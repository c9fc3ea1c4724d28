"""No code is missing: against the project's own lists, and against krb5's tables as they are installed here."""

import csv
import errno
from pathlib import Path

import pytest

from kerbauth.core.codes import catalogue, numbers
from kerbauth.core.codes.model import Code, Entry, Family
from tests.core.codes import installed

DATA = Path(__file__).parents[2] / "data"
COM_ERR = {
    "krb5": Family.KRB5,
    "asn1": Family.ASN1,
    "kv5m": Family.KV5M,
    "k5e1": Family.K5E1,
    "k524": Family.K524,
    "kdb5": Family.KDB5,
}
NAMED_BY_RFC_ONLY = {92, 94, 95}  # RFC 6113 and 6560; MIT keeps these numbers free


def rows(name: str) -> list[list[str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t"))[1:]


def of_family(*families: Family) -> dict[Code, Entry]:
    return {code: entry for code, entry in catalogue.ENTRIES.items() if code.family in families}


@pytest.mark.parametrize(("number", "com_err", "name"), rows("kerberos-codes.tsv"), ids=lambda value: value)
def test_each_listed_kerberos_code_has_an_entry_under_its_name(number: str, com_err: str, name: str) -> None:
    entry = catalogue.entry(catalogue.classify(int(com_err)))
    assert entry is not None
    assert name in (entry.name, *entry.aliases)
    assert int(number) + numbers.KRB5_BASE == int(com_err)


@pytest.mark.parametrize(("status", "name"), rows("ntstatus-codes.tsv"), ids=lambda value: value)
def test_each_listed_ntstatus_has_an_entry_under_its_name(status: str, name: str) -> None:
    entry = catalogue.entry(Code(Family.NTSTATUS, int(status, 16)))
    assert entry is not None
    assert entry.name == name


def test_krb5_has_no_com_err_table_that_is_unknown_here() -> None:
    assert {name: numbers.FAMILY_OF_BASE[base] for name, base in installed.com_err_bases().items()} == COM_ERR


def test_every_macro_of_krb5_h_is_found_by_its_name_and_no_number_is_made_up() -> None:
    defines = installed.com_err_defines()
    assert len(defines) > 300
    unknown = [name for name, number in defines.items() if [found.code.number for found in catalogue.find(name)] != [number]]
    assert unknown == []
    free = {numbers.KRB5_BASE + number for number in NAMED_BY_RFC_ONLY}
    assert {code.number for code in of_family(*COM_ERR.values())} - set(defines.values()) == free


@pytest.mark.parametrize(
    ("table", "base", "family"), [("k5g", numbers.K5G_BASE, Family.GSS_KRB5), ("ggss", numbers.GGSS_BASE, Family.GSS_GENERIC)]
)
def test_gssapis_own_tables_are_complete(table: str, base: int, family: Family) -> None:
    known = installed.numbers_in_memory(table, base)
    assert known
    assert {code.number - base for code in of_family(family)} == known


def test_spnegos_table_is_complete() -> None:
    known = installed.spnego_numbers(numbers.SPNEGO_BASE)
    assert {code.number - numbers.SPNEGO_BASE for code in of_family(Family.SPNEGO)} == known


def test_every_major_status_of_gssapi_h_is_there_under_its_name() -> None:
    defines = installed.gss_major_defines()
    assert {"GSS_S_FAILURE", "GSS_S_CALL_BAD_STRUCTURE", "GSS_S_GAP_TOKEN", "GSS_S_BAD_MECH_ATTR"} <= set(defines)
    assert {entry.name: code.number for code, entry in of_family(Family.GSS_MAJOR).items()} == defines


def test_every_result_of_a_password_change_is_there_under_its_name() -> None:
    defines = installed.kpasswd_defines()
    assert {entry.name: code.number for code, entry in of_family(Family.KPASSWD).items()} == defines
    assert set(defines.values()) == set(range(8))


def test_errno_names_are_this_systems() -> None:
    for code, entry in of_family(Family.ERRNO).items():
        assert getattr(errno, entry.name) == code.number


def test_the_errno_values_that_kerberos_libraries_return_are_there() -> None:
    named = {entry.name for entry in of_family(Family.ERRNO).values()}
    assert {"EPERM", "ENOENT", "EIO", "EAGAIN", "ENOMEM", "EACCES", "EINVAL", "EMFILE", "ENOSPC", "EROFS"} <= named
    assert {"ETIMEDOUT", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN"} <= named


def test_every_family_has_entries_but_the_one_for_what_nobody_knows() -> None:
    assert {code.family for code in catalogue.ENTRIES} == set(Family) - {Family.OTHER}
