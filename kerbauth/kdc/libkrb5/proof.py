"""Opening a service ticket with our own key: only a KDC that knows the key can have made it."""

from dataclasses import dataclass
from typing import Any

from kerbauth.kdc.libkrb5.context import Context, LibraryError
from kerbauth.kdc.libkrb5.pac import verified_pac


@dataclass(frozen=True, slots=True)
class Opened:
    """What a ticket says: the client that it vouches for and the service it is for, in text form, and when the client was authenticated
    (seconds since 1970, by the clock of whoever issued it).

    `pac` is there only if its signature is right; `pac_fault` says why it is not there although there is one.
    """

    client: bytes
    service: bytes
    authtime: int
    pac: bytes | None
    pac_fault: str = ""


def open_with_our_key(context: Context, ticket: Any, keytab: bytes) -> Opened:
    """What the ticket of these credentials says. Raises LibraryError.

    An AP-REQ is made of the credentials and read with the key of `keytab`, in the context of the exchange, by the clock that the AS-REP
    told: whether that is ours has to be looked at afterwards. The replay cache is left out: the AP-REQ never left this process.
    """
    lib, ffi = context.lib, context.ffi
    initiator = _auth_context(context)
    message = ffi.new("krb5_data *")
    context.check(lib.krb5_mk_req_extended(context.pointer, initiator, 0, ffi.NULL, ticket, message))
    try:
        keys = context.make("krb5_keytab", lib.krb5_kt_resolve, keytab, free=lib.krb5_kt_close)
        acceptor = _auth_context(context)
        opened = ffi.new("krb5_ticket **")
        context.check(lib.krb5_rd_req(context.pointer, acceptor, message, ticket.server, keys, ffi.NULL, opened))
    finally:
        lib.krb5_free_data_contents(context.pointer, message)
    context.own(lambda: lib.krb5_free_ticket(context.pointer, opened[0]))
    part = opened[0].enc_part2
    pac, fault = _pac(context, opened[0], keytab)
    return Opened(context.name(part.client), context.name(opened[0].server), part.times.authtime, pac, fault)


def _pac(context: Context, ticket: Any, keytab: bytes) -> tuple[bytes | None, str]:
    """The PAC, or why it does not count. A ticket opens whatever is in its PAC; whether one is needed, the realm decides."""
    try:
        return verified_pac(context, ticket, keytab), ""
    except LibraryError as error:
        return None, f"the PAC does not count: {error}"


def _auth_context(context: Context) -> Any:
    made = context.ffi.new("krb5_auth_context *")
    context.check(context.lib.krb5_auth_con_init(context.pointer, made))
    context.own(lambda: context.lib.krb5_auth_con_free(context.pointer, made[0]))
    context.check(context.lib.krb5_auth_con_setflags(context.pointer, made[0], 0))  # without DO_TIME no replay cache is asked
    return made
