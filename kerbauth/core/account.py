"""What Active Directory says of the owner of a ticket, once it is verified."""

from dataclasses import dataclass

from kerbauth.core.sid import Sid


@dataclass(frozen=True, slots=True)
class WindowsAccount:
    """An account of a domain, out of a PAC whose signature was verified.

    `user` is the sAMAccountName as the directory spells it, `domain` the NetBIOS name of its domain. `sid` stays when the account is
    renamed. `groups` are those whose rights it has, whether direct or nested: of its own domain, of others, and of the domain of the
    service that the ticket is for.
    """

    user: str
    domain: str
    sid: Sid
    groups: frozenset[Sid]
