"""UPN_DNS_INFO: the account's names in the directory (MS-PAC 2.10)."""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from kerbauth.core.sid import Sid
from kerbauth.kdc.pac.client import read_sid
from kerbauth.kdc.pac.damage import PacError, utf16

_MADE_UP: Final = 0x1  # U: the account has no userPrincipalName, and this one is made of its name and domain
_EXTENDED: Final = 0x2  # S: the account's name and SID follow

_PLAIN: Final = Struct("<HHHHI")  # UpnLength, UpnOffset, DnsDomainNameLength, DnsDomainNameOffset, Flags
_MORE: Final = Struct("<HHHH")  # SamNameLength, SamNameOffset, SidLength, SidOffset

_WHERE: Final = "The UPN_DNS_INFO"


@dataclass(frozen=True, slots=True)
class Account:
    """The account's sAMAccountName and SID once more, which domain controllers add since the updates for CVE-2021-42287."""

    user: str
    sid: Sid


@dataclass(frozen=True, slots=True)
class DirectoryNames:
    """A user principal name, whether it is made up (then the account has none in the directory), and the name of the domain in DNS.

    `account` is there if the domain controller tells it.
    """

    upn: str
    upn_is_made_up: bool
    dns_domain: str
    account: Account | None


def read_upn_dns_info(data: bytes) -> DirectoryNames:
    """Read the buffer. Raises PacError."""
    if len(data) < _PLAIN.size:
        msg = f"{_WHERE} is cut off."
        raise PacError(msg)
    upn_length, upn_offset, dns_length, dns_offset, flags = _PLAIN.unpack_from(data)
    head = _PLAIN.size + (_MORE.size if flags & _EXTENDED else 0)
    if len(data) < head:
        msg = f"{_WHERE} is cut off."
        raise PacError(msg)
    account = None
    if flags & _EXTENDED:
        user_length, user_offset, sid_length, sid_offset = _MORE.unpack_from(data, _PLAIN.size)
        sid = read_sid(_part(data, head, sid_offset, sid_length), "The SID in the UPN_DNS_INFO")
        account = Account(_text(data, head, user_offset, user_length), sid)
    upn, dns_domain = _text(data, head, upn_offset, upn_length), _text(data, head, dns_offset, dns_length)
    return DirectoryNames(upn, bool(flags & _MADE_UP), dns_domain, account)


def _text(data: bytes, head: int, offset: int, length: int) -> str:
    text = utf16(_part(data, head, offset, length), "A name in the UPN_DNS_INFO")
    if not text:
        msg = f"{_WHERE} has an empty name."
        raise PacError(msg)
    return text


def _part(data: bytes, head: int, offset: int, length: int) -> bytes:
    """A part of the buffer, behind its head. What lies between the parts is not looked at: domain controllers align them."""
    if offset < head or offset + length > len(data):
        msg = f"{_WHERE} refers to something that is not in it."
        raise PacError(msg)
    return data[offset : offset + length]
