import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.kdc.protocol.framing import whole
from tests.kdc.protocol.messages import as_rep, element, krb_error, pa_data, sequence

REPLIES = {
    "krb-error": krb_error(25, data=sequence(pa_data(2, b""))),
    "as-rep": as_rep(pa_data(19, b"")),
    "tgs-rep": b"\x6d" + as_rep()[1:],
}

replies = pytest.mark.parametrize("message", REPLIES.values(), ids=REPLIES)


@replies
def test_a_complete_reply_is_whole(message: bytes) -> None:
    assert whole(message)


@replies
def test_a_reply_cut_off_anywhere_is_not(message: bytes) -> None:
    assert not any(whole(message[:length]) for length in range(len(message)))


@replies
def test_a_reply_with_something_behind_it_is_not(message: bytes) -> None:
    assert not whole(message + b"\0")
    assert not whole(message + message)


@pytest.mark.parametrize("tag", [0x6A, 0x6C, 0x6E, 0x6F, 0x30, 0x60, 0xFE])
def test_a_message_of_another_kind_is_not(tag: int) -> None:
    assert not whole(bytes([tag]) + as_rep()[1:])


def test_an_application_tag_around_something_else_is_not() -> None:
    assert not whole(element(0x7E, element(0x04, b"text")))


@given(st.binary(max_size=100) | st.binary(max_size=100).map(lambda rest: b"\x7e" + rest))
def test_any_bytes_are_whole_or_not(message: bytes) -> None:
    assert whole(message) in {True, False}
