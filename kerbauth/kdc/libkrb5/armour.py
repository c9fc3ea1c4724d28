"""Armour (FAST, RFC 6113): what it takes to put an AS exchange into it, and to tell what came in it from what did not.

A KDC's error in armour is authenticated: nobody else has the key. libkrb5 (lib/krb5/krb/fast.c, krb5int_fast_process_error) also goes by an
error that did not come in it, or whose armour does not open, as if it were the KDC's last word. Anybody on the path can write one, so it is
told apart here.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from kerbauth.kdc.libkrb5.context import Context, LibraryError
from kerbauth.kdc.protocol.fast import in_armour
from kerbauth.kdc.protocol.krb_error import KrbError, read_krb_error

_REQUIRED: Final = 1  # KRB5_FAST_REQUIRED of krb5.h: armour the first request as well
_FAST_REQUIRED: Final = -1765328132  # KRB5_ERR_FAST_REQUIRED: the AS-REP has no armour
_BAD_INTEGRITY: Final = -1765328353  # KRB5KRB_AP_ERR_BAD_INTEGRITY

Forth = TypeVar("Forth")


class InArmourError(LibraryError):
    """The exchange failed. `told` is the KDC's own error, if it sent one: the one from within the armour."""

    def __init__(self, number: int, text: str, told: KrbError | None) -> None:
        super().__init__(number, text)
        self.told = told


class OutsideArmourError(LibraryError):
    """What came is not from a KDC that took the armour, or the armour cannot be put on. `sent` says whether a password has left in it."""

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(_FAST_REQUIRED, text)
        self.sent = sent


class ArmourCache:
    """A cache in memory for our own tickets, which every context of the process, and GSSAPI, can `name`. Gone when nobody holds it."""

    def __init__(self) -> None:
        """Raises LibraryError."""
        context = Context()
        weakref.finalize(self, context.close)
        with context:
            lib, ffi = context.lib, context.ffi
            cache = context.make("krb5_ccache", lib.krb5_cc_new_unique, b"MEMORY", ffi.NULL, free=lib.krb5_cc_destroy)
            self.name = b"MEMORY:" + context.string(lib.krb5_cc_get_name(context.pointer, cache))

    def within(self, context: Context) -> Any:
        """The krb5_ccache, to be used in this context, which keeps it. Raises LibraryError."""
        context.own(lambda: self)
        return context.make("krb5_ccache", context.lib.krb5_cc_resolve, self.name, free=context.lib.krb5_cc_close)


@dataclass(frozen=True, slots=True)
class ArmourTicket:
    """A ticket-granting ticket of our own. `lifetime` is in seconds from when it was got; `offered` says that the KDC can do FAST."""

    cache: ArmourCache
    lifetime: int
    offered: bool

    def put_on(self, context: Context, options: Any) -> "Worn":
        """Have the exchange with these options armoured. Raises LibraryError."""
        lib = context.lib
        context.check(lib.krb5_get_init_creds_opt_set_fast_ccache(context.pointer, options, self.cache.within(context)))
        context.check(lib.krb5_get_init_creds_opt_set_fast_flags(context.pointer, options, _REQUIRED))
        return Worn(context)


class Worn:
    """The armour of one exchange. Its context is to be held around every call."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._replies = 0

    def step(self, exchange: Any, reply: bytes, forth: Callable[[], Forth]) -> Forth:
        """Let the exchange take a step with this reply. Raises InArmourError and OutsideArmourError."""
        if reply:
            self._replies += 1
            if not in_armour(reply):
                raise self._outside("the KDC's answer is not armoured")
        try:
            return forth()
        except LibraryError as error:
            raise self._judged(exchange, reply, error) from None

    def _judged(self, exchange: Any, reply: bytes, error: LibraryError) -> LibraryError:
        if not reply:
            return self._outside(f"the armour cannot be put on: {error}")
        outer = read_krb_error(reply)
        if outer is None:
            # Who sent a proof and gets a ticket has proved the password: that it does not open it is not the password's fault.
            foreign = error.number == _FAST_REQUIRED or (error.number == _BAD_INTEGRITY and self._replies > 1)
            return self._outside(str(error)) if foreign else InArmourError(error.number, str(error), None)
        told = _told(self._context, exchange)
        if told is None or told.data == outer.data:  # the outer one still: the e-data is the armoured part that did not open
            return self._outside(f"the KDC's answer does not open: {error}")
        return InArmourError(error.number, str(error), told)

    def _outside(self, text: str) -> OutsideArmourError:
        # The first request holds no proof: libkrb5 waits to be told what the KDC wants.
        return OutsideArmourError(text, sent=self._replies > 1)


def _told(context: Context, exchange: Any) -> KrbError | None:
    """The KDC's error as libkrb5 has it: the one within the armour, if that opened. Raises LibraryError."""
    lib, ffi = context.lib, context.ffi
    held = ffi.new("krb5_error **")
    context.check(lib.krb5_init_creds_get_error(context.pointer, exchange, held))
    if held[0] == ffi.NULL:
        return None
    try:
        error = held[0]
        at = datetime.fromtimestamp(error.stime, UTC).replace(microsecond=error.susec % 1_000_000)
        text, data = _bytes(context, error.text), _bytes(context, error.e_data)
        return KrbError(error.error, at, None if text is None else text.decode(errors="replace"), data)
    finally:
        lib.krb5_free_error(context.pointer, held[0])


def _bytes(context: Context, data: Any) -> bytes | None:
    return bytes(context.ffi.buffer(data.data, data.length)) if data.length else None
