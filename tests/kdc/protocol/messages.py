"""Replies of a KDC, put together byte by byte as RFC 4120 has them."""

from collections.abc import Iterable
from struct import pack

DISABLED = 0xC0000072


def element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def integer(number: int) -> bytes:
    return element(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def octets(content: bytes) -> bytes:
    return element(0x04, content)


def string(content: bytes) -> bytes:
    return element(0x1B, content)


def time(text: str) -> bytes:
    return element(0x18, text.encode())


def sequence(*elements: bytes) -> bytes:
    return element(0x30, b"".join(elements))


def record(fields: dict[int, bytes]) -> bytes:
    """A SEQUENCE of tagged fields."""
    return sequence(*(element(0xA0 | number, content) for number, content in fields.items()))


def principal(kind: int, *components: bytes) -> bytes:
    return record({0: integer(kind), 1: sequence(*map(string, components))})


def krb_error(code: int, *, text: bytes | None = None, data: bytes | None = None, changes: dict[int, bytes | None] | None = None) -> bytes:
    fields: dict[int, bytes | None] = {
        0: integer(5),
        1: integer(30),
        4: time("20261124001544Z"),
        5: integer(181_444),
        6: integer(code),
        9: string(b"KA.TEST"),
        10: principal(2, b"krbtgt", b"KA.TEST"),
        11: None if text is None else string(text),
        12: None if data is None else octets(data),
    } | (changes or {})
    return element(0x7E, record({number: content for number in sorted(fields) if (content := fields[number]) is not None}))


def as_rep(*padata: bytes) -> bytes:
    encrypted = record({0: integer(18), 2: octets(bytes(60))})
    ticket = element(0x61, record({0: integer(5), 1: string(b"KA.TEST"), 2: principal(2, b"krbtgt", b"KA.TEST"), 3: encrypted}))
    fields = {0: integer(5), 1: integer(11)}
    if padata:
        fields[2] = sequence(*padata)
    fields |= {3: string(b"KA.TEST"), 4: principal(1, b"alice"), 5: ticket, 6: encrypted}
    return element(0x6B, record(fields))


def pa_data(kind: int, value: bytes) -> bytes:
    """Also a KERB-ERROR-DATA: the fields are the same."""
    return record({1: integer(kind), 2: octets(value)})


def typed_data(kind: int, value: bytes | None) -> bytes:
    return record({0: integer(kind)} | ({} if value is None else {1: octets(value)}))


def etype_info2(*entries: tuple[int, bytes | None, bytes | None]) -> bytes:
    return sequence(
        *(
            record(
                {0: integer(enctype)}
                | ({} if salt is None else {1: string(salt)})
                | ({} if parameters is None else {2: octets(parameters)})
            )
            for enctype, salt, parameters in entries
        )
    )


def ext_error(status: int, reserved: int = 0, flags: int = 1) -> bytes:
    """KERB-EXT-ERROR (MS-KILE 2.2.2)."""
    return pack("<III", status, reserved, flags)


def method_data(*padata: bytes) -> bytes:
    return sequence(*padata)


def encodings(value: bytes) -> Iterable[tuple[str, bytes]]:
    """The ways in which an e-data holds a KERB-EXT-ERROR: AD and new Samba; Samba 4.17 with Heimdal; Samba with MIT."""
    others = pa_data(19, etype_info2((18, b"KA.TESTalice", None))), pa_data(2, b"")
    yield "kerb-error-data", pa_data(3, value)
    yield "method-data beside others", method_data(others[0], pa_data(3, value), others[1])
    yield "method-data alone", method_data(pa_data(3, value))


def as_req(realm: str, user: str, *, service: tuple[str, ...] = (), enctypes: tuple[int, ...] = (18, 17)) -> bytes:
    """A request without pre-authentication, for the realm's TGT where no service is named (RFC 4120 5.4.1)."""
    body = {
        0: element(0x03, bytes(5)),
        1: principal(1, *(part.encode() for part in user.split("/"))),
        2: string(realm.encode()),
        3: principal(2, *(part.encode() for part in service or ("krbtgt", realm))),
        5: time("20370101000000Z"),
        7: integer(20_041_023),
        8: sequence(*map(integer, enctypes)),
    }
    return element(0x6A, record({1: integer(5), 2: integer(10), 4: record(body)}))
