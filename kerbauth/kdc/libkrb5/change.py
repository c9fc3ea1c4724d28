"""Sealing a new password with the key that the old one gave, and opening the reply (RFC 3244), as lib/krb5/krb/chpw.c does it."""

import ipaddress
from typing import Any, Final

from kerbauth.core.secret import Secret
from kerbauth.kdc.libkrb5.context import Context, LibraryError
from kerbauth.kdc.protocol.kpasswd import KpasswdResult, Sealed, Unreadable, frame, read_reply, read_result

_USE_SUBKEY: Final = 0x00000001  # AP_OPTS_USE_SUBKEY of krb5.h: a key of its own for this one request
_DO_SEQUENCE: Final = 0x00000004  # KRB5_AUTH_CONTEXT_DO_SEQUENCE: the reply is to this very request
_INET, _INET6 = 0x0002, 0x0018  # RFC 4120 7.5.3


class ChangeConversation:
    """One request to change the password of the credentials' own client, and its reply.

    Its context is to be held around every call (see `context.Context`). Takes CPU time and waits for nothing.
    """

    def __init__(self, context: Context, credentials: Any) -> None:
        """With credentials for kadmin/changepw. Raises LibraryError."""
        self._context = context
        lib, ffi = context.lib, context.ffi
        self._auth: Any = ffi.new("krb5_auth_context *")
        context.check(lib.krb5_auth_con_init(context.pointer, self._auth))
        context.own(lambda: lib.krb5_auth_con_free(context.pointer, self._auth[0]))
        message = ffi.new("krb5_data *")
        context.check(lib.krb5_mk_req_extended(context.pointer, self._auth, _USE_SUBKEY, ffi.NULL, credentials, message))
        self._ap_req = context.taken(message)
        context.check(lib.krb5_auth_con_setflags(context.pointer, self._auth[0], _DO_SEQUENCE))

    def request(self, new: Secret, local_address: str) -> bytes:
        """The whole request, to be sent from this address: the KRB-PRIV names it. Raises LibraryError."""
        context, lib, ffi = self._context, self._context.lib, self._context.ffi
        address = ipaddress.ip_address(local_address.partition("%")[0])
        contents = ffi.new("unsigned char[]", address.packed)
        kind = _INET if address.version == 4 else _INET6
        ours = ffi.new("krb5_address *", {"addrtype": kind, "length": len(address.packed), "contents": contents})
        context.check(lib.krb5_auth_con_setaddrs(context.pointer, self._auth[0], ours, ffi.NULL))
        plain, kept = context.data(new.reveal())
        message = ffi.new("krb5_data *")
        try:
            context.check(lib.krb5_mk_priv(context.pointer, self._auth[0], plain, message, ffi.NULL))
        finally:
            ffi.memmove(kept, bytes(len(new)), len(new))
        return frame(self._ap_req, context.taken(message))

    def answer(self, reply: bytes) -> KpasswdResult:
        """What the server says. What does not open with our key is `Unreadable`; raises nothing."""
        read = read_reply(reply)
        if not isinstance(read, Sealed):
            return read
        try:
            return read_result(self._opened(read))
        except LibraryError as error:
            return Unreadable(f"the reply does not open with the key of the request: {error}")

    def _opened(self, sealed: Sealed) -> bytes:
        """What the KRB-PRIV holds. Raises LibraryError."""
        context, lib, ffi = self._context, self._context.lib, self._context.ffi
        subkey = context.make("krb5_keyblock *", lib.krb5_auth_con_getsendsubkey, self._auth[0], free=lib.krb5_free_keyblock)
        ap_rep, _kept = context.data(sealed.ap_rep)
        proof = ffi.new("void **")
        context.check(lib.krb5_rd_rep(context.pointer, self._auth[0], ap_rep, proof))
        lib.krb5_free_ap_rep_enc_part(context.pointer, proof[0])
        # RFC 3244 2: the reply is sealed with the request's subkey, whatever key the AP-REP names.
        context.check(lib.krb5_auth_con_setrecvsubkey(context.pointer, self._auth[0], subkey))
        # Neither address is compared: the key says who answers, and behind a router that translates them they differ.
        context.check(lib.krb5_auth_con_setaddrs(context.pointer, self._auth[0], ffi.NULL, ffi.NULL))
        priv, _kept_too = context.data(sealed.priv)
        message = ffi.new("krb5_data *")
        context.check(lib.krb5_rd_priv(context.pointer, self._auth[0], priv, message, ffi.NULL))
        return context.taken(message)
