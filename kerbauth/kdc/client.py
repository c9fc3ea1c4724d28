"""The other side of single sign-on: a token made with the tickets of whoever runs the command line."""

import gssapi
from gssapi import raw
from gssapi.raw.misc import GSSError

_SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")


class NoTicketError(Exception):
    """There is no usable ticket. The message is the library's own and names the credential cache or the service."""


def make_token(service: str) -> bytes:
    """A SPNEGO token for `service` (a principal in text form) from the default credential cache of this process's environment.

    Call it before `runtime.activate`, which takes that environment away. Blocks. Raises NoTicketError.
    """
    try:
        target = raw.import_name(service.encode(), gssapi.NameType.kerberos_principal)
        token = raw.init_sec_context(target, mech=_SPNEGO).token
    except GSSError as error:
        raise NoTicketError(str(error)) from error
    if not token:
        msg = "the library made no token"
        raise NoTicketError(msg)
    return bytes(token)
