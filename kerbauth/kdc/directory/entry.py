"""A group's entry in the directory, read strictly: whether tickets can list it, and its SID."""

import struct
from typing import Final

from kerbauth.core.sid import NUMBERS_LIMIT, Sid, compose
from kerbauth.directory import GroupFound, NoSuchGroup
from kerbauth.kdc.directory.messages import Entry
from kerbauth.kdc.directory.trouble import DirectoryError

_REVISION: Final = 1  # MS-DTYP 2.4.2.2
_HEAD: Final = struct.Struct("!BB6s")  # revision, number of sub-authorities, authority; the sub-authorities are little-endian

_BUILT_IN: Final = "S-1-5-32-"  # MS-DTYP 2.4.2.4: a domain controller's own groups, which have one SID on all of them
_SECURITY_ENABLED: Final = 0x8000_0000  # MS-ADTS 2.2.12


def group_of(entry: Entry) -> GroupFound | NoSuchGroup:
    """The group of an entry with objectSid and groupType. Raises DirectoryError for an entry that no directory would give."""
    sid = read_sid(entry.one("objectSid"))
    if sid.startswith(_BUILT_IN):
        return NoSuchGroup("it is one of the domain controllers' own groups (BUILTIN), which no ticket lists")
    if not _group_type(entry) & _SECURITY_ENABLED:
        return NoSuchGroup("it is a distribution group, which no ticket lists; make it a security group")
    return GroupFound(sid)


def read_sid(data: bytes) -> Sid:
    """A SID in its binary form (MS-DTYP 2.4.2.2), and nothing behind it. Raises DirectoryError."""
    if len(data) >= _HEAD.size:
        revision, count, authority = _HEAD.unpack_from(data)
        if revision == _REVISION and 1 <= count <= NUMBERS_LIMIT and len(data) == _HEAD.size + 4 * count:
            return compose(int.from_bytes(authority), struct.unpack_from(f"<{count}I", data, _HEAD.size))
    msg = "the directory's objectSid is no SID"
    raise DirectoryError(msg)


def _group_type(entry: Entry) -> int:
    text = entry.text("groupType")
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        msg = "the directory's groupType is no number"
        raise DirectoryError(msg)
    return int(text)  # signed, as the directory writes it (MS-ADTS 3.1.1.2.2.2.7); Python's & reads it as two's complement
