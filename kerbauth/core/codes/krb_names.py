"""The other names of KRB-ERROR codes: MIT's and Heimdal's macros, RFC 4120's early names, Windows' event log."""

from functools import partial
from types import MappingProxyType
from typing import Final

from kerbauth.core.codes.model import Family
from kerbauth.core.codes.numbers import KRB5_BASE
from kerbauth.core.codes.rows import group

_UNNAMED_BY_MIT: Final = frozenset({92, 94, 95})  # placeholders in MIT's krb5_err.et; 94 and 95 are in Heimdal's
_HEIMDAL_PREFIXED: Final = range(62, 128)  # Heimdal's krb5_err.et writes KRB5_KDC_ERR_ from here on

_OTHERS: Final = MappingProxyType(
    {
        14: ("KDC_ERR_ETYPE_NOTSUPP",),  # so in Windows' events 4768, 4769 and 4771
        17: ("KDC_ERR_TRTYPE_NO_SUPP",),  # likewise
        23: ("KRB5KDC_ERR_KEY_EXP",),  # MIT; the rule's KRB5KDC_ERR_KEY_EXPIRED is Heimdal's
        62: ("KDC_ERROR_CLIENT_NOT_TRUSTED",),  # RFC 4120 7.5.9 reserves these under other names than RFC 4556 gives them
        63: ("KDC_ERROR_KDC_NOT_TRUSTED",),
        64: ("KDC_ERROR_INVALID_SIG",),
        65: ("KDC_ERR_KEY_TOO_WEAK",),
        69: ("KRB5_AP_ERR_USER_TO_USER_REQUIRED",),  # Heimdal
        93: ("KRB5KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTION",),  # MIT
    }
)


def other_names(number: int, name: str) -> tuple[str, ...]:
    """The names a KRB-ERROR code goes by besides its RFC's."""
    mit = () if number in _UNNAMED_BY_MIT else (f"KRB5{name}",)
    heimdal = (f"KRB5_{name}",) if number in _HEIMDAL_PREFIXED and name.startswith("KDC_ERR_") else ()
    return (*mit, *heimdal, *_OTHERS.get(number, ()))


krb = partial(group, Family.KRB5, KRB5_BASE, also=other_names)
