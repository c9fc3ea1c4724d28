"""The PAC of a ticket that our key has opened, if its signature is right: only a KDC that knows the key can have made that, too."""

from typing import Any, Final

from kerbauth.kdc.libkrb5.context import Context

_AD_WIN2K_PAC: Final = 128  # RFC 4120 7.5.4; MS-PAC 2.2 puts it into an AD-IF-RELEVANT, which krb5_find_authdata looks into


def verified_pac(context: Context, ticket: Any, keytab: bytes) -> bytes | None:
    """The PAC in the authorization data of an opened ticket, or None if there is none, or more than one.

    What a client may have put beside it, into the authenticator, is not looked at. Raises LibraryError for one whose server signature is
    not made with the key that opened the ticket, or that names another client or time than the ticket does (lib/krb5/krb/pac.c).
    """
    lib, ffi = context.lib, context.ffi
    part = ticket.enc_part2
    if part.authorization_data == ffi.NULL:
        return None
    found = ffi.new("krb5_authdata ***")
    context.check(lib.krb5_find_authdata(context.pointer, part.authorization_data, ffi.NULL, _AD_WIN2K_PAC, found))
    if found[0] == ffi.NULL:
        return None
    context.own(lambda: lib.krb5_free_authdata(context.pointer, found[0]))
    first, second = found[0][0], found[0][1]
    if second != ffi.NULL:
        return None
    sealed = ticket.enc_part
    key = context.make(
        "krb5_keyblock *",
        lib.krb5_kt_read_service_key,
        ffi.from_buffer("char[]", keytab + b"\0"),
        ticket.server,
        sealed.kvno,
        sealed.enctype,
        free=lib.krb5_free_keyblock,
    )
    pac = context.make("krb5_pac", lib.krb5_pac_parse, first.contents, first.length, free=lib.krb5_pac_free)
    context.check(lib.krb5_pac_verify(context.pointer, pac, part.times.authtime, part.client, key, ffi.NULL))
    return bytes(ffi.buffer(first.contents, first.length))
