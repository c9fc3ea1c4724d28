"""The little that the transport reads of a reply: whether it is one, and whether it sends us elsewhere."""

from typing import Final

from kerbauth.kdc.protocol.framing import KRB_ERROR
from kerbauth.kdc.protocol.krb_error import read_krb_error

RESPONSE_TOO_BIG: Final = 52  # KRB_ERR_RESPONSE_TOO_BIG, RFC 4120 7.2.1: ask again over TCP
SERVICE_UNAVAILABLE: Final = 29  # KDC_ERR_SVC_UNAVAILABLE: libkrb5, too, goes on to the next KDC (lib/krb5/os/sendto_kdc.c)

_KRB_ERROR: Final = bytes([KRB_ERROR])


def error_code(message: bytes) -> int | None:
    """The code of a KRB-ERROR, None if it is none. Raises nothing."""
    if message[:1] != _KRB_ERROR:
        return None
    error = read_krb_error(message)
    return None if error is None else error.code
