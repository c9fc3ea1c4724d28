"""Whether a reply has an armoured part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.kdc.protocol.fast import in_armour
from tests.kdc.protocol.messages import as_rep, krb_error, method_data, pa_data, typed_data

ARMOURED = pa_data(136, b"sealed")
OTHER = pa_data(133, b"cookie")


@pytest.mark.parametrize(
    "message",
    [
        krb_error(24, data=method_data(ARMOURED)),
        krb_error(25, data=method_data(OTHER, ARMOURED)),
        as_rep(ARMOURED),
        as_rep(OTHER, ARMOURED),
    ],
    ids=["error", "error-beside-others", "ticket", "ticket-beside-others"],
)
def test_an_armoured_part_is_seen(message: bytes) -> None:
    assert in_armour(message)


@pytest.mark.parametrize(
    "message",
    [
        krb_error(24),
        krb_error(24, text=b"PREAUTH_FAILED", data=b""),
        krb_error(25, data=method_data(OTHER)),
        krb_error(25, data=method_data()),
        krb_error(24, data=method_data(ARMOURED)[:-1]),
        krb_error(18, data=pa_data(3, bytes(12))),
        krb_error(24, data=method_data(typed_data(3, None))),
        as_rep(),
        as_rep(OTHER),
        b"",
        b"\x6b",
        method_data(ARMOURED),
    ],
)
def test_what_has_none_or_cannot_be_read_is_not_armoured(message: bytes) -> None:
    assert not in_armour(message)


@given(st.binary() | st.binary().map(lambda data: krb_error(25, data=data)) | st.binary().map(as_rep))
def test_any_bytes_are_looked_at_without_an_exception(message: bytes) -> None:
    assert in_armour(message) in {True, False}


@given(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=8))
def test_only_the_type_counts(kinds: list[int]) -> None:
    entries = [pa_data(kind, b"x") for kind in kinds]
    assert in_armour(krb_error(25, data=method_data(*entries))) == (136 in kinds)
    assert in_armour(as_rep(*entries)) == (136 in kinds)
