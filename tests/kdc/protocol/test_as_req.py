import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.kdc.protocol.as_req import proves_a_password
from tests.kdc.protocol.messages import as_req, element, integer, octets, pa_data, record, sequence

SUPPORT, RESPONSE = element(0xA0, record({0: sequence(integer(1))})), element(0xA2, record({0: octets(b"key"), 1: octets(b"factor")}))


def request_with(*padata: bytes) -> bytes:
    return element(0x6A, record({1: integer(5), 2: integer(10), 3: sequence(*padata), 4: sequence()}))


@pytest.mark.parametrize("padata", [pa_data(2, b"encrypted"), pa_data(151, RESPONSE)], ids=["encrypted-timestamp", "spake-response"])
@pytest.mark.parametrize("beside", [(), (pa_data(133, b"cookie"), pa_data(149, b""))], ids=["alone", "behind-others"])
def test_a_proof_is_seen_wherever_it_stands(padata: bytes, beside: tuple[bytes, ...]) -> None:
    assert proves_a_password(request_with(*beside, padata))


@pytest.mark.parametrize(
    "padata", [(), (pa_data(133, b"cookie"), pa_data(150, b"")), (pa_data(151, SUPPORT),), (pa_data(151, b""),)],
    ids=["none", "others", "spake-support", "spake-without-a-message"],
)  # fmt: skip
def test_a_request_that_proves_nothing_is_none(padata: tuple[bytes, ...]) -> None:
    assert not proves_a_password(request_with(*padata))


def test_a_request_without_padata_is_none() -> None:
    assert not proves_a_password(as_req("KA.TEST", "alice"))


def test_a_request_to_the_tgs_is_none() -> None:
    assert not proves_a_password(b"\x6c" + request_with(pa_data(2, b"encrypted"))[1:])


@given(st.binary(max_size=60))
def test_what_cannot_be_read_counts_as_one(content: bytes) -> None:
    assert proves_a_password(element(0x6A, content + b"\xff"))


@given(st.binary(max_size=200))
def test_no_bytes_are_too_much_for_it(message: bytes) -> None:
    assert proves_a_password(message) in {True, False}
