"""The AS exchange step by step: libkrb5 makes the requests and reads the replies, and somebody else carries them."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kerbauth.core.secret import Secret
from kerbauth.kdc.libkrb5.armour import ArmourTicket
from kerbauth.kdc.libkrb5.context import Context
from kerbauth.kdc.libkrb5.expiry import Expiry, ExpiryListener

_CONTINUE: Final = 1  # KRB5_INIT_CREDS_STEP_FLAG_CONTINUE and KRB5_TKT_CREDS_STEP_FLAG_CONTINUE of krb5.h
_NT_ENTERPRISE: Final = 10  # KRB5_NT_ENTERPRISE_PRINCIPAL of krb5.h (RFC 6806 5)
_KVNO: Final = 1  # any: the keytab has one key only
_numbers: Final = itertools.count(1)  # names of keytabs in memory are unique in the process


@dataclass(frozen=True, slots=True)
class Request:
    """The next message for a KDC of `realm`."""

    message: bytes
    realm: str


@dataclass(frozen=True, slots=True)
class Client:
    """Whom a KDC is asked for: a principal in text form with realm.

    `enterprise`: its name is a user principal name, with another meaning of the part behind the @ (RFC 6806 5). `canonicalize`: the KDC may
    answer with the name that it knows the client by (RFC 6806 6), and say which realm it is in (7).
    """

    name: str
    enterprise: bool = False
    canonicalize: bool = True


class AsExchange:
    """An AS exchange for one client. No method waits for a network; what it takes is CPU time, 15 to 70 us, but for `takes_long`.

    Its context is to be held around every call (see `context.Context`).
    """

    takes_long = False
    """Whether a step may take milliseconds: libkrb5 makes a key from the password in one of them."""

    def __init__(self, context: Context, client: Client, service: str | None = None, armour: ArmourTicket | None = None) -> None:
        """For `client`, a ticket to `service`, or to the realm's krbtgt; in `armour`, if there is one.

        Raises LibraryError.
        """
        self._context = context
        lib = context.lib
        self._principal = context.principal(client.name)
        if client.enterprise:
            self._principal.type = _NT_ENTERPRISE
        options = context.make("krb5_get_init_creds_opt *", lib.krb5_get_init_creds_opt_alloc, free=lib.krb5_get_init_creds_opt_free)
        lib.krb5_get_init_creds_opt_set_canonicalize(options, int(client.canonicalize))
        self._listener = ExpiryListener(context, options)
        self._worn = armour.put_on(context, options) if armour is not None else None
        self._exchange = context.make(
            "krb5_init_creds_context",
            lib.krb5_init_creds_init,
            self._principal,
            context.ffi.NULL,
            context.ffi.NULL,
            0,
            options,
            free=lib.krb5_init_creds_free,
        )
        if service is not None:
            context.check(lib.krb5_init_creds_set_service(context.pointer, self._exchange, service.encode()))

    def use_password(self, password: Secret) -> None:
        """Have libkrb5 make the key. The library copies the password and wipes its copy at the end. Raises LibraryError."""
        self._context.check(self._context.lib.krb5_init_creds_set_password(self._context.pointer, self._exchange, password.reveal()))
        self.takes_long = True

    def use_key(self, enctype: int, key: bytes) -> None:
        """Have this key used, and no other enctype; to be given before the reply that asks for it is handed over. Raises LibraryError.

        The key is put into a keytab in memory, which keeps a copy and wipes it at the end (lib/krb5/keytab/kt_memory.c).
        """
        context, ffi, lib = self._context, self._context.ffi, self._context.lib
        name = f"MEMORY:login-{next(_numbers)}".encode()
        keytab = context.make("krb5_keytab", lib.krb5_kt_resolve, name, free=lib.krb5_kt_close)
        contents = ffi.new("unsigned char[]", key)
        entry: Any = ffi.new("krb5_keytab_entry *")
        entry.principal, entry.vno = self._principal, _KVNO
        entry.key.enctype, entry.key.length, entry.key.contents = enctype, len(key), contents
        try:
            context.check(lib.krb5_kt_add_entry(context.pointer, keytab, entry))
        finally:
            ffi.memmove(contents, bytes(len(key)), len(key))
        context.check(lib.krb5_init_creds_set_keytab(context.pointer, self._exchange, keytab))

    def step(self, reply: bytes = b"") -> Request | None:
        """Take the KDC's last reply (none at first), and give the next request; None when the credentials are there.

        Raises LibraryError; the KDC's own KRB-ERROR is in the reply that was handed over. In armour: InArmourError, which holds it, and
        OutsideArmourError.
        """

        def forth() -> Request | None:
            return step(self._context, self._context.lib.krb5_init_creds_step, self._exchange, reply)

        return forth() if self._worn is None else self._worn.step(self._exchange, reply, forth)

    @property
    def armoured(self) -> bool:
        """Whether the messages are in armour."""
        return self._worn is not None

    def credentials(self) -> Any:
        """The krb5_creds, once `step` has given None. Raises LibraryError."""
        return credentials(self._context, self._context.lib.krb5_init_creds_get_creds, self._exchange)

    @property
    def expiry(self) -> Expiry | None:
        """When the password or the account ends, if the KDC said so."""
        return self._listener.expiry


class TgsExchange:
    """A TGS exchange for a ticket to `service` with the credentials of an AS exchange. As `AsExchange` in all else."""

    takes_long: Final = False
    armoured: Final = False

    def __init__(self, context: Context, tgt: Any, service: str) -> None:
        """Raises LibraryError."""
        self._context = context
        lib, ffi = context.lib, context.ffi
        cache = context.make("krb5_ccache", lib.krb5_cc_new_unique, b"MEMORY", ffi.NULL, free=lib.krb5_cc_destroy)
        context.check(lib.krb5_cc_initialize(context.pointer, cache, tgt.client))
        context.check(lib.krb5_cc_store_cred(context.pointer, cache, tgt))
        wanted: Any = ffi.new("krb5_creds *")
        wanted.client, wanted.server = tgt.client, context.principal(service)
        self._exchange = context.make("krb5_tkt_creds_context", lib.krb5_tkt_creds_init, cache, wanted, 0, free=lib.krb5_tkt_creds_free)

    def step(self, reply: bytes = b"") -> Request | None:
        """See `AsExchange.step`."""
        return step(self._context, self._context.lib.krb5_tkt_creds_step, self._exchange, reply)

    def credentials(self) -> Any:
        """See `AsExchange.credentials`."""
        return credentials(self._context, self._context.lib.krb5_tkt_creds_get_creds, self._exchange)


def step(context: Context, function: Callable[..., int], exchange: Any, reply: bytes) -> Request | None:
    """One step of either exchange. Raises LibraryError."""
    ffi = context.ffi
    given, _kept = context.data(reply)
    message, realm, flags = ffi.new("krb5_data *"), ffi.new("krb5_data *"), ffi.new("unsigned int *")
    number = function(context.pointer, exchange, given, message, realm, flags)
    out, where = context.taken(message), context.taken(realm)
    # With "too big" (52) libkrb5 gives the request again, to be sent over TCP. Our transport has done that: said there, it is the answer.
    context.check(number)
    return Request(out, where.decode(errors="replace")) if flags[0] & _CONTINUE else None


def credentials(context: Context, function: Callable[..., int], exchange: Any) -> Any:
    """The credentials of a finished exchange, owned by the context. Raises LibraryError."""
    made = context.ffi.new("krb5_creds *")
    context.check(function(context.pointer, exchange, made))
    context.own(lambda: context.lib.krb5_free_cred_contents(context.pointer, made))
    return made
