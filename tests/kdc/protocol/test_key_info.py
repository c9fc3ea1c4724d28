import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.kdc.protocol.key_info import MAX_ITERATIONS, KeyInfo, improper, key_infos
from tests.kdc.protocol.messages import (
    DISABLED,
    as_rep,
    element,
    etype_info2,
    ext_error,
    integer,
    krb_error,
    method_data,
    octets,
    pa_data,
    record,
    sequence,
    string,
    typed_data,
)

ETYPE_INFO2 = 19
ENTRIES = ((18, b"KA.TESTalice", None), (20, b"", bytes([0, 0, 0x80, 0])), (17, None, None))
INFOS = tuple(KeyInfo(*entry) for entry in ENTRIES)
VALUE = etype_info2(*ENTRIES)
OTHERS = (pa_data(136, b""), pa_data(133, b"MIT1"))


def count(number: int) -> bytes:
    return number.to_bytes(4, "big")


MESSAGES = {
    "krb-error": krb_error(25, data=method_data(OTHERS[0], pa_data(ETYPE_INFO2, VALUE), OTHERS[1])),
    "krb-error with typed data": krb_error(25, data=method_data(typed_data(136, None), typed_data(ETYPE_INFO2, VALUE))),
    "krb-error with one data": krb_error(25, data=pa_data(ETYPE_INFO2, VALUE)),
    "as-rep": as_rep(*OTHERS, pa_data(ETYPE_INFO2, VALUE)),
    "tgs-rep": b"\x6d" + as_rep(pa_data(ETYPE_INFO2, VALUE))[1:],
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_the_entries_are_found_wherever_libkrb5_would_find_them(message: bytes) -> None:
    assert key_infos(message) == INFOS


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(krb_error(6), id="no data"),
        pytest.param(krb_error(6, data=b""), id="empty data"),
        pytest.param(krb_error(25, data=method_data()), id="no padata"),
        pytest.param(krb_error(25, data=method_data(*OTHERS)), id="other padata"),
        pytest.param(krb_error(25, data=method_data(pa_data(ETYPE_INFO2, b""))), id="empty value"),
        pytest.param(krb_error(18, data=pa_data(3, ext_error(DISABLED))), id="NTSTATUS"),
        pytest.param(krb_error(60, data=record({1: integer(2)})), id="KERB-ERROR-DATA without a value"),
        pytest.param(as_rep(), id="AS-REP without padata"),
    ],
)
def test_a_message_without_entries_is_understood(message: bytes) -> None:
    assert key_infos(message) == ()


BOMB = (18, b"salt", count(0xFFFFFF))
LONG_LENGTH = element(0x30, record({0: integer(18), 2: b"\x04\x81\x04" + count(0xFFFFFF)}))  # BER, which libkrb5 reads


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x30\x00", id="no reply"),
        pytest.param(krb_error(25, data=b"text"), id="data that is a text"),
        pytest.param(krb_error(25, data=method_data(octets(b""))), id="data that is a list of other things"),
        pytest.param(krb_error(25, data=method_data(record({1: integer(19)}), record({3: b""}))), id="entry of another shape"),
        pytest.param(krb_error(25, data=method_data(pa_data(19, etype_info2(BOMB))) + b"\0"), id="something behind the data"),
        pytest.param(krb_error(25, data=method_data(pa_data(19, etype_info2(BOMB) + b"\0"))), id="something behind the entries"),
        pytest.param(krb_error(25, data=method_data(pa_data(19, LONG_LENGTH))), id="length not written the shortest way"),
        pytest.param(krb_error(25, data=method_data(pa_data(19, sequence(record({0: integer(18), 3: b""}))))), id="unknown field"),
        pytest.param(krb_error(25, data=method_data(pa_data(19, sequence(record({1: string(b"salt")}))))), id="no enctype"),
        pytest.param(krb_error(25, data=method_data(pa_data(19, sequence(octets(b""))))), id="entry that is no sequence"),
        pytest.param(krb_error(25, data=method_data(record({1: integer(1 << 31), 2: octets(b"")}))), id="type of more than 32 bits"),
        pytest.param(krb_error(25, changes={12: string(b"")}), id="data of another type"),
    ],
)
def test_a_message_in_which_libkrb5_could_see_more_is_not_understood(message: bytes) -> None:
    assert key_infos(message) is None


@given(st.binary(max_size=200))
def test_any_bytes_hold_no_entries(message: bytes) -> None:
    assert key_infos(message) in {None, ()}
    assert key_infos(message) is None or message[0] in {0x7E, 0x6B, 0x6D}


@given(st.sampled_from(sorted(MESSAGES)), st.data())
def test_any_damage_is_survived(name: str, data: st.DataObject) -> None:
    message = bytearray(MESSAGES[name])
    for position in data.draw(st.lists(st.integers(0, len(message) - 1), max_size=5)):
        message[position] = data.draw(st.integers(0, 255))
    cut = bytes(message[: data.draw(st.integers(0, len(message)))])
    read = key_infos(cut)
    assert read is None or all(isinstance(each, KeyInfo) for each in read)


@given(st.lists(st.tuples(st.integers(-(1 << 31), (1 << 31) - 1), st.none() | st.binary(max_size=40), st.none() | st.binary(max_size=8))))
def test_any_entries_are_read_as_they_were_written(entries: list[tuple[int, bytes | None, bytes | None]]) -> None:
    assert key_infos(krb_error(25, data=method_data(pa_data(ETYPE_INFO2, etype_info2(*entries))))) == tuple(
        KeyInfo(*each) for each in entries
    )


@pytest.mark.parametrize("number", [4096, 32_768, MAX_ITERATIONS])
def test_a_usual_iteration_count_is_proper(number: int) -> None:
    assert improper([KeyInfo(18, b"", count(number)), KeyInfo(17, b"", None)]) is None


@pytest.mark.parametrize(("enctype", "number"), [(17, 1), (18, 4095), (19, 4096), (20, 32_767)])
def test_a_count_below_the_enctypes_least_is_improper(enctype: int, number: int) -> None:
    assert improper([KeyInfo(23, None, None), KeyInfo(enctype, None, count(number))]) == number


@pytest.mark.parametrize("number", [MAX_ITERATIONS + 1, 0xFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("enctype", [18, 20, 25, 99])
def test_a_higher_count_is_improper_in_any_entry_and_for_any_enctype(number: int, enctype: int) -> None:
    assert improper([KeyInfo(17, None, None), KeyInfo(enctype, None, count(number))]) == number


def test_the_count_0_is_the_largest_of_all() -> None:
    assert improper([KeyInfo(18, None, count(0)), KeyInfo(18, None, count(0xFFFFFFFF))]) == 1 << 32


@pytest.mark.parametrize("parameters", [b"", b"\xff", b"\xff" * 3, b"\xff" * 5])
def test_parameters_that_are_no_count_are_not_improper(parameters: bytes) -> None:
    assert improper([KeyInfo(18, None, parameters)]) is None


def test_no_entries_are_not_improper() -> None:
    assert improper([]) is None


def test_the_salt_is_not_in_the_repr() -> None:
    assert "alice" not in repr(INFOS[0])
