"""The little that the transport reads of a reply."""

from typing import Final

RESPONSE_TOO_BIG: Final = 52  # KRB_ERR_RESPONSE_TOO_BIG, RFC 4120 7.2.1: ask again over TCP
SERVICE_UNAVAILABLE: Final = 29  # KDC_ERR_SVC_UNAVAILABLE: libkrb5, too, goes on to the next KDC (lib/krb5/os/sendto_kdc.c)

_REPLIES: Final = frozenset({0x7E, 0x6B, 0x6D})


def whole(message: bytes) -> bool:
    """Whether this is one complete KRB-ERROR, AS-REP or TGS-REP."""
    if len(message) < 2 or message[0] not in _REPLIES:
        return False
    length, begin = message[1], 2
    if length > 0x80:
        begin += length - 0x80
        length = int.from_bytes(message[2:begin], "big")
    return len(message) == begin + length


def error_code(message: bytes) -> int | None:
    """The code of a KRB-ERROR, None if it is none."""
    at = message.find(b"\xa6\x03\x02\x01")
    return message[at + 4] if message[:1] == b"\x7e" and 0 < at < len(message) - 4 else None
