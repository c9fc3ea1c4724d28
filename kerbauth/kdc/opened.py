"""What a ticket that our key has opened is believed to say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proof, Proved, Refused, Unavailable
from kerbauth.core.principal import MalformedPrincipalError, Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.sid import Sid
from kerbauth.kdc.pac.reader import Pac, read_pac
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.windows import account_proved
from kerbauth.settings import RealmKind

CLOCK_SKEW: Final = 300.0
"""Seconds that two clocks may differ: what Kerberos itself allows (`clockskew` of krb5.conf(5)), and SPNEGO logins get."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that our key has opened: its client and the service it is for, in text form.

    `pac` is the PAC in it, and there only if its signature is right; `pac_fault` says why one that is there does not count.
    """

    client: bytes
    service: bytes
    stage: Stage
    pac: bytes | None = field(repr=False)
    pac_fault: str = ""


class Believing:
    """Whom each realm's KDC is believed about, and what a ticket has to hold for that. Used by both doors; safe in several threads.

    A KDC can put any client name of any realm into a ticket for our principal in its own realm. So it is believed about its own realm's
    users and groups, and about those of the realms that its settings name in `trusts`.

    In a realm of kind ad the ticket's name alone proves nothing: a domain controller takes `ceo` for the computer `ceo$` if no user has
    that name, and whoever may make computer accounts is then anybody (CVE-2020-25717). The PAC says whose account it is.
    """

    def __init__(self, realms: Mapping[str, KerberosRealm]) -> None:
        self._realms = realms
        self._spoken_for = {realm.name: _spoken_for(realm, realms) for realm in realms.values()}
        self._controllers: set[str] = set()

    def proof(self, ticket: Ticket) -> Proof:
        """What the ticket proves. Raises nothing."""
        try:
            principal, issuer = Principal.parse(ticket.client.decode()), Principal.parse(ticket.service.decode()).realm
        except (MalformedPrincipalError, UnicodeDecodeError):
            return Refused(Reason.NO_USER_MAPPING, ticket.stage, proved=True, diagnostic="the proved name cannot be read as a principal")
        by, home = self._realms.get(issuer), self._realms.get(principal.realm)
        if by is None or home is None or principal.realm not in {issuer, *by.trusts}:
            whom = " and ".join([issuer, *(by.trusts if by is not None else ())])
            diagnostic = f"the KDC of {issuer} vouches for {principal}; it is believed about users of {whom} only"
            return Refused(Reason.WRONG_REALM, ticket.stage, proved=True, diagnostic=diagnostic)
        pac = read_pac(ticket.pac) if ticket.pac is not None else None
        if home.kind is RealmKind.AD:
            return account_proved(principal, pac, home, self._spoken_for[issuer], ticket.stage, ticket.pac_fault)
        if isinstance(pac, Pac) and principal.realm == issuer:
            self._controllers.add(issuer)
        if issuer in self._controllers and by.kind is RealmKind.MIT:
            return _not_mit(issuer, ticket.stage)
        return Proved(principal)


def _spoken_for(realm: KerberosRealm, realms: Mapping[str, KerberosRealm]) -> frozenset[Sid] | None:
    """The domains about whose groups the KDC of `realm` is believed; None: about any, where no other is configured that could have its own.

    Where there are several, each says its `domain_sid`: the settings see to that.
    """
    if sum(each.kind is RealmKind.AD for each in realms.values()) <= 1:
        return None
    believed = (realm, *(realms[name] for name in realm.trusts if name in realms))
    return frozenset(each.domain_sid for each in believed if each.domain_sid is not None)


def _not_mit(realm: str, stage: Stage) -> Unavailable:
    """The answer in a realm of kind mit whose KDC has been seen to be a domain controller.

    From then on to everybody: under kind mit what makes names safe there is not looked at, and a ticket without PAC is had for the asking.
    """
    diagnostic = (
        f"the KDC of {realm} describes Windows accounts in its tickets: it is a domain controller (or FreeIPA's), whose names prove "
        f'nothing without that. Say kind = "ad" in [realms."{realm}"]'
    )
    return Unavailable(Reason.KDC_NOT_TRUSTED, stage, diagnostic=diagnostic, alarm=True)


def not_of_now(authtime: int, began: float, now: float) -> Unavailable | None:
    """The answer where a ticket was not issued in this login, by our own clock; None where it can have been. All in seconds since 1970.

    libkrb5 measures a ticket by the clock of whoever answered (`kdc_timesync`). Somebody in the KDC's place can say any time, and hand out
    an old ticket for our service, whose session key its owner has kept: it would open with our key for as long as we have that.
    """
    if began - CLOCK_SKEW <= authtime <= now + CLOCK_SKEW:
        return None
    apart = authtime - now
    diagnostic = (
        f"the ticket that came is dated {abs(apart):.0f} seconds {'ahead of' if apart > 0 else 'behind'} our clock: "
        "one of the clocks is wrong, or somebody handed out an old ticket"
    )
    return Unavailable(Reason.SERVER_CLOCK, Stage.VERIFY, diagnostic=diagnostic, alarm=True)
