"""What a KDC says about making the user's key from the password: ETYPE-INFO2 (RFC 4120 5.2.7.5).

It comes unauthenticated, in the KRB-ERROR that asks for pre-authentication or beside the ticket in an AS-REP. Whoever can answer in the
KDC's place can therefore ask for any number of PBKDF2 iterations (libkrb5 does up to 16,777,216 of them: 12 seconds of CPU that nothing
interrupts), and has to be refused before libkrb5 sees the message.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from kerbauth.kdc.protocol import der
from kerbauth.kdc.protocol.framing import AS_REP, KRB_ERROR, TGS_REP
from kerbauth.kdc.protocol.krb_error import INT32

MAX_ITERATIONS: Final = 65_536
"""PBKDF2 iterations. Twice RFC 8009's default of 32,768, the most that any KDC is known to ask for; 13 to 33 ms of CPU in OpenSSL."""

LEAST_ITERATIONS: Final = {17: 4096, 18: 4096, 19: 32_768, 20: 32_768}
"""PBKDF2 iterations where the KDC names none (RFC 3962 4, RFC 8009 4). With fewer, what is encrypted with the key is easier to guess the
password from, and libkrb5 makes no such key (lib/crypto/krb/s2k_pbkdf2.c)."""

_ETYPE_INFO2: Final = 19  # RFC 4120 7.5.2 PA-ETYPE-INFO2
_NO_METHOD: Final = frozenset({133, 136})  # RFC 6113 7.1 PA-FX-COOKIE and PA-FX-FAST: around a method, and none by themselves
_COUNT_OCTETS: Final = 4  # RFC 3962 4 and RFC 8009 4: the parameters are the iteration count, big-endian


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """One ETYPE-INFO2-ENTRY: an enctype, and the salt and parameters of its string-to-key; None where the KDC leaves them out."""

    enctype: int
    salt: bytes | None = field(repr=False)
    parameters: bytes | None

    @property
    def iterations(self) -> int | None:
        """The iteration count the parameters ask for; None if they are none or no count. 0 stands for 2**32 (RFC 3962 4)."""
        if self.parameters is None or len(self.parameters) != _COUNT_OCTETS:
            return None
        return int.from_bytes(self.parameters, "big") or 1 << 32


def key_infos(message: bytes) -> tuple[KeyInfo, ...] | None:
    """The ETYPE-INFO2 entries of a KRB-ERROR, AS-REP or TGS-REP, in the KDC's order; None if it is not understood. Raises nothing.

    Understood is a message of which we see everything in which libkrb5 could find string-to-key parameters. It reads more than DER (lengths
    not written the shortest way, bytes left over), and so would take an iteration count that `improper` never saw. What is not understood
    here must not be handed on to it.
    """
    try:
        return tuple(_infos(message))
    except der.DerError:
        return None


def improper(infos: Iterable[KeyInfo]) -> int | None:
    """The iteration count a KDC asks for, if it is one that no honest KDC asks for: above `MAX_ITERATIONS`, whatever the enctype, since all
    that count are written so; or below an enctype's least.
    """
    counts = ((info.enctype, info.iterations) for info in infos)
    return next((count for enctype, count in counts if count and not LEAST_ITERATIONS.get(enctype, 0) <= count <= MAX_ITERATIONS), None)


def offers_no_method(message: bytes) -> bool:
    """Whether a KRB-ERROR asks for pre-authentication and has no method for it. Raises nothing.

    An MIT KDC names ETYPE-INFO2 and what is done with a password only to accounts with a key of an enctype that the request has
    (kdc/kdc_preauth.c, get_etype_info; kdc/kdc_preauth_encts.c, enc_ts_get). One that says nothing of methods at all is another matter.
    """
    try:
        kinds = {kind for kind, _ in padata(message)}
    except der.DerError:
        return False
    return bool(kinds) and kinds <= _NO_METHOD


def padata(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and value of what a KRB-ERROR (in its e-data), AS-REP or TGS-REP holds of PA-DATA, or of what is written like it.

    Raises DerError, also while it is gone through.
    """
    tag = message[0] if message else 0
    if tag not in {KRB_ERROR, AS_REP, TGS_REP}:
        msg = "no reply of a KDC"
        raise der.DerError(msg)
    fields = der.fields(der.single(der.single(message, tag), der.SEQUENCE))
    if tag != KRB_ERROR:
        found = fields.get(2)  # RFC 4120 5.4.2
    elif 12 in fields:  # RFC 4120 5.9.1
        found = der.single(fields[12], der.OCTET_STRING) or None
    else:
        found = None
    return _entries(found) if found is not None else iter(())


def _infos(message: bytes) -> Iterator[KeyInfo]:
    for kind, value in padata(message):
        if kind == _ETYPE_INFO2 and value:
            for entry in der.children(der.single(value, der.SEQUENCE)):
                yield _info(entry)


def _entries(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and value of each PA-DATA (RFC 4120 5.2.7), of each TYPED-DATA (5.9.1), or of the one KERB-ERROR-DATA (MS-KILE 2.2.1).

    The last one's value may be left out, as is that of TYPED-DATA.
    """
    content = der.single(data, der.SEQUENCE)
    alone = content[:1] == bytes([der.context(1)])
    for entry in (der.Element(der.SEQUENCE, content),) if alone else der.children(content):
        fields = der.fields(_sequence(entry))
        first = 1 if 1 in fields and 0 not in fields else 0
        if not {first} <= set(fields) <= {first, first + 1}:
            msg = "neither PA-DATA nor TYPED-DATA"
            raise der.DerError(msg)
        kind = der.integer(fields[first], INT32)
        yield kind, der.single(fields[first + 1], der.OCTET_STRING) if first + 1 in fields else b""


def _info(entry: der.Element) -> KeyInfo:
    fields = der.fields(_sequence(entry))
    if not {0} <= set(fields) <= {0, 1, 2}:
        msg = "not an ETYPE-INFO2-ENTRY"
        raise der.DerError(msg)
    salt = der.single(fields[1], der.GENERAL_STRING) if 1 in fields else None
    parameters = der.single(fields[2], der.OCTET_STRING) if 2 in fields else None
    return KeyInfo(der.integer(fields[0], INT32), salt, parameters)


def _sequence(entry: der.Element) -> bytes:
    if entry.tag != der.SEQUENCE:
        msg = "not a SEQUENCE"
        raise der.DerError(msg)
    return entry.content
