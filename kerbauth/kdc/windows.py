"""Who the owner of a ticket is in a realm of kind ad: what its verified PAC says, where that agrees with the ticket."""

from collections.abc import Container
from typing import Final

from kerbauth.core.account import WindowsAccount
from kerbauth.core.codes.model import Stage
from kerbauth.core.messages import N_
from kerbauth.core.outcome import Notice, Proof, Proved, Refused, Severity
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.sid import Sid, domain_of
from kerbauth.core.text import lower
from kerbauth.kdc.pac.agreement import Disagrees, agreement
from kerbauth.kdc.pac.reader import Pac, PacProblem
from kerbauth.kdc.realm import KerberosRealm

MACHINE: Final = N_("The account is a machine's. Machines do not log in here.")


def account_proved(
    principal: Principal, pac: Pac | PacProblem | None, home: KerberosRealm, domains: Container[Sid] | None, stage: Stage, fault: str = ""
) -> Proof:
    """What a ticket for `principal` with this PAC proves in its realm `home`. `fault`: why a PAC that is there does not count.

    The proved principal is the PAC's: the sAMAccountName as the directory spells it, whatever name of the account was asked for. Of its
    groups those count that are in `domains`, about which the KDC that made the PAC is believed; None: all.
    """
    if not isinstance(pac, Pac):
        return _unverified(stage, principal, pac.sentence if pac is not None else fault or "the ticket holds no PAC")
    agrees = agreement(pac, principal)
    doubt = agrees.sentence if isinstance(agrees, Disagrees) else _elsewhere(pac, home) or _not_itself(pac, home)
    if doubt:
        return _unverified(stage, principal, doubt)
    proved = Principal((pac.user,), principal.realm)  # the reader has refused an empty name, NUL and lone surrogates
    if pac.is_machine:
        notice = Notice(Severity.INFO, Reason.NO_USER_MAPPING, MACHINE)
        return Refused(Reason.NO_USER_MAPPING, stage, proved=True, diagnostic=f"{proved}: {MACHINE}", notices=(notice,))
    groups = frozenset(group for group in pac.groups if domains is None or domain_of(group) in domains)
    return Proved(proved, account=WindowsAccount(pac.user, pac.domain, pac.user_sid, groups))


def _elsewhere(pac: Pac, home: KerberosRealm) -> str:
    """Why the account is not one of the domain `home`, or cannot be told to be; empty if it is.

    Domain controllers tell their domain's name in DNS since Windows Server 2008, and `agreement` has compared it. Without it, what the
    settings say of the domain has to do.
    """
    if home.domain_sid is not None and not _is_member(pac, home):
        return f"the account's SID is not one of the domain_sid of {home.name}"
    if home.netbios is not None and lower(pac.domain) != lower(home.netbios):
        return f"the account's domain is not the netbios of {home.name}"
    if pac.names is None and home.domain_sid is None and home.netbios is None:
        return f"nothing tells that the account is one of {home.name}: the PAC has no UPN_DNS_INFO; say netbios or domain_sid"
    return ""


def _not_itself(pac: Pac, home: KerberosRealm) -> str:
    """Why the account has not come itself; empty if it has.

    By constrained delegation a service gets tickets to us in the name of others, with protocol transition (MS-SFU 3.2.5.1.1) of anybody it
    names, who need not know of it.
    """
    return "a service got the ticket in the account's name, by delegation" if pac.delegated and not home.accept_delegated else ""


def _is_member(pac: Pac, home: KerberosRealm) -> bool:
    return domain_of(pac.user_sid) == home.domain_sid


def _unverified(stage: Stage, principal: Principal, why: str) -> Refused:
    return Refused(Reason.NO_VERIFIED_PAC, stage, proved=True, diagnostic=f"{principal}: {why}")
