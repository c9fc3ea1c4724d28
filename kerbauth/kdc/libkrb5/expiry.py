"""Hearing from libkrb5 when a password or an account ends: it calls back (krb5_get_init_creds_opt_set_expire_callback of krb5.h).

The function it calls is one for the whole process, and made with ctypes: libffi maps code of its own file for that (3.4 and later). cffi's
own callbacks need memory that can be written and executed, which a confined service has not (MemoryDenyWriteExecute= of systemd.exec(5)).
"""

import ctypes
import functools
import logging
from dataclasses import dataclass
from typing import Any, Final

from kerbauth.kdc.libkrb5.context import Context

_CALLBACK: Final = "void (*)(krb5_context, void *, krb5_timestamp, krb5_timestamp, krb5_boolean)"

_log: Final = logging.getLogger("kerbauth.kdc")


@dataclass(frozen=True, slots=True)
class Expiry:
    """When the password and the account end (seconds since 1970; 0: not said). `exact` says that the KDC told them apart (RFC 4120 5.4.2,
    last-req); otherwise `password` is the earlier of the two.
    """

    password: int
    account: int
    exact: bool


class _Heard(ctypes.Structure):
    """`struct heard` of the declarations."""

    _fields_ = (("times", ctypes.c_uint), ("password", ctypes.c_uint32), ("account", ctypes.c_uint32), ("exact", ctypes.c_uint))


class ExpiryListener:
    """Hears what one exchange tells; to be made before the exchange, in whose context it is kept."""

    def __init__(self, context: Context, options: Any) -> None:
        """For an exchange with these options. Raises LibraryError."""
        self._heard: Any = context.ffi.new("heard *")
        function = _function()
        if function is not None:
            callback = context.ffi.cast(_CALLBACK, ctypes.cast(function, ctypes.c_void_p).value or 0)
            context.check(context.lib.krb5_get_init_creds_opt_set_expire_callback(context.pointer, options, callback, self._heard))
            context.own(lambda: self._heard)  # the library writes to it as long as the exchange lives

    @property
    def expiry(self) -> Expiry | None:
        """What the KDC said, if it did."""
        return Expiry(self._heard.password, self._heard.account, bool(self._heard.exact)) if self._heard.times else None


@functools.cache
def _function() -> Any | None:
    """What libkrb5 calls; None where the system allows no callback. Never freed: an exchange of any context may hold it."""
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint)
    try:
        return kind(_hear)
    except (MemoryError, OSError) as error:
        _log.warning("no warning can be given of passwords that expire soon: libkrb5 cannot call back in this process (%s)", error)
        return None


def _hear(_context: int, data: int, password: int, account: int, exact: int) -> None:
    heard = _Heard.from_address(data)
    heard.times += 1
    heard.password, heard.account, heard.exact = password, account, exact
