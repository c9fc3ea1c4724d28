"""KRB-ERROR (RFC 4120 5.9.1), and the NTSTATUS that Active Directory and Samba put into it (MS-KILE 2.2.1)."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from struct import Struct
from typing import Final

from kerbauth.kdc.protocol import der
from kerbauth.kdc.protocol.framing import KRB_ERROR

INT32: Final = range(-(1 << 31), 1 << 31)  # RFC 4120 5.2.4
MICROSECONDS: Final = range(1_000_000)

_KEPT: Final = 16
"""Messages whose reading is kept: transport and conversation look at the same one, one after the other. None holds a secret."""

_PVNO: Final = range(5, 6)
_MSG_TYPE: Final = range(30, 31)
_TIME: Final = re.compile(
    rb"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})Z"
)  # RFC 4120 5.2.3: no fractions, no zone but UTC

# KERB-EXT-ERROR (MS-KILE 2.2.2): status, reserved, flags, little-endian.
_EXT_ERROR: Final = Struct("<III")
_EXT_ERROR_TYPE: Final = 3  # MS-KILE 2.2.1 KERB_ERR_TYPE_EXTENDED; as a PA-DATA, where Samba has it, the same number is PA-PW-SALT
_EXT_ERROR_FLAGS: Final = frozenset({1, 3})  # 1 in an answer of the AS, 3 of the TGS
_SEVERITY_ERROR: Final = 0xC  # MS-ERREF 2.3: the two upper bits are the severity, the next two are 0 for Microsoft's own errors


@dataclass(frozen=True, slots=True)
class KrbError:
    """A KDC's no. `server_time` is the KDC's own clock (UTC, with microseconds).

    `text` is the e-text as it came: foreign, with whatever control characters are in it, to be shown through `core.text.shown` only.
    Bytes in it that are not UTF-8 are replaced. `data` is the e-data (METHOD-DATA, TYPED-DATA, KERB-ERROR-DATA or anything).
    """

    code: int
    server_time: datetime
    text: str | None
    data: bytes | None = field(repr=False)


@functools.lru_cache(maxsize=_KEPT)
def read_krb_error(message: bytes) -> KrbError | None:
    """The KRB-ERROR that `message` is; None if it is none. Raises nothing.

    The names in it are not looked at, and a text or data that cannot be read counts as none: what the KDC's code says must not get lost
    over them.
    """
    try:
        fields = der.fields(der.single(der.single(message, KRB_ERROR), der.SEQUENCE))
        der.integer(fields[0], _PVNO)
        der.integer(fields[1], _MSG_TYPE)
        server_time = _time(fields[4], der.integer(fields[5], MICROSECONDS))
        code = der.integer(fields[6], INT32)
    except (der.DerError, KeyError):
        return None
    text = _optional(fields.get(11), der.GENERAL_STRING)
    data = _optional(fields.get(12), der.OCTET_STRING)
    return KrbError(code, server_time, None if text is None else text.decode(errors="replace"), data)


def nt_status(data: bytes | None) -> int | None:
    """The NTSTATUS in a KRB-ERROR's e-data; None if there is none. Raises nothing.

    Active Directory, and Samba from 4.19, send a KERB-ERROR-DATA. Older Samba puts the same 12 bytes into METHOD-DATA, as a PA-DATA of
    type 3, beside others (with Heimdal) or alone (with MIT). There the type is that of a salt, so what does not look like a
    KERB-EXT-ERROR in every part is none.
    """
    if data is None:
        return None
    try:
        return next(_statuses(data), None)
    except der.DerError:
        return None


def _statuses(data: bytes) -> Iterator[int]:
    content = der.single(data, der.SEQUENCE)
    if content[:1] == bytes([der.SEQUENCE]):
        entries = [each.content for each in der.children(content) if each.tag == der.SEQUENCE]
    else:
        entries = [content]
    for entry in entries:
        fields = der.fields(entry)
        if set(fields) == {1, 2} and der.integer(fields[1], INT32) == _EXT_ERROR_TYPE:
            yield from _status(der.single(fields[2], der.OCTET_STRING))


def _status(value: bytes) -> Iterator[int]:
    if len(value) != _EXT_ERROR.size:
        return
    status, reserved, flags = _EXT_ERROR.unpack(value)
    if status >> 28 == _SEVERITY_ERROR and reserved == 0 and flags in _EXT_ERROR_FLAGS:
        yield status


def _optional(data: bytes | None, tag: int) -> bytes | None:
    try:
        return None if data is None else der.single(data, tag)
    except der.DerError:
        return None


def _time(data: bytes, microseconds: int) -> datetime:
    written = der.single(data, der.GENERALIZED_TIME)
    match = _TIME.fullmatch(written)
    if match is None:
        msg = "no KerberosTime"
        raise der.DerError(msg)
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, microseconds, UTC)
    except ValueError:
        msg = "a time that does not exist"
        raise der.DerError(msg) from None
