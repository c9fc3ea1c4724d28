"""Whether a PAC and its ticket speak of the same account, and the PAC's parts of one."""

from dataclasses import dataclass
from typing import Final

from kerbauth.core.principal import Principal
from kerbauth.core.text import lower
from kerbauth.kdc.pac.reader import Pac


@dataclass(frozen=True, slots=True)
class Agrees:
    """It is one account."""


@dataclass(frozen=True, slots=True)
class Disagrees:
    """Two accounts are spoken of, or it cannot be told: a sentence for the log and the administrator, with no name in it."""

    sentence: str


AGREES: Final = Agrees()


def agreement(pac: Pac, principal: Principal) -> Agrees | Disagrees:
    """Compare the PAC with the client's principal of the ticket that it came in.

    The signatures say that the domain controller wrote the PAC, for this ticket. They do not say that it meant whom the name seems to
    mean: a ticket for `root` may be that of the computer `root$` (CVE-2020-25717), and one for a name that was taken away meanwhile that
    of another account (CVE-2021-42287). Nor need a Windows account stand behind the ticket: for a user of a trusted MIT realm a domain
    controller adds the PAC of the account that this user is mapped to (MS-KILE 3.3.5.7.2), and the names then disagree.

    Names are compared as Active Directory does, without regard to case (`core.text.lower`). The CLIENT_INFO is the ticket's own name and
    is compared exactly (MS-PAC 2.7).
    """
    if pac.client.name != "/".join(principal.components):
        return Disagrees("The name in the PAC's CLIENT_INFO is not the ticket's.")
    if not _is_named(pac, pac.client.name):
        return Disagrees("The ticket's name is none that the PAC's account has.")
    if pac.names is not None:
        if lower(pac.names.dns_domain) != lower(principal.realm):
            return Disagrees("The ticket's realm is not the domain in the PAC's UPN_DNS_INFO.")
        account = pac.names.account
        if account is not None and (account.sid != pac.user_sid or lower(account.user) != lower(pac.user)):
            return Disagrees("The PAC's UPN_DNS_INFO and its LOGON_INFO are about different accounts.")
    if pac.requester not in {None, pac.user_sid}:
        return Disagrees("The PAC's REQUESTER_SID and its LOGON_INFO are about different accounts.")
    return AGREES


def _is_named(pac: Pac, name: str) -> bool:
    """Whether it is the account's sAMAccountName, or an enterprise name of it (RFC 6806 5): its UPN, or its sAMAccountName in its domain by
    either of the domain's names.
    """
    names = {pac.user, f"{pac.user}@{pac.domain}"}
    if pac.names is not None:
        names |= {pac.names.upn, f"{pac.user}@{pac.names.dns_domain}"}
    return lower(name) in set(map(lower, names))
