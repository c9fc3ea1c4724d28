"""What a scripted KDC says and hears, in DER (RFC 4120, appendix A). Written apart from the product's own reader, which it tests."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

AS_REQ, AS_REP, TGS_REQ, TGS_REP, KRB_ERROR = 10, 11, 12, 13, 30  # application tags, which are also the message types: RFC 4120, 7.5.7
PREAUTH_REQUIRED, RESPONSE_TOO_BIG = 25, 52  # RFC 4120, 7.5.9
AES256, AES128 = 18, 17  # RFC 3962, 7
ETYPE_INFO2, FX_COOKIE, FX_FAST = 19, 133, 136  # RFC 4120, 7.5.2 and RFC 6113, 7.1

# What proves a password: PA-ENC-TIMESTAMP (RFC 4120, 5.2.7.2), PA-ENCRYPTED-CHALLENGE (RFC 6113, 5.4.6), PA-SPAKE
# (draft-ietf-kitten-krb-spake-preauth). An encrypted challenge travels inside FAST, where nobody but the KDC sees it.
ENC_TIMESTAMP, ENCRYPTED_CHALLENGE, SPAKE = 2, 138, 151
PROOFS = frozenset({ENC_TIMESTAMP, ENCRYPTED_CHALLENGE, SPAKE})

OCTETS, _INTEGER, SEQUENCE, _GENERAL_STRING, _TIME = 0x04, 0x02, 0x30, 0x1B, 0x18
_CONTEXT, _APPLICATION = 0xA0, 0x60  # constructed


def tlv(tag: int, *content: bytes) -> bytes:
    """One DER element."""
    body = b"".join(content)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def integer(value: int) -> bytes:
    return tlv(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def field(number: int, *content: bytes) -> bytes:
    return tlv(_CONTEXT | number, *content)


def text(value: str) -> bytes:
    return tlv(_GENERAL_STRING, value.encode())


def name(kind: int, *components: str) -> bytes:
    return tlv(SEQUENCE, field(0, integer(kind)), field(1, tlv(SEQUENCE, *map(text, components))))


@dataclass(frozen=True, kw_only=True)
class ErrorFields:
    """What a KRB-ERROR holds beside its code (RFC 4120, 5.9.1). `at` is the KDC's time; None: now."""

    realm: str = "KA.TEST"
    server: tuple[str, ...] | None = None  # None: the realm's krbtgt
    text: str | None = None
    data: bytes | None = None
    at: datetime | None = None
    client_realm: str | None = None


def krb_error(code: int, fields: ErrorFields | None = None) -> bytes:
    """A KRB-ERROR."""
    said = fields or ErrorFields()
    at = said.at or datetime.now(UTC)
    server = said.server or ("krbtgt", said.realm)
    body = [
        field(0, integer(5)),
        field(1, integer(KRB_ERROR)),
        field(4, tlv(_TIME, at.strftime("%Y%m%d%H%M%SZ").encode())),
        field(5, integer(at.microsecond)),
        field(6, integer(code)),
        *([field(7, text(said.client_realm))] if said.client_realm is not None else []),
        field(9, text(said.realm)),
        field(10, name(2, *server)),
        *([field(11, text(said.text))] if said.text is not None else []),
        *([field(12, tlv(OCTETS, said.data))] if said.data is not None else []),
    ]
    return tlv(_APPLICATION | KRB_ERROR, tlv(SEQUENCE, *body))


def pa_data(kind: int, value: bytes = b"") -> bytes:
    return tlv(SEQUENCE, field(1, integer(kind)), field(2, tlv(OCTETS, value)))


def method_data(*padata: bytes) -> bytes:
    """METHOD-DATA (RFC 4120, 5.2.7): the e-data of PREAUTH_REQUIRED."""
    return tlv(SEQUENCE, *padata)


def etype_info2(enctype: int, salt: str | None = None, parameters: bytes | None = None) -> bytes:
    """ETYPE-INFO2 with one entry (RFC 4120, 5.2.7.5)."""
    entry = [
        field(0, integer(enctype)),
        *([field(1, text(salt))] if salt is not None else []),
        *([field(2, tlv(OCTETS, parameters))] if parameters is not None else []),
    ]
    return tlv(SEQUENCE, tlv(SEQUENCE, *entry))


def together(*infos: bytes) -> bytes:
    """ETYPE-INFO2 with the entries of all these."""
    return tlv(SEQUENCE, *(next(elements(info)).content for info in infos))


def iterations(count: int) -> bytes:
    """How often PBKDF2 is to be done, as s2kparams of the AES enctypes (RFC 3962, 4; RFC 8009, 4)."""
    return struct.pack("!I", count)


def preauth_wanted(salt: str, parameters: bytes | None = None, enctype: int = AES256) -> bytes:
    """METHOD-DATA that asks for an encrypted timestamp under this key."""
    return method_data(pa_data(ETYPE_INFO2, etype_info2(enctype, salt, parameters)), pa_data(ENC_TIMESTAMP))


def ext_error(status: int, flags: int = 1) -> bytes:
    """KERB-EXT-ERROR (MS-KILE, 2.2.2): an NTSTATUS, little-endian."""
    return struct.pack("<III", status, 0, flags)


def kerb_error_data(status: int) -> bytes:
    """The NTSTATUS as Active Directory sends it: KERB-ERROR-DATA of type 3, KERB_ERR_TYPE_EXTENDED (MS-KILE, 2.2.1)."""
    return tlv(SEQUENCE, field(1, integer(3)), field(2, tlv(OCTETS, ext_error(status))))


def status_in_method_data(status: int) -> bytes:
    """The NTSTATUS as Samba with the MIT KDC sends it: METHOD-DATA with it in a PA-DATA of type 3 (mit_samba.c)."""
    return method_data(pa_data(3, ext_error(status)))


@dataclass(frozen=True)
class Element:
    """One DER element as it was read, and where in the message its content and, with its tag, it itself starts."""

    tag: int
    content: bytes
    start: int
    begins: int = 0


def elements(data: bytes, offset: int = 0) -> Iterator[Element]:
    """The elements of `data` one after another, up to the first that is not whole. `offset` is where `data` starts in the message."""
    position = 0
    while len(data) >= position + 2:
        tag, length, start = data[position], data[position + 1], position + 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[position + 2 : start], "big")
        if start + length > len(data):
            return
        yield Element(tag, data[start : start + length], offset + start, offset + position)
        position = start + length


def walk(message: bytes, offset: int = 0, fields: tuple[int, ...] = ()) -> Iterator[tuple[str, Element]]:
    """Every element of a message with the numbers of the tagged fields that lead to it: `5.3.2` is the cipher of a reply's ticket."""
    for element in elements(message, offset):
        inner = (*fields, element.tag & 0x1F) if element.tag & 0xE0 == _CONTEXT else fields
        yield ".".join(map(str, inner)), element
        if element.tag & 0x20:  # constructed: X.690, 8.1.2.5
            yield from walk(element.content, element.start, inner)


def inside(element: Element, *tags: int) -> Element | None:
    """The element that is found by going down these tags."""
    for tag in tags:
        found = next((each for each in elements(element.content, element.start) if each.tag == tag), None)
        if found is None:
            return None
        element = found
    return element


def message_type(message: bytes) -> int:
    """The application tag; 0 for what is no Kerberos message."""
    return message[0] & 0x1F if message and message[0] & 0xE0 == _APPLICATION else 0


def padata_types(request: bytes) -> frozenset[int]:
    """The pre-authentication data of an AS-REQ or TGS-REQ: its [3] padata (RFC 4120, 5.4.1)."""
    listed = inside(Element(0, request, 0), _APPLICATION | message_type(request), SEQUENCE, _CONTEXT | 3, SEQUENCE)
    kinds = (inside(each, _CONTEXT | 1, _INTEGER) for each in elements(listed.content)) if listed else ()
    return frozenset(int.from_bytes(kind.content, "big", signed=True) for kind in kinds if kind)


def without_padata(request: bytes, *kinds: int) -> bytes:
    """The AS-REQ without its pre-authentication data of these types: what a KDC that does not know them makes of it."""
    body = inside(Element(0, request, 0), _APPLICATION | AS_REQ, SEQUENCE)
    assert body, "this is an AS-REQ"
    fields = {each.tag & 0x1F: tlv(each.tag, each.content) for each in elements(body.content)}
    listed = inside(body, _CONTEXT | 3, SEQUENCE)
    entries = [(inside(each, _CONTEXT | 1, _INTEGER), each) for each in elements(listed.content)] if listed else []
    kept = [tlv(each.tag, each.content) for kind, each in entries if kind and int.from_bytes(kind.content, "big", signed=True) not in kinds]
    fields[3] = field(3, tlv(SEQUENCE, *kept)) if kept else b""
    return tlv(_APPLICATION | AS_REQ, tlv(SEQUENCE, *(fields[number] for number in sorted(fields))))


def nonce_of(request: bytes) -> bytes:
    """The request's [7] nonce, an INTEGER."""
    return tlv(_INTEGER, _nonce(request).content)


def _nonce(request: bytes) -> Element:
    path = (_APPLICATION | message_type(request), SEQUENCE, _CONTEXT | 4, SEQUENCE, _CONTEXT | 7, _INTEGER)
    nonce = inside(Element(0, request, 0), *path)
    assert nonce, "a request has a nonce"
    return nonce


def with_nonce_changed(request: bytes) -> bytes:
    """The request with another [7] nonce of the same length: the reply to it is not one to the request itself."""
    nonce = _nonce(request)
    last = nonce.start + len(nonce.content) - 1
    return request[:last] + bytes((request[last] ^ 1,)) + request[last + 1 :]


def with_padata(reply: bytes, *padata: bytes) -> bytes:
    """The AS-REP or TGS-REP with these pre-authentication data instead of its own [2] padata, which nothing protects (RFC 4120, 5.4.2)."""
    kind = _APPLICATION | message_type(reply)
    body = inside(Element(0, reply, 0), kind, SEQUENCE)
    assert body, "this is a reply"
    fields = {each.tag & 0x1F: tlv(each.tag, each.content) for each in elements(body.content)}
    fields[2] = field(2, tlv(SEQUENCE, *padata))
    return tlv(kind, tlv(SEQUENCE, *(fields[number] for number in sorted(fields))))
