"""IP addresses and networks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.addresses import is_within, read_address, read_network


@pytest.mark.parametrize(
    ("text", "address"), [("192.0.2.1", "192.0.2.1"), ("2001:DB8::1", "2001:db8::1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("::1", "::1")]
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    assert str(read_address(text)) == address


@pytest.mark.parametrize("text", ["", "localhost", "192.0.2", "192.0.2.01", "192.0.2.1:80", "[::1]", "192.0.2.1/32"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None


@given(st.text())
def test_any_text_is_an_address_that_reads_itself_back_or_none(text: str) -> None:
    address = read_address(text)
    assert address is None or read_address(str(address)) == address


def test_an_address_is_in_its_network() -> None:
    networks = [read_network("192.0.2.0/24"), read_network("2001:db8::/32")]
    found = [is_within(read_address(text), networks) for text in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::9", "198.51.100.1", "::1")]
    assert found == [True, True, True, False, False]


def test_an_address_that_is_not_known_is_in_no_network() -> None:
    assert not is_within(None, [read_network("0.0.0.0/0"), read_network("::/0")])


@pytest.mark.parametrize("text", ["", "192.0.2.1/24", "192.0.2.0/33", "corp.example"])
def test_what_is_no_network_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_network(text)
