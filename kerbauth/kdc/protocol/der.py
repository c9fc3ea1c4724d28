"""A reader for the part of DER (X.690) that Kerberos messages use.

It is strict: every length is definite and written the shortest way, and there is not a byte too much or too little. There is no recursion:
each call opens one level, so a message is never opened deeper than its reader's code goes (CVE-2020-28196 was a recursion in libkrb5).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
GENERALIZED_TIME: Final = 0x18
GENERAL_STRING: Final = 0x1B
SEQUENCE: Final = 0x30

CHILDREN_LIMIT: Final = 256
"""Elements within one element. A KRB-ERROR has 13 fields and a KDC sends about ten PA-DATA; thousands are an attempt to keep us busy."""

_FIRST_FIELD: Final = 0xA0  # the identifier octet of [0]
_MANY_OCTET_TAG: Final = 0x1F  # X.690 8.1.2.4; Kerberos' highest tag is [APPLICATION 30] (RFC 4120 5.10)
_LONG_FORM: Final = 0x80  # X.690 8.1.3.5
_LENGTH_OCTETS: Final = 3  # up to 16 MiB; no reply is taken that is longer


class DerError(ValueError):
    """These bytes are not what was expected. Never leaves `kerbauth.kdc.protocol`."""


class Element(NamedTuple):
    """One element: its identifier octet and its content (which may hold a ticket, and stays out of the repr)."""

    tag: int
    content: bytes

    def __repr__(self) -> str:
        """The tag alone."""
        return f"Element(tag={self.tag:#04x})"


def application(number: int) -> int:
    """The identifier octet of [APPLICATION number]."""
    return 0x60 | number


def context(number: int) -> int:
    """The identifier octet of the field [number]; Kerberos tags explicitly, so it is always constructed (RFC 4120 5)."""
    return 0xA0 | number


def single(data: bytes, tag: int) -> bytes:
    """The content of the one element with this tag that `data` is, from the first byte to the last. Raises DerError."""
    found, begin, end = _span(data, 0)
    if found != tag or end != len(data):
        msg = "not exactly one element of the expected kind"
        raise DerError(msg)
    return data[begin:end]


def children(content: bytes) -> tuple[Element, ...]:
    """The elements that a constructed element's content consists of. Raises DerError, also for more than `CHILDREN_LIMIT`."""
    return tuple(Element(tag, content[begin:end]) for tag, begin, end in _spans(content))


def fields(content: bytes) -> Mapping[int, bytes]:
    """The fields of a SEQUENCE by their tag number: each is there once, in order. Raises DerError."""
    found: dict[int, bytes] = {}
    before = -1
    for tag, begin, end in _spans(content):
        number = tag - _FIRST_FIELD
        if not before < number < _MANY_OCTET_TAG:
            msg = "a field that is not tagged, or not in its place"
            raise DerError(msg)
        found[number] = content[begin:end]
        before = number
    return MappingProxyType(found)


def integer(data: bytes, limit: range) -> int:
    """The INTEGER that `data` is, within `limit`. Raises DerError."""
    content = single(data, INTEGER)
    if not 1 <= len(content) <= 5:  # the largest ASN.1 type of Kerberos is UInt32 (RFC 4120 5.2.4)
        msg = "an integer of no length, or of too great a one"
        raise DerError(msg)
    number = int.from_bytes(content, "big", signed=True)
    if number not in limit:
        msg = "an integer out of its range"
        raise DerError(msg)
    return number


def _spans(content: bytes) -> list[tuple[int, int, int]]:
    """Tag, beginning and end of the content of each element."""
    found: list[tuple[int, int, int]] = []
    position = 0
    while position < len(content):
        if len(found) >= CHILDREN_LIMIT:
            msg = "too many elements"
            raise DerError(msg)
        span = _span(content, position)
        found.append(span)
        position = span[2]
    return found


def _span(data: bytes, start: int) -> tuple[int, int, int]:
    """The tag of the element that begins at `start`, and where its content begins and ends."""
    if len(data) < start + 2:
        msg = "cut off within a tag or length"
        raise DerError(msg)
    tag, length, begin = data[start], data[start + 1], start + 2
    if tag & _MANY_OCTET_TAG == _MANY_OCTET_TAG:
        msg = "a tag of more than one octet"
        raise DerError(msg)
    if length >= _LONG_FORM:
        octets = length - _LONG_FORM
        written = data[begin : begin + octets]
        length = int.from_bytes(written, "big")
        begin += octets
        if not 1 <= octets <= _LENGTH_OCTETS or written[:1] == b"\0" or length < _LONG_FORM:  # X.690 10.1
            msg = "an indefinite length, or one that is not written the shortest way"
            raise DerError(msg)
    if len(data) < begin + length:
        msg = "cut off within the content"
        raise DerError(msg)
    return tag, begin, begin + length
