"""Whether a KDC answers in armour: PA-FX-FAST (RFC 6113 5.4)."""

from typing import Final

from kerbauth.kdc.protocol import der
from kerbauth.kdc.protocol.key_info import padata

_FX_FAST: Final = 136  # RFC 6113 7.1 PA-FX-FAST


def in_armour(message: bytes) -> bool:
    """Whether a KRB-ERROR or AS-REP has an armoured part, beside which nothing of it counts. What cannot be read has none. Raises nothing.

    Anybody can put one there: whether it opens is found out by libkrb5.
    """
    try:
        return any(kind == _FX_FAST for kind, _ in padata(message))
    except der.DerError:
        return False
