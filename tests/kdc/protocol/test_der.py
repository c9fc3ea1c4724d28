import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.kdc.protocol import der
from tests.kdc.protocol.messages import element, integer, record, sequence


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_an_element_of_any_size_is_read(size: int) -> None:
    assert der.single(element(0x04, bytes(size)), 0x04) == bytes(size)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x04", id="no length"),
        pytest.param(b"\x04\x01", id="no content"),
        pytest.param(b"\x04\x01aa", id="one byte too many"),
        pytest.param(b"\x05\x01a", id="another tag"),
        pytest.param(b"\x04\x80a\0\0", id="indefinite length"),
        pytest.param(b"\x04\x81\x01a", id="length of one byte written in two"),
        pytest.param(b"\x04\x82\x00\x80" + bytes(128), id="length with a leading zero"),
        pytest.param(b"\x04\x81", id="cut off within the length"),
        pytest.param(b"\x04\x84\x01\x00\x00\x00", id="length beyond anything"),
        pytest.param(b"\x04\xff", id="reserved length"),
        pytest.param(b"\x1f\x04\x00", id="tag of several octets"),
    ],
)
def test_what_is_not_exactly_one_der_element_is_refused(data: bytes) -> None:
    with pytest.raises(der.DerError):
        der.single(data, data[0] if data[:1] == b"\x1f" else 0x04)


def test_the_fields_of_a_sequence_are_read_by_their_number() -> None:
    fields = der.fields(der.single(record({0: b"a", 2: b"bc"}), der.SEQUENCE))
    assert dict(fields) == {0: b"a", 2: b"bc"}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(element(0xA1, b"") + element(0xA0, b""), id="out of order"),
        pytest.param(element(0xA1, b"") + element(0xA1, b""), id="twice"),
        pytest.param(element(0x02, b"\0"), id="not tagged"),
        pytest.param(element(0xC0, b"\0"), id="private tag"),
        pytest.param(element(0xA0, b"") + b"\0", id="something behind"),
    ],
)
def test_fields_that_are_not_each_in_its_place_are_refused(content: bytes) -> None:
    with pytest.raises(der.DerError):
        der.fields(content)


def test_as_many_elements_as_allowed_are_read_and_no_more() -> None:
    assert len(der.children(integer(1) * der.CHILDREN_LIMIT)) == der.CHILDREN_LIMIT
    with pytest.raises(der.DerError, match="too many"):
        der.children(integer(1) * (der.CHILDREN_LIMIT + 1))


@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_any_integer_within_its_range_is_read(number: int) -> None:
    assert der.integer(integer(number), range(-(1 << 31), 1 << 31)) == number


@pytest.mark.parametrize("data", [element(0x02, b""), integer(10), integer(-1), element(0x02, bytes(6)), element(0x04, b"\1")])
def test_other_integers_are_refused(data: bytes) -> None:
    with pytest.raises(der.DerError):
        der.integer(data, range(10))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = der.children(data)
    except der.DerError:
        return
    assert b"".join(element(each.tag, each.content) for each in found) == data  # DER: there is one way to write it


def test_what_an_element_holds_is_not_in_its_repr() -> None:
    (found,) = der.children(sequence(b"\x04\x06ticket"))
    assert "ticket" not in repr(found)
