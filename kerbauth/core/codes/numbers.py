"""Telling a number's family: com_err bases, signed and unsigned, GSS major statuses.

A com_err code is its table's base plus a row number below 256 (comerr(3)); the base spells the table's name in six-bit
characters. The constants are those of MIT krb5's error tables, which are part of its ABI.
"""

from types import MappingProxyType
from typing import Final

from kerbauth.core.codes.model import Code, Family

KRB5_BASE: Final = -1765328384
ASN1_BASE: Final = 1859794432
KV5M_BASE: Final = -1760647424
K5E1_BASE: Final = -1750600192
K524_BASE: Final = -1750206208
KDB5_BASE: Final = -1780008448
K5G_BASE: Final = 39756032
GGSS_BASE: Final = -2045022976
SPNEGO_BASE: Final = 0x20000000  # no com_err table: lib/gssapi/spnego/gssapiP_spnego.h counts from here

FAMILY_OF_BASE: Final = MappingProxyType(
    {
        KRB5_BASE: Family.KRB5,
        ASN1_BASE: Family.ASN1,
        KV5M_BASE: Family.KV5M,
        K5E1_BASE: Family.K5E1,
        K524_BASE: Family.K524,
        KDB5_BASE: Family.KDB5,
        K5G_BASE: Family.GSS_KRB5,
        GGSS_BASE: Family.GSS_GENERIC,
        SPNEGO_BASE: Family.SPNEGO,
    }
)

PROTOCOL_NUMBERS: Final = range(128)  # RFC 4120 7.5.9: a KRB-ERROR's error-code; above, the table is libkrb5's own
TABLE_NUMBERS: Final = range(256)
ERRNO_NUMBERS: Final = range(1, 4096)  # Linux: MAX_ERRNO is 4095 (include/linux/err.h)

_CALLING_ERROR: Final = 0xFF000000  # RFC 2744 3.9.1: bits 24-31
_ROUTINE_ERROR: Final = 0x00FF0000  # bits 16-23
_SUPPLEMENTARY: Final = 0x0000FFFF  # bits 0-15


def signed(number: int) -> int:
    """A 32-bit status as krb5 sees it, whichever way it was written (python-gssapi's minor codes are unsigned).

    A number that fits in no 32 bits is none and comes back as it is: it must not turn into some known code.
    """
    return number - (1 << 32) if (1 << 31) <= number < (1 << 32) else number


def unsigned(number: int) -> int:
    """A 32-bit status as an unsigned number. A number that fits in no 32 bits comes back as it is."""
    return number + (1 << 32) if -(1 << 31) <= number < 0 else number


def classify(number: int) -> Code:
    """A minor status or com_err number, signed or unsigned, with its family; OTHER if no table here claims it."""
    number = signed(number)
    if number in ERRNO_NUMBERS:
        return Code(Family.ERRNO, number)
    return Code(FAMILY_OF_BASE.get(number - number % 256, Family.OTHER), number)


def krb_error(number: int) -> Code:
    """The code of a KRB-ERROR's protocol number; OTHER outside 0-127."""
    if number in PROTOCOL_NUMBERS:
        return Code(Family.KRB5, KRB5_BASE + number)
    return Code(Family.OTHER, number)


def protocol_number(code: Code) -> int | None:
    """The KRB-ERROR number (0-127) of a code; None if it is none."""
    if code.family is Family.KRB5 and code.number - KRB5_BASE in PROTOCOL_NUMBERS:
        return code.number - KRB5_BASE
    return None


def gss_major_code(status: int) -> Code:
    """The part of a GSS major status that says what went wrong: routine error, else calling error, else a supplementary bit.

    Of several supplementary bits the highest counts: all but the lowest, CONTINUE_NEEDED, are fatal while a context is
    set up (RFC 2744 5.1).
    """
    status = unsigned(status)
    supplementary = status & _SUPPLEMENTARY
    part = status & _ROUTINE_ERROR or status & _CALLING_ERROR or (1 << supplementary.bit_length()) >> 1
    return Code(Family.GSS_MAJOR, part)


def looks_like_gss_major(number: int) -> bool:
    """Whether a number with nothing to say what it is can be a GSS major status with an error in it.

    RFC 2744 defines three calling errors and five supplementary bits, so that com_err codes and NTSTATUS values do not
    look like one.
    """
    return number > _SUPPLEMENTARY and (number & _CALLING_ERROR) >> 24 <= 3 and number & _SUPPLEMENTARY < 1 << 5 and number < 1 << 32
