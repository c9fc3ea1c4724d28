"""The smaller buffers about the client: CLIENT_INFO, REQUESTER_SID and ATTRIBUTES_INFO (MS-PAC 2.7, 2.15 and 2.14)."""

from dataclasses import dataclass
from datetime import datetime
from struct import Struct
from typing import Final

from kerbauth.core.sid import NUMBERS_LIMIT, Sid, compose
from kerbauth.kdc.pac.damage import PacError, only_padding, utf16
from kerbauth.kdc.pac.times import filetime

_CLIENT: Final = Struct("<QH")  # ClientId, NameLength
_SID: Final = Struct("<BB6s")  # Revision, SubAuthorityCount, IdentifierAuthority (MS-DTYP 2.4.2.2)
_SID_REVISION: Final = 1
_SID_NUMBERS: Final = tuple(Struct(f"<{count}I") for count in range(NUMBERS_LIMIT + 1))
_WORD: Final = Struct("<I")
_WORD_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class Client:
    """Who the ticket was given to: the client's name in it, as it was asked for, and when the client first proved itself (UTC)."""

    name: str
    authenticated: datetime | None


def read_client_info(data: bytes) -> Client:
    """Read a CLIENT_INFO. Raises PacError."""
    if len(data) < _CLIENT.size:
        msg = "The CLIENT_INFO is cut off."
        raise PacError(msg)
    ticks, length = _CLIENT.unpack_from(data)
    end = _CLIENT.size + length
    if end > len(data):
        msg = "The CLIENT_INFO is cut off."
        raise PacError(msg)
    only_padding(data[end:], "the name in the CLIENT_INFO")
    return Client(utf16(data[_CLIENT.size : end], "The name in the CLIENT_INFO"), filetime(ticks))


def read_sid(data: bytes, what: str) -> Sid:
    """The SID that is all of these bytes, but for padding. `what` says in an error's sentence whose SID it is. Raises PacError."""
    if len(data) < _SID.size:
        msg = f"{what} is cut off."
        raise PacError(msg)
    revision, count, authority = _SID.unpack_from(data)
    if revision != _SID_REVISION or not 1 <= count <= NUMBERS_LIMIT:
        msg = f"{what} is no SID."
        raise PacError(msg)
    end = _SID.size + _SID_NUMBERS[count].size
    if end > len(data):
        msg = f"{what} is cut off."
        raise PacError(msg)
    only_padding(data[end:], what[:1].lower() + what[1:])
    return compose(int.from_bytes(authority), _SID_NUMBERS[count].unpack_from(data, _SID.size))


def read_attributes(data: bytes) -> int:
    """The flags of an ATTRIBUTES_INFO, of which two are known: 1, the client asked for a PAC; 2, it did not say. Raises PacError."""
    if len(data) < _WORD.size:
        msg = "The ATTRIBUTES_INFO is cut off."
        raise PacError(msg)
    bits: int
    (bits,) = _WORD.unpack_from(data)
    end = _WORD.size + -(-bits // _WORD_BITS) * _WORD.size
    if end > len(data):
        msg = "The ATTRIBUTES_INFO is cut off."
        raise PacError(msg)
    only_padding(data[end:], "the flags of the ATTRIBUTES_INFO")
    return int.from_bytes(data[_WORD.size : end], "little") & (1 << bits) - 1
