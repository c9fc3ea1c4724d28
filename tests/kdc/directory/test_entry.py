"""Reading a group's entry: its SID from the bytes, and whether tickets can list it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.sid import parse_sid
from kerbauth.directory import GroupFound, NoSuchGroup
from kerbauth.kdc.directory.entry import group_of, read_sid
from kerbauth.kdc.directory.messages import Entry
from kerbauth.kdc.directory.trouble import DirectoryError
from tests.kdc.directory.server import DISTRIBUTION, SECURITY, group

BUILT_IN = struct.pack("<BB6s2I", 1, 2, b"\0\0\0\0\0\5", 32, 544)  # S-1-5-32-544, Administrators


def entry(**changed: list[bytes]) -> Entry:
    return Entry({name.lower(): tuple(values) for name, values in {**group("agents"), **changed}.items()})


def test_a_security_group_is_found_with_its_sid() -> None:
    assert group_of(entry()) == GroupFound(parse_sid("S-1-5-21-1-2-3-1117"))


# MS-ADTS 2.2.12: global, domain local and universal groups, each as the directory writes the signed number
@pytest.mark.parametrize("kind", [SECURITY, b"-2147483644", b"-2147483640", b"2147483650"])
def test_each_sort_of_security_group_is_one(kind: bytes) -> None:
    assert isinstance(group_of(entry(groupType=[kind])), GroupFound)


@pytest.mark.parametrize("kind", [DISTRIBUTION, b"4", b"8"])
def test_a_distribution_group_is_no_use_and_told_so(kind: bytes) -> None:
    found = group_of(entry(groupType=[kind]))
    assert isinstance(found, NoSuchGroup)
    assert "make it a security group" in found.explanation


def test_a_domain_controllers_own_group_is_no_use_and_told_so() -> None:
    found = group_of(entry(objectSid=[BUILT_IN]))
    assert isinstance(found, NoSuchGroup)
    assert "BUILTIN" in found.explanation


@pytest.mark.parametrize("kind", [b"", b"-", b"two", b"0x80000002", b"\xb2", "٢".encode(), b"-2147483646 ", b"9" * 11, b"\xff"])
def test_a_group_type_that_is_no_number_is_trouble(kind: bytes) -> None:
    with pytest.raises(DirectoryError):
        group_of(entry(groupType=[kind]))


@pytest.mark.parametrize("name", ["objectSid", "groupType"])
@pytest.mark.parametrize("values", [[], [SECURITY, SECURITY]])
def test_an_attribute_has_one_value(name: str, values: list[bytes]) -> None:
    with pytest.raises(DirectoryError, match=rf"gives {len(values)} values of {name}"):
        group_of(entry(**{name: values}))


def test_a_sid_is_read_from_its_bytes() -> None:
    assert read_sid(BUILT_IN) == "S-1-5-32-544"
    assert read_sid(struct.pack("<BB6sI", 1, 1, b"\1\0\0\0\0\0", 7)) == "S-1-0x010000000000-7"


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        BUILT_IN[:7],
        BUILT_IN[:-1],
        BUILT_IN + b"\0",
        b"\2" + BUILT_IN[1:],
        b"\1\0" + BUILT_IN[2:8],
        b"\1\x10" + BUILT_IN[2:8] + bytes(64),
    ],
)
def test_a_damaged_sid_is_trouble(damaged: bytes) -> None:
    with pytest.raises(DirectoryError, match="is no SID"):
        read_sid(damaged)


@given(st.integers(0, 2**48 - 1), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=15))
def test_every_sid_survives(authority: int, numbers: list[int]) -> None:
    data = struct.pack(f"<BB6s{len(numbers)}I", 1, len(numbers), authority.to_bytes(6), *numbers)
    sid = read_sid(data)
    assert parse_sid(sid) == sid
    assert sid.endswith("-".join(map(str, numbers)))


@given(st.binary(max_size=80))
def test_any_bytes_are_a_sid_or_trouble(data: bytes) -> None:
    try:
        sid = read_sid(data)
    except DirectoryError:
        return
    assert parse_sid(sid) == sid
