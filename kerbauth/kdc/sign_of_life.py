"""The question that shows whether a KDC answers, and what its answer means. No password is checked, and nobody's failures are counted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kerbauth.kdc.libkrb5.context import Context
from kerbauth.kdc.libkrb5.exchange import AsExchange, Client
from kerbauth.kdc.protocol.krb_error import read_krb_error

_UNKNOWN_CLIENT: Final = 6  # RFC 4120 7.5.9 KDC_ERR_C_PRINCIPAL_UNKNOWN


@dataclass(frozen=True, slots=True)
class Sign:
    """What a KDC's answer means. `problem` is one sentence, and empty if all is well.

    `clock_offset` is the KDC's clock minus ours in seconds; None where the answer does not tell the KDC's time.
    """

    problem: str
    clock_offset: float | None


def question(ours: str) -> bytes:
    """An AS-REQ without pre-authentication for our own principal (text form with realm). Takes some 70 us of CPU. Raises LibraryError.

    A KDC answers with what it would need (25, RFC 4120 5.2.7.5), or with a ticket that only our key opens.
    """
    context = Context()
    try:
        with context:
            request = AsExchange(context, Client(ours)).step()
    finally:
        context.close()
    return request.message if request is not None else b""


def sign_of(answer: bytes, known: str | None, now: datetime) -> Sign:
    """What a KDC's answer to the question, heard at the time `now`, means. Raises nothing.

    Any answer is a sign of life; only a KDC that does not know our principal `known`, if there is one, cannot be of use.
    """
    error = read_krb_error(answer)
    if error is None:  # an AS-REP tells the time in what is encrypted only
        return Sign("", None)
    offset = (error.server_time - now).total_seconds()
    unknown = known is not None and error.code == _UNKNOWN_CLIENT
    return Sign(f"the KDC answers but does not know our principal {known}" if unknown else "", offset)
