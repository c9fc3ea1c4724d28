"""The outermost structure of a PAC: a table of buffers, and the buffers (MS-PAC 2.3 and 2.4)."""

from collections.abc import Mapping
from enum import IntEnum
from struct import Struct
from types import MappingProxyType
from typing import Final

from kerbauth.kdc.pac.damage import PacError

SIZE_LIMIT: Final = 65_535
"""Bytes of a PAC: it is part of a ticket, and Windows makes none larger than MaxTokenSize, whose upper bound this is."""

BUFFERS_LIMIT: Final = 32
"""Buffers of a PAC: 14 types are documented, and a ticket has about seven of them."""

_ALIGNMENT: Final = 8  # MS-PAC 2.3: every buffer begins at a multiple of 8
_HEADER: Final = Struct("<II")  # cBuffers, Version
_ENTRY: Final = Struct("<IIQ")  # ulType, cbBufferSize, Offset


class Kind(IntEnum):
    """The buffers that are known here, by their ulType (MS-PAC 2.4)."""

    LOGON_INFO = 1
    SERVER_SIGNATURE = 6
    KDC_SIGNATURE = 7
    CLIENT_INFO = 10
    DELEGATION_INFO = 11
    UPN_DNS_INFO = 12
    TICKET_SIGNATURE = 16
    ATTRIBUTES_INFO = 17
    REQUESTER_SID = 18
    FULL_SIGNATURE = 19


REQUIRED: Final = (Kind.LOGON_INFO, Kind.CLIENT_INFO, Kind.SERVER_SIGNATURE, Kind.KDC_SIGNATURE)
"""MS-PAC 2.4: a PAC "MUST contain one" of each. An MIT KDC's own has no LOGON_INFO: there is no Windows account behind it."""


def read_buffers(data: bytes) -> Mapping[int, bytes]:
    """The buffers by their type; those of unknown types are there as well. Raises PacError.

    They may be in any order and apart from each other (MS-PAC 2), but every byte counts: none belongs to two, and those between them are
    zeros. A second buffer of a type is refused. MS-PAC has it ignored, but who reads the last one instead of the first reads another user;
    libkrb5 gives neither (lib/krb5/krb/pac.c, k5_pac_locate_buffer).
    """
    found: dict[int, bytes] = {}
    end, entries = _table(data)
    for offset, size, kind in sorted(entries):
        if offset % _ALIGNMENT:
            msg = "A buffer of the PAC does not begin at a multiple of 8."
            raise PacError(msg)
        if offset < end:
            msg = "A buffer of the PAC overlaps what is before it."
            raise PacError(msg)
        if size > len(data) - offset:
            msg = "A buffer of the PAC goes beyond its end."
            raise PacError(msg)
        if kind in found:
            msg = f"The PAC has two buffers of type {kind}."
            raise PacError(msg)
        _refuse_hidden(data[end:offset])
        end = offset + size
        found[kind] = data[offset:end]
    _refuse_hidden(data[end:])
    for required in REQUIRED:
        if required not in found:
            msg = f"The PAC has no {required.name}."
            raise PacError(msg)
    return MappingProxyType(found)


def _table(data: bytes) -> tuple[int, list[tuple[int, int, int]]]:
    """Where the table ends, and its entries: offset, size and type."""
    if len(data) > SIZE_LIMIT:
        msg = f"The PAC is longer than {SIZE_LIMIT} bytes."
        raise PacError(msg)
    if len(data) < _HEADER.size:
        msg = "The PAC is cut off within its header."
        raise PacError(msg)
    count, version = _HEADER.unpack_from(data)
    if version != 0:
        msg = "The PAC's version is not 0."
        raise PacError(msg)
    if count > BUFFERS_LIMIT:
        msg = f"The PAC has more than {BUFFERS_LIMIT} buffers."
        raise PacError(msg)
    end = _HEADER.size + count * _ENTRY.size
    if len(data) < end:
        msg = "The PAC is cut off within its table of buffers."
        raise PacError(msg)
    return end, [(offset, size, kind) for kind, size, offset in _ENTRY.iter_unpack(data[_HEADER.size : end])]


def _refuse_hidden(between: bytes) -> None:
    if any(between):
        msg = "The PAC holds something that is in none of its buffers."
        raise PacError(msg)
