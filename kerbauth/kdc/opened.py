"""What a ticket that our key has opened is believed to say."""

from typing import Final

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proof, Proved, Refused, Unavailable
from kerbauth.core.principal import MalformedPrincipalError, Principal
from kerbauth.core.reasons import Reason

CLOCK_SKEW: Final = 300.0
"""Seconds that two clocks may differ: what Kerberos itself allows (`clockskew` of krb5.conf(5)), and SPNEGO logins get."""


def believed(client: bytes, service: bytes, stage: Stage) -> Proof:
    """The principal that a ticket vouches for, if the KDC that issued it may vouch for it. Both names in text form.

    A KDC can put any client name of any realm into a ticket for our principal in its own realm, so each realm's KDC is believed about
    its own realm's users only: the realm of the client must be the realm of our key that opened the ticket.
    """
    try:
        principal, issuer = Principal.parse(client.decode()), Principal.parse(service.decode()).realm
    except (MalformedPrincipalError, UnicodeDecodeError):
        return Refused(Reason.NO_USER_MAPPING, stage, proved=True, diagnostic="the proved name cannot be read as a principal")
    if principal.realm != issuer:
        diagnostic = f"the KDC of {issuer} vouches for {principal}; it is believed about users of {issuer} only"
        return Refused(Reason.WRONG_REALM, stage, proved=True, diagnostic=diagnostic)
    return Proved(principal)


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
