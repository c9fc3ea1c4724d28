from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.codes import ntstatus
from kerbauth.kdc.protocol.krb_error import nt_status, read_krb_error
from tests.kdc.protocol.messages import (
    DISABLED,
    as_rep,
    element,
    encodings,
    etype_info2,
    ext_error,
    integer,
    krb_error,
    method_data,
    octets,
    pa_data,
    record,
    string,
    time,
    typed_data,
)

# The KRB-ERROR within an error token of a real acceptor (MIT 1.20.1): code 34, for a replayed ticket.
REPLAY = bytes.fromhex(
    "7e553053a003020105a10302011ea411180f32303236313132343030313534345aa505020302c4fca603020122a90a1b08"
    "4c41422e54455354aa1c301aa003020101a11330111b04485454501b096c6f63616c686f7374"
)

# The statuses that come with a code of their own family of reasons; each is in the catalogue.
STATUSES = sorted(entry.code.number for entry in ntstatus.ENTRIES if entry.code.number)


def test_a_real_krb_error_is_read() -> None:
    error = read_krb_error(REPLAY)
    assert error is not None
    assert (error.code, error.text, error.data) == (34, None, None)
    assert error.server_time == datetime(2026, 11, 24, 0, 15, 44, 181_500, tzinfo=UTC)


def test_text_and_data_are_read() -> None:
    error = read_krb_error(krb_error(18, text=b"LOCKED_OUT", data=b"\x30\x00"))
    assert error is not None
    assert (error.code, error.text, error.data) == (18, "LOCKED_OUT", b"\x30\x00")


@pytest.mark.parametrize("code", [0, 25, 127, 128, -1, (1 << 31) - 1, -(1 << 31)])
def test_any_code_is_read(code: int) -> None:
    error = read_krb_error(krb_error(code))
    assert error is not None
    assert error.code == code


def test_control_characters_of_the_text_stay_and_bytes_that_are_not_utf8_are_replaced() -> None:
    error = read_krb_error(krb_error(60, text=b"a\x1b[2J\0\xff\xc3\xa4"))
    assert error is not None
    assert error.text == "a\x1b[2J\0\ufffdä"


def test_a_text_or_data_that_cannot_be_read_does_not_lose_the_code() -> None:
    error = read_krb_error(krb_error(18, changes={11: integer(1), 12: b"\x04\x80"}))
    assert error is not None
    assert (error.code, error.text, error.data) == (18, None, None)


def test_what_the_data_holds_is_not_in_the_repr() -> None:
    assert "salt" not in repr(read_krb_error(krb_error(25, data=b"salt")))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({0: integer(4)}, id="protocol version 4"),
        pytest.param({1: integer(11)}, id="message type of an AS-REP"),
        pytest.param({4: None}, id="no time"),
        pytest.param({4: time("20261124001544.5Z")}, id="fraction of a second"),
        pytest.param({4: time("20261124001544+0100")}, id="another zone"),
        pytest.param({4: time("20261324001544Z")}, id="month 13"),
        pytest.param({4: time("00000000000000Z")}, id="year 0"),
        pytest.param({4: time("20261124001560Z")}, id="second 60"),
        pytest.param({4: octets(b"20261124001544Z")}, id="time of another type"),
        pytest.param({5: None}, id="no microseconds"),
        pytest.param({5: integer(1_000_000)}, id="a million microseconds"),
        pytest.param({6: None}, id="no code"),
        pytest.param({6: integer(1 << 31)}, id="code of more than 32 bits"),
    ],
)
def test_what_lacks_a_part_that_counts_is_no_krb_error(changes: dict[int, bytes | None]) -> None:
    assert read_krb_error(krb_error(18, changes=changes)) is None


def test_another_message_is_no_krb_error() -> None:
    assert read_krb_error(as_rep()) is None
    assert read_krb_error(b"\x7e" + as_rep()[1:]) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_krb_error_or_none(message: bytes) -> None:
    assert read_krb_error(message) is None


@given(st.data())
def test_any_damage_to_a_krb_error_is_survived(data: st.DataObject) -> None:
    message = bytearray(krb_error(18, text=b"LOCKED_OUT", data=pa_data(3, ext_error(DISABLED))))
    for position in data.draw(st.lists(st.integers(0, len(message) - 1), max_size=5)):
        message[position] = data.draw(st.integers(0, 255))
    error = read_krb_error(bytes(message[: data.draw(st.integers(0, len(message)))]))
    status = nt_status(error.data) if error else None
    assert status is None or status >> 28 == 0xC


@pytest.mark.parametrize("status", STATUSES, ids="{:08X}".format)
@pytest.mark.parametrize("flags", [1, 3])
def test_every_status_is_found_however_it_is_put(status: int, flags: int) -> None:
    found = {way: nt_status(data) for way, data in encodings(ext_error(status, flags=flags))}
    assert set(found.values()) == {status}, found


def test_the_bytes_that_active_directory_sends_are_read() -> None:
    prefix = bytes.fromhex("3015a103020103a20e040c")  # SSSD krb5_child.c checks for exactly these before the 12 bytes
    assert nt_status(prefix + bytes.fromhex("720000c00000000001000000")) == DISABLED


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"EXAMPLE.alic", id="a salt of 12 bytes"),
        pytest.param(b"", id="empty"),
        pytest.param(ext_error(DISABLED)[:-1], id="11 bytes"),
        pytest.param(ext_error(DISABLED) + b"\0", id="13 bytes"),
        pytest.param(ext_error(DISABLED, reserved=1), id="reserved is not 0"),
        pytest.param(ext_error(DISABLED, flags=0), id="flags 0"),
        pytest.param(ext_error(DISABLED, flags=2), id="flags 2"),
        pytest.param(ext_error(0x00000000), id="success"),
        pytest.param(ext_error(0x40000000), id="severity information"),
        pytest.param(ext_error(0x80000005), id="severity warning"),
        pytest.param(ext_error(0xE0000001), id="not Microsoft's own"),
    ],
)
def test_a_value_that_is_not_an_extended_error_in_every_part_is_none(value: bytes) -> None:
    assert [nt_status(data) for _, data in encodings(value)] == [None, None, None]


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"text",
        method_data(),
        pa_data(2, ext_error(DISABLED)),
        method_data(pa_data(19, etype_info2((18, b"salt", None)))),
        method_data(typed_data(3, ext_error(DISABLED))),
        method_data(octets(ext_error(DISABLED))),
        record({1: integer(3)}),
        record({1: integer(3), 2: string(ext_error(DISABLED))}),
        element(0x30, octets(b"")),
    ],
    ids=range(11),
)
def test_other_data_holds_no_status(data: bytes | None) -> None:
    assert nt_status(data) is None


def test_a_salt_before_the_status_does_not_hide_it() -> None:
    assert nt_status(method_data(pa_data(3, b"EXAMPLE.alic"), pa_data(3, ext_error(DISABLED)))) == DISABLED


@given(st.binary(max_size=100))
def test_any_bytes_hold_a_status_or_none(data: bytes) -> None:
    assert nt_status(data) is None
