"""Everything a PAC can have wrong, one thing at a time."""

from collections.abc import Callable

import pytest

from kerbauth.kdc.pac import buffers
from kerbauth.kdc.pac.reader import Pac, read_pac
from tests.kdc.pac.reading import problem, read
from tests.kdc.pac.writer import DOMAIN, Logon, Written, client_info, pac, serialization, sid, upn_dns_info

WHOLE = Written().write()
FIVE = [(1, Logon().write()), (10, client_info()), (6, bytes(16)), (7, bytes(16))]
BODY = Logon().write()[16:]
LONE = "\ud800"  # half of a pair of surrogates, of which UTF-16 has both or none

# Where things are in the LOGON_INFO's object: [MS-PAC] 2.5 in the order of its fields.
USER_LENGTH, USER_ROOM, USER_POINTER, FULL_NAME_POINTER = 52, 54, 56, 64
GROUP_COUNT, GROUPS_POINTER, SID_COUNT, RESOURCE_COUNT = 112, 116, 200, 212
USER_TEXT = 220  # the first that is pointed to: room, offset, length, characters


def put(data: bytes, place: int, value: int, size: int = 4) -> bytes:
    return data[:place] + value.to_bytes(size, "little") + data[place + size :]


def logon(body: bytes) -> bytes:
    return pac([(1, serialization(body)), *FIVE[1:]])


def entry(index: int, *, size: int | None = None, offset: int | None = None) -> bytes:
    """The whole PAC with another size or place of one buffer in its table."""
    data = WHOLE
    if size is not None:
        data = put(data, 8 + 16 * index + 4, size)
    return data if offset is None else put(data, 8 + 16 * index + 8, offset, 8)


def offset_of(index: int) -> int:
    return int.from_bytes(WHOLE[8 + 16 * index + 8 :][:8], "little")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bytes(65_536), "The PAC is longer than 65535 bytes."),
        (b"", "The PAC is cut off within its header."),
        (WHOLE[:7], "The PAC is cut off within its header."),
        (WHOLE[:71], "The PAC is cut off within its table of buffers."),
        (put(WHOLE, 4, 1), "The PAC's version is not 0."),
        (put(WHOLE, 0, 33), "The PAC has more than 32 buffers."),
        (put(WHOLE, 0, 0x1000_0000), "The PAC has more than 32 buffers."),
        (entry(3, offset=offset_of(3) + 4), "A buffer of the PAC does not begin at a multiple of 8."),
        (entry(3, offset=offset_of(2) + 8), "A buffer of the PAC overlaps what is before it."),
        (entry(3, offset=64), "A buffer of the PAC overlaps what is before it."),
        (entry(3, offset=0), "A buffer of the PAC overlaps what is before it."),
        (entry(3, size=17), "A buffer of the PAC goes beyond its end."),
        (entry(3, size=0xFFFF_FFFF), "A buffer of the PAC goes beyond its end."),
        (entry(3, offset=2**64 - 8), "A buffer of the PAC goes beyond its end."),
        (entry(3, offset=len(WHOLE) + 8, size=0), "A buffer of the PAC goes beyond its end."),
        (WHOLE + b"\1", "The PAC holds something that is in none of its buffers."),
        (pac([*FIVE[1:], (99, b"x"), FIVE[0]]).replace(b"x\0", b"xy"), "The PAC holds something that is in none of its buffers."),
        (pac([*FIVE, FIVE[0]]), "The PAC has two buffers of type 1."),
        (pac([*FIVE, (99, b""), (99, b"")]), "The PAC has two buffers of type 99."),
        (pac(FIVE[1:]), "The PAC has no LOGON_INFO."),
        (pac([FIVE[0], *FIVE[2:]]), "The PAC has no CLIENT_INFO."),
        (pac([*FIVE[:2], FIVE[3]]), "The PAC has no SERVER_SIGNATURE."),
        (pac(FIVE[:3]), "The PAC has no KDC_SIGNATURE."),
        (bytes(8), "The PAC has no LOGON_INFO."),
    ],
)
def test_a_damaged_table_of_buffers_is_refused(data: bytes, expected: str) -> None:
    assert problem(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pac([*FIVE[::-1]]), id="in another order"),
        pytest.param(pac([*FIVE, (13, b""), (15, b"x")]), id="unknown ones, also empty"),
        pytest.param(WHOLE + bytes(8), id="zeros behind"),
        pytest.param(pac([*FIVE, (2, bytes(8))]), id="what is not read here"),
    ],
)
def test_buffers_may_lie_as_they_like(data: bytes) -> None:
    assert read(data) == read(WHOLE)


def test_a_pac_of_the_largest_size_is_read() -> None:
    assert read(WHOLE + bytes(buffers.SIZE_LIMIT - len(WHOLE))).user == "alice"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (Logon().write()[:15], "The LOGON_INFO is cut off."),
        (put(Logon().write(), 0, 2, 1), "The LOGON_INFO is not in version 1 of the NDR type serialization, in little endian."),
        (put(Logon().write(), 1, 0, 1), "The LOGON_INFO is not in version 1 of the NDR type serialization, in little endian."),
        (put(Logon().write(), 2, 16, 2), "The LOGON_INFO is not in version 1 of the NDR type serialization, in little endian."),
        (put(Logon().write(), 8, len(BODY) + 8), "The LOGON_INFO has a length that cannot be."),
        (put(Logon().write(), 8, len(BODY) - 4), "The LOGON_INFO has a length that cannot be."),
        (put(Logon().write(), 8, 0xFFFF_FFF8), "The LOGON_INFO has a length that cannot be."),
        (Logon().write() + b"\1", "There is something behind the object of the LOGON_INFO."),
        (Logon().write() + bytes(8), "There is something behind the object of the LOGON_INFO."),
        (serialization(b""), "The LOGON_INFO is cut off."),
        (serialization(bytes(8)), "The LOGON_INFO points to nothing."),
        (serialization(BODY + bytes(8)), "There is something behind the end of the LOGON_INFO."),
    ],
)
def test_a_damaged_serialization_is_refused(data: bytes, expected: str) -> None:
    assert problem(pac([(1, data), *FIVE[1:]])) == expected


def test_fillers_of_the_serialization_are_ignored() -> None:
    assert read(pac([(1, put(put(Logon().write(), 4, 0), 12, 1)), *FIVE[1:]])).user == "alice"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (put(BODY, USER_LENGTH, 9, 2), "The LOGON_INFO has a text whose lengths cannot be."),
        (put(BODY, USER_ROOM, 11, 2), "The LOGON_INFO has a text whose lengths cannot be."),
        (put(BODY, USER_LENGTH, 12, 2), "The LOGON_INFO has a text whose lengths cannot be."),
        (put(BODY, USER_POINTER, 0), "The LOGON_INFO has a text whose lengths cannot be."),
        (put(BODY, USER_LENGTH, 8, 2), "The LOGON_INFO has a text of another length than was said before."),
        (put(BODY, USER_ROOM, 12, 2), "The LOGON_INFO has a text of another length than was said before."),
        (put(BODY, USER_TEXT, 4), "The LOGON_INFO has a text of another length than was said before."),
        (put(BODY, USER_TEXT + 4, 1), "The LOGON_INFO has a text of another length than was said before."),
        (put(BODY, USER_TEXT + 8, 4), "The LOGON_INFO has a text of another length than was said before."),
        (put(BODY, FULL_NAME_POINTER, 0x20004), "The LOGON_INFO has two pointers to the same."),
        (put(BODY, GROUP_COUNT, 2), "The LOGON_INFO has another number of groups than was said before."),
        (put(BODY, GROUP_COUNT, 0), "The LOGON_INFO has another number of groups than was said before."),
        (put(BODY, GROUPS_POINTER, 0), "The LOGON_INFO counts groups that are not there."),
        (put(BODY, SID_COUNT, 1), "The LOGON_INFO counts groups that are not there."),
        (put(BODY, RESOURCE_COUNT, 1), "The LOGON_INFO counts groups that are not there."),
    ],
)
def test_fields_that_contradict_each_other_are_refused(body: bytes, expected: str) -> None:
    assert problem(logon(body)) == expected


def test_counts_beyond_the_end_are_refused() -> None:
    groups = BODY.index(b"\1\0\0\0" + (513).to_bytes(4, "little"))
    body = put(put(BODY, GROUP_COUNT, 0xFFFF_FFFF), groups, 0xFFFF_FFFF)
    assert problem(logon(body)) == "The LOGON_INFO is cut off."


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(0, 3, id="room"),
        pytest.param(4, 2, id="revision"),
        pytest.param(5, 3, id="count"),
        pytest.param(5, 255, id="huge count"),
    ],
)
def test_a_damaged_sid_is_refused(place: int, value: int) -> None:
    domain = BODY.index(b"\4\0\0\0" + sid(DOMAIN))
    assert problem(logon(put(BODY, domain + place, value, 1))) == "The LOGON_INFO has a SID that is none."


@pytest.mark.parametrize("count", [0, 16])
def test_a_sid_of_no_or_of_too_many_numbers_is_refused(count: int) -> None:
    assert problem(Written(logon=Logon(domain_sid=(5, (1,) * count))).write()) == "The LOGON_INFO has a SID that is none."


def test_an_extra_sid_that_is_not_there_is_refused() -> None:
    body = Logon(extra=(((18, (1,)), 7), ((18, (2,)), 7))).write()[16:]
    second = body.index(b"\2\0\0\0", body.index(sid(DOMAIN))) + 12
    assert problem(logon(put(body, second, 0))) == "The LOGON_INFO lists a SID that is not there."


def test_what_people_write_about_themselves_is_no_reason_to_refuse_them() -> None:
    for text in (f"a{LONE}", "a\0b"):
        assert isinstance(read_pac(Written(logon=Logon(full_name=text)).write()), Pac)


@pytest.mark.parametrize("write", [lambda text: Logon(user=text), lambda text: Logon(domain=text)])
def test_texts_of_the_account_with_half_a_character_or_a_nul_are_refused(write: Callable[[str], Logon]) -> None:
    assert problem(Written(logon=write(f"a{LONE}")).write()) == "A text of the LOGON_INFO is not in UTF-16."
    assert problem(Written(logon=write("a\0b")).write()) == "A text of the LOGON_INFO holds a NUL."


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "The CLIENT_INFO is cut off."),
        (client_info()[:-1], "The CLIENT_INFO is cut off."),
        (client_info() + b"\1", "There is something behind the name in the CLIENT_INFO."),
        (client_info() + bytes(8), "There is something behind the name in the CLIENT_INFO."),
        (client_info("a" + LONE), "The name in the CLIENT_INFO is not in UTF-16."),
        (put(client_info("alice"), 8, 9, 2)[:19], "The name in the CLIENT_INFO is not in UTF-16."),
        (client_info("alice\0"), "The name in the CLIENT_INFO holds a NUL."),
    ],
)
def test_a_damaged_client_info_is_refused(data: bytes, expected: str) -> None:
    assert problem(Written(changes={10: data}).write()) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (sid(DOMAIN)[:7], "The REQUESTER_SID is cut off."),
        (sid(DOMAIN)[:-1], "The REQUESTER_SID is cut off."),
        (put(sid(DOMAIN), 0, 2, 1), "The REQUESTER_SID is no SID."),
        (put(sid(DOMAIN), 1, 0, 1), "The REQUESTER_SID is no SID."),
        (put(sid(DOMAIN), 1, 16, 1), "The REQUESTER_SID is no SID."),
        (sid(DOMAIN) + b"\1", "There is something behind the REQUESTER_SID."),
    ],
)
def test_a_damaged_requester_is_refused(data: bytes, expected: str) -> None:
    assert problem(Written(changes={18: data}).write()) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "The ATTRIBUTES_INFO is cut off."),
        (bytes([2, 0, 0, 0]), "The ATTRIBUTES_INFO is cut off."),
        (bytes([33, 0, 0, 0]) + bytes(4), "The ATTRIBUTES_INFO is cut off."),
        (b"\xff" * 8, "The ATTRIBUTES_INFO is cut off."),
        (bytes([2, 0, 0, 0, 1, 0, 0, 0, 1]), "There is something behind the flags of the ATTRIBUTES_INFO."),
    ],
)
def test_damaged_attributes_are_refused(data: bytes, expected: str) -> None:
    assert problem(Written(changes={17: data}).write()) == expected


@pytest.mark.parametrize(("data", "expected"), [("0200000001000000", 1), ("0200000007000000", 3), ("0000000003000000", None)])
def test_attributes_are_the_bits_that_are_counted(data: str, expected: int | None) -> None:
    written = Written(changes={17: bytes.fromhex(data)}).write()
    assert problem(written) if expected is None else read(written).attributes == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (upn_dns_info()[:11], "The UPN_DNS_INFO is cut off."),
        (put(upn_dns_info()[:16], 8, 2), "The UPN_DNS_INFO is cut off."),
        (put(upn_dns_info(), 2, 8, 2), "The UPN_DNS_INFO refers to something that is not in it."),
        (put(upn_dns_info(), 2, 0xFFFF, 2), "The UPN_DNS_INFO refers to something that is not in it."),
        (put(upn_dns_info(), 4, 0xFFFE, 2), "The UPN_DNS_INFO refers to something that is not in it."),
        (upn_dns_info(upn=""), "The UPN_DNS_INFO has an empty name."),
        (upn_dns_info(dns=""), "The UPN_DNS_INFO has an empty name."),
        (upn_dns_info(account=("", sid(DOMAIN))), "The UPN_DNS_INFO has an empty name."),
        (upn_dns_info(account=("alice", b"")), "The SID in the UPN_DNS_INFO is cut off."),
        (upn_dns_info(account=("alice", sid(DOMAIN) + b"\1")), "There is something behind the SID in the UPN_DNS_INFO."),
        (upn_dns_info(upn="a" + LONE), "A name in the UPN_DNS_INFO is not in UTF-16."),
        (upn_dns_info(dns="corp\0"), "A name in the UPN_DNS_INFO holds a NUL."),
    ],
)
def test_damaged_names_in_the_directory_are_refused(data: bytes, expected: str) -> None:
    assert problem(Written(changes={12: data}).write()) == expected
