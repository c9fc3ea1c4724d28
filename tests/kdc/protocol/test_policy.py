"""Active Directory's 30 bytes."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from krb5 import ADPolicyInfo

from kerbauth.kdc.protocol.policy import Policy, read_policy

DAY = 864_000_000_000  # ticks


def blob(min_length: int = 7, history: int = 24, properties: int = 1, max_age: int = 42 * DAY, min_age: int = DAY) -> bytes:
    return pack("!HIIIqq", 0, min_length, history, properties, max_age, min_age)


def test_a_policy_has_four_rules() -> None:
    assert read_policy(blob()) == Policy(min_length=7, history=24, complexity=True, min_age=86_400)


@pytest.mark.parametrize(("properties", "complexity"), [(0, False), (1, True), (0x20, False), (0x21, True)])
def test_one_bit_asks_for_several_kinds_of_characters(properties: int, complexity: bool) -> None:
    read = read_policy(blob(properties=properties))
    assert read is not None
    assert read.complexity is complexity


@pytest.mark.parametrize(
    ("ticks", "days"), [(0, 0), (1, 0), (DAY // 2, 1), (DAY, 1), (DAY + 10_000_000, 2), (-2 * DAY, 2), (-(1 << 63), 10_675_200)]
)
def test_days_are_whole_and_rounded_up_whatever_the_sign(ticks: int, days: int) -> None:
    read = read_policy(blob(min_age=ticks))
    assert read is not None
    assert read.min_days == days


@pytest.mark.parametrize("data", [b"", b"New password is too short.    ", blob()[:-1], blob() + b"\0", b"\0\1" + blob()[2:]])
def test_anything_else_is_a_text(data: bytes) -> None:
    assert read_policy(data) is None


@given(st.binary(max_size=40) | st.binary(min_size=28, max_size=28).map(lambda rest: b"\0\0" + rest))
def test_any_bytes_are_a_policy_or_none_as_the_krb5_package_reads_them(data: bytes) -> None:
    read = read_policy(data)
    try:
        theirs = ADPolicyInfo.from_bytes(data)
    except ValueError:
        assert read is None
    else:
        assert read is not None
        assert (read.min_length, read.history, read.complexity) == (theirs.min_length, theirs.history, bool(theirs.properties & 1))
