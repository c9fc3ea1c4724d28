"""Tickets of our own: the AS exchange for a ticket-granting ticket with a key of our keytab, and the TGS exchange for another service."""

from typing import Any, Final

from kerbauth.kdc.libkrb5.armour import ArmourCache, ArmourTicket
from kerbauth.kdc.libkrb5.context import Context
from kerbauth.kdc.libkrb5.exchange import Request, credentials, step

LIFETIME: Final = 8 * 3600
"""Seconds that are asked for, a working day: one exchange in it costs nothing, and a ticket that was stolen is of no use the day after."""

_FAST_AVAIL: Final = b"fast_avail"  # KRB5_CC_CONF_FAST_AVAIL of krb5.h: libkrb5 notes here that the KDC can do FAST


class OwnExchange:
    """For a ticket that armour can be made of. Its context is to be held around every call (see `context.Context`)."""

    takes_long: Final = False  # no key is made of a password
    armoured: Final = False

    def __init__(self, context: Context, client: str, keytab: bytes) -> None:
        """For our principal `client` (text form with realm), whose key is in the keytab of this name. Raises LibraryError."""
        self._context = context
        self._cache = ArmourCache()
        lib, ffi = context.lib, context.ffi
        options = context.make("krb5_get_init_creds_opt *", lib.krb5_get_init_creds_opt_alloc, free=lib.krb5_get_init_creds_opt_free)
        lib.krb5_get_init_creds_opt_set_canonicalize(options, 1)
        lib.krb5_get_init_creds_opt_set_tkt_life(options, LIFETIME)
        self._stored = self._cache.within(context)
        context.check(lib.krb5_get_init_creds_opt_set_out_ccache(context.pointer, options, self._stored))
        self._exchange = context.make(
            "krb5_init_creds_context",
            lib.krb5_init_creds_init,
            context.principal(client),
            ffi.NULL,
            ffi.NULL,
            0,
            options,
            free=lib.krb5_init_creds_free,
        )
        keys = context.make("krb5_keytab", lib.krb5_kt_resolve, keytab, free=lib.krb5_kt_close)
        context.check(lib.krb5_init_creds_set_keytab(context.pointer, self._exchange, keys))

    def step(self, reply: bytes = b"") -> Request | None:
        """See `AsExchange.step`."""
        return step(self._context, self._context.lib.krb5_init_creds_step, self._exchange, reply)

    def ticket(self) -> ArmourTicket:
        """What came of it, once `step` has given None. Raises LibraryError."""
        context, lib = self._context, self._context.lib
        got: Any = credentials(context, lib.krb5_init_creds_get_creds, self._exchange)
        data = context.ffi.new("krb5_data *")
        offered = lib.krb5_cc_get_config(context.pointer, self._stored, got.server, _FAST_AVAIL, data) == 0 and bool(context.taken(data))
        return ArmourTicket(self._cache, got.times.endtime - (got.times.starttime or got.times.authtime), offered)


class OwnServiceExchange:
    """The TGS exchange for a ticket to `service` with a ticket-granting ticket of our own, in whose cache it is put. As `OwnExchange`."""

    takes_long: Final = False
    armoured: Final = False

    def __init__(self, context: Context, ticket: ArmourTicket, service: str) -> None:
        """For a service principal in text form with realm. Raises LibraryError."""
        self._context = context
        self._cache = ticket.cache
        lib, ffi = context.lib, context.ffi
        stored = self._cache.within(context)
        wanted: Any = ffi.new("krb5_creds *")
        # As whom the cache knows us: the KDC may have made another name of ours (RFC 6806 section 6).
        wanted.client = context.make("krb5_principal", lib.krb5_cc_get_principal, stored, free=lib.krb5_free_principal)
        wanted.server = context.principal(service)
        self._exchange = context.make("krb5_tkt_creds_context", lib.krb5_tkt_creds_init, stored, wanted, 0, free=lib.krb5_tkt_creds_free)

    def step(self, reply: bytes = b"") -> Request | None:
        """See `AsExchange.step`."""
        return step(self._context, self._context.lib.krb5_tkt_creds_step, self._exchange, reply)

    def ticket(self) -> ArmourCache:
        """The cache that holds it, once `step` has given None."""
        return self._cache
