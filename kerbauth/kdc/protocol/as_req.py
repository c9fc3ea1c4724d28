"""What our own AS-REQ holds: whether a KDC that reads it checks a password, and counts a wrong one."""

from typing import Final

from kerbauth.kdc.protocol import der
from kerbauth.kdc.protocol.krb_error import INT32

_AS_REQ: Final = der.application(10)  # RFC 4120 5.4.1
_PADATA: Final = 3
_ENC_TIMESTAMP: Final = 2  # RFC 4120 7.5.2 PA-ENC-TIMESTAMP
_SPAKE: Final = 151  # RFC 9588 PA-SPAKE; its support message [0] proves nothing yet, the response [2] does
_SPAKE_RESPONSE: Final = der.context(2)


def proves_a_password(request: bytes) -> bool:
    """Whether this AS-REQ bears an encrypted timestamp or a SPAKE response. Raises nothing.

    What travels in FAST armour (RFC 6113) is not seen; there the KDC's answers are authenticated, and nobody else can ask for it twice. An
    AS-REQ that cannot be read counts as one that does.
    """
    if request[:1] != bytes([_AS_REQ]):
        return False
    try:
        fields = der.fields(der.single(der.single(request, _AS_REQ), der.SEQUENCE))
        entries = der.children(der.single(fields[_PADATA], der.SEQUENCE)) if _PADATA in fields else ()
        return any(map(_proof, entries))
    except der.DerError:
        return True


def _proof(entry: der.Element) -> bool:
    fields = der.fields(entry.content)
    if set(fields) != {1, 2}:
        msg = "no PA-DATA"
        raise der.DerError(msg)
    kind = der.integer(fields[1], INT32)
    return kind == _ENC_TIMESTAMP or (kind == _SPAKE and der.single(fields[2], der.OCTET_STRING)[:1] == bytes([_SPAKE_RESPONSE]))
