"""Whether what arrived is one whole reply of a KDC, before anything else looks at it."""

from typing import Final

from kerbauth.kdc.protocol import der

KRB_ERROR: Final = der.application(30)  # RFC 4120 5.9.1
AS_REP: Final = der.application(11)  # RFC 4120 5.4.2
TGS_REP: Final = der.application(13)

REPLIES: Final = frozenset({KRB_ERROR, AS_REP, TGS_REP})


def whole(message: bytes) -> bool:
    """Whether this is one complete KRB-ERROR, AS-REP or TGS-REP of exactly its own length. Raises nothing.

    What is cut off, what has something behind it (another datagram, a duplicate) and what is no Kerberos message at all is none. What is
    within is not looked at.
    """
    if message[:1] not in {bytes([tag]) for tag in REPLIES}:
        return False
    try:
        der.single(der.single(message, message[0]), der.SEQUENCE)
    except der.DerError:
        return False
    return True
