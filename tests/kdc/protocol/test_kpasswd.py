"""The frames of RFC 3244, and what a reply says before and after it is opened."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.kdc.protocol import der
from kerbauth.kdc.protocol.kpasswd import (
    CHANGE_VERSION,
    RESULT_CODES,
    SET_VERSION,
    Failed,
    Result,
    Sealed,
    Unreadable,
    change_data,
    frame,
    read_reply,
    read_result,
)
from tests.kdc.protocol.messages import krb_error


def reply(ap_rep: bytes, rest: bytes, *, version: int = 1, size: int | None = None, ap_rep_size: int | None = None) -> bytes:
    whole = 6 + len(ap_rep) + len(rest)
    return pack("!HHH", whole if size is None else size, version, len(ap_rep) if ap_rep_size is None else ap_rep_size) + ap_rep + rest


def test_a_request_is_its_length_its_version_and_both_messages() -> None:
    assert frame(b"REQ", b"PRIV") == b"\x00\x0d" + b"\x00\x01" + b"\x00\x03" + b"REQ" + b"PRIV"
    assert frame(b"", b"PRIV", SET_VERSION)[2:4] == b"\xff\x80"


def test_a_request_that_the_lengths_cannot_say_is_an_error() -> None:
    assert len(frame(bytes(60_000), bytes(5_529))) == 65_535
    with pytest.raises(ValueError, match="65536 bytes"):
        frame(bytes(60_000), bytes(5_530))


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=200), st.sampled_from([CHANGE_VERSION, SET_VERSION]))
def test_what_was_framed_is_read_again(ap_rep: bytes, priv: bytes, version: int) -> None:
    read = read_reply(frame(b"A" + ap_rep, priv, version))
    assert read == Sealed(b"A" + ap_rep, priv)


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (b"", "cut off"),
        (b"\x00\x06\x00\x01\x00", "cut off"),
        (reply(b"AP", b"PRIV", size=11), "has 12 bytes and says 11"),
        (reply(b"AP", b"PRIV")[:-1], "has 11 bytes and says 12"),
        (reply(b"AP", b"PRIV") + b"!", "has 13 bytes and says 12"),
        (reply(b"AP", b"PRIV", version=0), "version 0x0000"),
        (reply(b"AP", b"PRIV", version=2), "version 0x0002"),
        (reply(b"AP", b""), "no room for a KRB-PRIV"),
        (reply(b"AP", b"PRIV", ap_rep_size=7), "no room for a KRB-PRIV"),
        (reply(b"", b"PRIV"), "neither an AP-REP nor a KRB-ERROR"),
        (reply(b"", b""), "neither an AP-REP nor a KRB-ERROR"),
    ],
)
def test_what_is_no_reply_says_why(message: bytes, problem: str) -> None:
    read = read_reply(message)
    assert isinstance(read, Unreadable)
    assert problem in read.problem


@pytest.mark.parametrize("framed", [True, False], ids=["in a frame", "bare, as from Active Directory"])
class TestErrors:
    def read(self, error: bytes, *, framed: bool) -> object:
        return read_reply(reply(b"", error) if framed else error)

    def test_an_error_with_nothing_but_its_code(self, framed: bool) -> None:
        read = self.read(krb_error(37, text=b"clock"), framed=framed)
        assert isinstance(read, Failed)
        assert (read.error.code, read.error.text) == (37, "clock")

    @pytest.mark.parametrize("code", [code for code in RESULT_CODES if code != 0])
    def test_a_result_in_its_data_counts(self, framed: bool, code: int) -> None:
        assert self.read(krb_error(60, data=pack("!H", code) + b"why"), framed=framed) == Result(code, b"why")

    def test_a_success_that_is_not_sealed_is_not_believed(self, framed: bool) -> None:
        read = self.read(krb_error(60, data=b"\x00\x00"), framed=framed)
        assert isinstance(read, Unreadable)
        assert "does not prove it" in read.problem

    @pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x08", b"\x30\x0c"])
    def test_other_data_leaves_the_errors_own_code(self, framed: bool, data: bytes) -> None:
        assert isinstance(self.read(krb_error(60, data=data), framed=framed), Failed)


def test_a_result_is_a_code_and_a_text() -> None:
    assert read_result(b"\x00\x04too short") == Result(4, b"too short")
    assert read_result(b"\x00\x00") == Result(0, b"")


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x08", b"\xff\xff"])
def test_what_is_no_result_says_why(data: bytes) -> None:
    assert isinstance(read_result(data), Unreadable)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_an_exception_and_never_as_a_success(message: bytes) -> None:
    for tried in (message, reply(b"", message), reply(b"", krb_error(60, data=message[:200]))):
        read = read_reply(tried)
        assert isinstance(read, Sealed | Result | Failed | Unreadable)
        assert not (isinstance(read, Result) and read.code == 0)
    assert isinstance(read_result(message), Result | Unreadable)


def test_what_is_sealed_is_not_in_the_text_form() -> None:
    assert "SECRET" not in repr(read_reply(reply(b"SECRET", b"SECRET")))


def test_a_change_data_holds_the_password_and_the_account() -> None:
    name = bytes.fromhex("a111300fa003020101a1083006") + b"\x1b\x01a\x1b\x01b"
    assert change_data(b"new", ("a", "b"), "R") == b"\x30\x1f" + bytes.fromhex("a0050403") + b"new" + name + bytes.fromhex("a2031b0152")


@given(st.binary(max_size=70_000), st.text(st.characters(codec="utf-8"), min_size=1, max_size=300))
def test_a_change_data_of_any_password_and_realm_is_der(new: bytes, realm: str) -> None:
    fields = der.fields(der.single(change_data(new, ("alice",), realm), der.SEQUENCE))
    assert der.single(fields[0], der.OCTET_STRING) == new
    assert der.single(fields[2], der.GENERAL_STRING).decode() == realm
    assert list(der.fields(der.single(fields[1], der.SEQUENCE))) == [0, 1]
