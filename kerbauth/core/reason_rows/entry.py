"""Refused: single sign-on, permission, the calling program and the request itself."""

from typing import Final

from kerbauth.core.messages import N_
from kerbauth.core.reason_rows.row import rows
from kerbauth.core.reasons import Kind, Reason, ReasonInfo, Retry

INFOS: Final[tuple[ReasonInfo, ...]] = (
    *rows(
        Kind.REFUSED,
        (401,),
        Retry.YES,
        (
            Reason.CLOCK_SKEW,
            N_("Wrong computer clock"),
            N_("The clock of your computer is wrong. Set the right time and try again."),
            N_(
                "The client's clock differs from this machine's by more than clockskew, usually five minutes. If it happens to "
                "everybody, the clock here is the wrong one."
            ),
        ),
    ),
    *rows(
        Kind.REFUSED,
        (401,),
        Retry.FRESH_TOKEN,
        (
            Reason.TICKET_EXPIRED,
            N_("Single sign-on expired"),
            N_("Your single sign-on has expired. Lock and unlock your computer, or sign in with your password."),
            N_("The client sent a ticket whose lifetime is over. If it happens to everybody, this machine's clock is ahead."),
        ),
        (
            Reason.TICKET_REPLAYED,
            N_("Sign-in sent twice"),
            N_("The same sign-in was sent twice. Try again."),
            N_(
                "The replay cache has seen this token: a proxy or a client sent it again, or somebody replays a recorded one. Look "
                "where both requests came from."
            ),
        ),
        (
            Reason.TICKET_NOT_FOR_US,
            N_("Ticket for another service"),
            N_("Single sign-on is not set up for the address you used. Use the usual address, or sign in with your password."),
            N_(
                "The browser asked for the SPN of the address it uses (an alias, a load balancer's name). "
                "Add that SPN to the keytab and to also_accept."
            ),
        ),
        (
            Reason.BAD_TOKEN,
            N_("Single sign-on failed"),
            N_("Your computer's single sign-on could not be read. Try again, or sign in with your password."),
            N_("The token is damaged, made up, or for a mechanism that is not accepted here. The log line has the code."),
        ),
        (
            Reason.TOKEN_TOO_LARGE,
            N_("Sign-in token too large"),
            N_("Your computer sent more for single sign-on than can be read here. Sign in with your password, or ask your administrator."),
            N_("The token is over the limit of about 64 kB, which is Windows' own; the user is in very many groups."),
        ),
        (
            Reason.NTLM_NOT_SUPPORTED,
            N_("NTLM not supported"),
            N_(
                "Your computer offered a kind of single sign-on that is not accepted here. Sign in "
                "with your password, or ask your administrator."
            ),
            N_(
                "The client fell back to NTLM: it has no Kerberos ticket for the address it uses. Check the SPN (`setspn -Q HTTP/host`), "
                "that the address is a name and not a number, and the browser's list of trusted sites."
            ),
        ),
        (
            Reason.CHANNEL_BINDING,
            N_("Connection not bound"),
            N_("Your sign-in came through another connection than the one it was made for. Connect directly, or ask your administrator."),
            N_(
                "The token is bound to another TLS certificate: a proxy ends TLS in between, whose certificate must stand in "
                "`server.channel_binding_certificates`, or somebody is in the path. Or it is bound to none, and `server.channel_binding` "
                "requires it."
            ),
        ),
        (
            Reason.NO_VERIFIED_PAC,
            N_("Account details unverified"),
            N_("The details of your account could not be verified. Sign in with your password, or ask your administrator."),
            N_(
                "In Active Directory a ticket's name counts only with the account's description (PAC) in it. It is missing, its "
                "signature is wrong, or it is about another account or domain; the log line says which."
            ),
        ),
    ),
    *rows(
        Kind.REFUSED,
        (403,),
        Retry.NO,
        (
            Reason.NO_USER_MAPPING,
            N_("No matching user"),
            N_("You are known, but your name leads to no user of this system. Ask your administrator."),
            N_(
                "No rule maps the proved principal, or what it maps to is reserved or already another principal's. `kerbauth map NAME` "
                "shows which rule decides."
            ),
        ),
        (
            Reason.UNKNOWN_GENESYS_USER,
            N_("Unknown Genesys user"),
            N_("You are known, but you are no user of this system. Ask your administrator to add you."),
            N_("The permission source has no person of the user name that the principal maps to."),
        ),
        (
            Reason.USER_DISABLED,
            N_("Genesys user disabled"),
            N_("Your user is disabled in this system. Ask your administrator to enable it."),
            N_("The person's state is disabled in the permission source; the Kerberos account is fine."),
        ),
        (
            Reason.NOT_EXTERNAL,
            N_("Not an external user"),
            N_("Your user signs in with this system's own password. Ask your administrator if that should change."),
            N_("The person is not set up for external authentication: no External ID, or kept internal by person, tenant or server."),
        ),
        (
            Reason.UNKNOWN_APPLICATION,
            N_("Unknown application"),
            N_("The application you want to sign in to is not known here. Ask your administrator."),
            N_("The permission source has no application of this name in this tenant."),
        ),
        (
            Reason.APPLICATION_DISABLED,
            N_("Application disabled"),
            N_("The application you want to sign in to is disabled. Ask your administrator."),
            N_("The application's state is disabled in the permission source."),
        ),
        (
            Reason.NOT_PERMITTED,
            N_("No permission"),
            N_("You may not use this application. Ask your administrator for permission."),
            N_("The user lacks Read and Execute on the application, both of which are needed, by a grant of their own or of a group."),
        ),
    ),
    *rows(
        Kind.REFUSED,
        (401, 403),
        Retry.NO,
        (
            Reason.CLIENT_NOT_ALLOWED,
            N_("Caller not allowed"),
            N_("The program you use may not sign users in here. Ask your administrator."),
            N_("The caller's token, certificate or address is none of [clients], or it asked for more than its entry allows."),
        ),
    ),
    *rows(
        Kind.REFUSED,
        (429,),
        Retry.YES,
        (
            Reason.THROTTLED,
            N_("Too many attempts"),
            N_("There were too many failed attempts. Wait a minute and try again."),
            N_("Refused here, by [throttle], so that the account is not locked at the KDC. No KDC was given the password."),
        ),
    ),
    *rows(
        Kind.REFUSED,
        (400, 413, 415, 422, 431),
        Retry.NO,
        (
            Reason.MALFORMED_REQUEST,
            N_("Request not understood"),
            N_("The request could not be understood. Report it to your administrator."),
            N_("The calling program sent something else than the interface describes; see /docs. No KDC was asked."),
        ),
    ),
)
