"""The messages of the password-changing protocol (RFC 3244), around what only a Kerberos library can make and open: AP-REQ and KRB-PRIV.

A request and its reply have the same frame: the whole length, the version, the length of the AP-REQ or AP-REP, that message, and a KRB-PRIV
(section 2). Instead of such a reply a server may send a bare KRB-ERROR, or one in the KRB-PRIV's place. Those are not authenticated: they
can say that nothing was changed, never that something was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from kerbauth.kdc.protocol.krb_error import KrbError, read_krb_error

CHANGE_VERSION: Final = 1
"""Of a request that holds nothing but the new password (the older protocol, which RFC 3244 extends)."""

SET_VERSION: Final = 0xFF80
"""Of a request that holds a ChangePasswdData (RFC 3244 2), which can also name the account."""

REPLY_VERSIONS: Final = frozenset({CHANGE_VERSION, SET_VERSION})
"""RFC 3244 2 has servers reply with 1; libkrb5 takes both (lib/krb5/krb/chpw.c)."""

RESULT_CODES: Final = range(8)  # RFC 3244 2, KRB5_KPASSWD_SUCCESS to KRB5_KPASSWD_INITIAL_FLAG_NEEDED
SUCCESS: Final = 0

_HEADER: Final = Struct("!HHH")
_CODE: Final = Struct("!H")
_SIZE_LIMIT: Final = 0xFFFF  # the header's own length field

# DER (X.690) of ChangePasswdData (RFC 3244 2); its strings are GeneralStrings, which in Kerberos means KerberosString (RFC 4120 5.2.1).
_INTEGER, _OCTET_STRING, _GENERAL_STRING, _SEQUENCE = 0x02, 0x04, 0x1B, 0x30


@dataclass(frozen=True, slots=True)
class Sealed:
    """A reply that the session key opens: an AP-REP and a KRB-PRIV with the result in it."""

    ap_rep: bytes = field(repr=False)
    priv: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What a server says of the new password: a result code, and the bytes that come with it (text, or a policy: see `policy`)."""

    code: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """A KRB-ERROR with no result in it: the server could make nothing of the ticket."""

    error: KrbError


@dataclass(frozen=True, slots=True)
class Unreadable:
    """These bytes are no reply, or none that may be believed. `problem` is a sentence for administrators."""

    problem: str


KpasswdResult = Result | Failed | Unreadable
"""What came of a request, once whatever was sealed in it is opened."""


def frame(ap_req: bytes, priv: bytes, version: int = CHANGE_VERSION) -> bytes:
    """The request with these messages in it. Raises ValueError if it is larger than the protocol's lengths can say."""
    size = _HEADER.size + len(ap_req) + len(priv)
    if size > _SIZE_LIMIT:
        msg = f"a request of {size} bytes; the protocol has room for {_SIZE_LIMIT}"
        raise ValueError(msg)
    return _HEADER.pack(size, version, len(ap_req)) + ap_req + priv


def change_data(new: bytes, components: Sequence[str], realm: str, name_type: int = 1) -> bytes:
    """The DER of a ChangePasswdData that sets `new` for an account, to be sealed in a request of `SET_VERSION`. `name_type` 1 is
    NT-PRINCIPAL (RFC 4120 6.2).

    RFC 3244 2 has the account optional, but an MIT kadmind (1.20) cannot decode one without: to change one's own password there is
    `CHANGE_VERSION`, whose content is the new password and nothing else.
    """
    strings = b"".join(_element(_GENERAL_STRING, part.encode()) for part in components)
    name = _field(0, _element(_INTEGER, bytes([name_type]))) + _field(1, _element(_SEQUENCE, strings))
    fields = (_element(_OCTET_STRING, new), _element(_SEQUENCE, name), _element(_GENERAL_STRING, realm.encode()))
    return _element(_SEQUENCE, b"".join(_field(number, content) for number, content in enumerate(fields)))


def read_reply(message: bytes) -> Sealed | KpasswdResult:
    """Read a server's reply as far as that goes without a key. Raises nothing.

    Active Directory may send a KRB-ERROR without a frame. A result in a KRB-ERROR's e-data counts, unless it claims success.
    """
    bare = read_krb_error(message)
    if bare is not None:
        return _of_error(bare)
    if len(message) < _HEADER.size:
        return Unreadable("the reply is cut off within its header")
    size, version, ap_rep_size = _HEADER.unpack_from(message)
    if size != len(message):
        return Unreadable(f"the reply has {len(message)} bytes and says {size}")
    if version not in REPLY_VERSIONS:
        return Unreadable(f"the reply has the version {version:#06x}, which is none of this protocol")
    return _inside(message[_HEADER.size :], ap_rep_size)


def _inside(rest: bytes, ap_rep_size: int) -> Sealed | KpasswdResult:
    """What stands behind the header."""
    if ap_rep_size == 0:  # RFC 3244 2: what follows is a KRB-ERROR then
        error = read_krb_error(rest)
        return Unreadable("the reply holds neither an AP-REP nor a KRB-ERROR") if error is None else _of_error(error)
    if ap_rep_size >= len(rest):
        return Unreadable("the reply's AP-REP leaves no room for a KRB-PRIV")
    return Sealed(rest[:ap_rep_size], rest[ap_rep_size:])


def read_result(data: bytes) -> Result | Unreadable:
    """Read what was sealed in a reply: two bytes of code, and a text (RFC 3244 2). Raises nothing."""
    if len(data) < _CODE.size:
        return Unreadable("the result is cut off within its code")
    (code,) = _CODE.unpack_from(data)
    if code not in RESULT_CODES:
        return Unreadable(f"the result has the code {code}, which is none of this protocol")
    return Result(code, data[_CODE.size :])


def _of_error(error: KrbError) -> Result | Failed | Unreadable:
    found = read_result(error.data) if error.data is not None else None
    if not isinstance(found, Result):  # its e-data is something else, such as an NTSTATUS: the error's own code counts
        return Failed(error)
    return Unreadable("the reply claims success and does not prove it") if found.code == SUCCESS else found


def _field(number: int, content: bytes) -> bytes:
    return _element(0xA0 | number, content)


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content
