"""Unavailable: it could not be found out. And the warnings that come with a granted login.

A user who reads one of these must not think that the password was wrong.
"""

from typing import Final

from kerbauth.core.messages import N_
from kerbauth.core.reason_rows.row import rows
from kerbauth.core.reasons import Kind, Reason, ReasonInfo, Retry

INFOS: Final[tuple[ReasonInfo, ...]] = (
    *rows(
        Kind.UNAVAILABLE,
        (503,),
        Retry.YES,
        (
            Reason.KDC_UNREACHABLE,
            N_("Sign-in server unreachable"),
            N_("Your sign-in could not be checked because no sign-in server answered. Try again in a few minutes."),
            N_("No KDC of the realm answered within the deadline. Check their addresses, name resolution and port 88 over TCP and UDP."),
        ),
        (
            Reason.KDC_BUSY,
            N_("Sign-in server busy"),
            N_("Your sign-in could not be checked because the sign-in server is busy. Try again in a moment."),
            N_("The KDC said that it cannot serve now. Look at its load and its database."),
        ),
        (
            Reason.KDC_ERROR,
            N_("Sign-in server error"),
            N_("Your sign-in could not be checked because the sign-in server failed. Try again, and tell your administrator if it stays."),
            N_("The KDC answered with an error of its own; its log has the cause, and our log line the code."),
        ),
        (
            Reason.OVERLOADED,
            N_("Service overloaded"),
            N_("Too many people are signing in right now. Try again in a moment."),
            N_(
                "Too many logins were under way or waiting with this realm (max_concurrent, max_waiting), or too many connections "
                "were open (server.max_connections)."
            ),
        ),
        (
            Reason.PERMISSION_SOURCE,
            N_("Permissions not available"),
            N_("Your permissions could not be looked up. Try again in a few minutes."),
            N_("The permission source did not answer, or not understandably. The user's password was right."),
        ),
        (
            Reason.AUDIT,
            N_("Audit not available"),
            N_("Your sign-in could not be recorded, so it was not let through. Try again, and tell your administrator if it stays."),
            N_("The audit line could not be written: check [audit], the disk and the file's owner. Nobody is let in without a record."),
        ),
    ),
    *rows(
        Kind.UNAVAILABLE,
        (503,),
        Retry.NO,
        (
            Reason.KDC_NOT_TRUSTED,
            N_("Sign-in server not trusted"),
            N_("The sign-in server could not prove that it is the real one, so your sign-in was stopped. Tell your administrator."),
            N_(
                "Its answer does not fit our keytab. Either the service's key was changed without a new kvno (`klist -kte KEYTAB` "
                "against `kvno HTTP/host`), or somebody pretends to be the KDC: treat it as an attack until that is ruled out. "
                'Or the KDC is a domain controller, and the realm says kind = "mit".'
            ),
        ),
    ),
    *rows(
        Kind.UNAVAILABLE,
        (503,),
        Retry.AFTER_REPAIR,
        (
            Reason.KEYTAB,
            N_("Service key missing"),
            N_("Signing in is not possible right now because this service is not set up correctly. Tell your administrator."),
            N_("The keytab is missing, unreadable, damaged, or without a key for the service principal: `kerbauth keytab show FILE`."),
        ),
        (
            Reason.SERVICE_PRINCIPAL,
            N_("Service account problem"),
            N_("Signing in is not possible right now because this service's account has a problem. Tell your administrator."),
            N_(
                "The KDC gives no ticket for our service principal: not registered, registered twice, disabled or expired. `setspn -Q "
                "HTTP/host` and `setspn -X`, or `kadmin getprinc HTTP/host`; see krbtgt/REALM too."
            ),
        ),
        (
            Reason.SERVICE_KEYS,
            N_("Service key outdated"),
            N_("Signing in is not possible right now because this service's key is out of date. Tell your administrator."),
            N_(
                "The keytab lacks the key version or encryption type that the KDC uses. Compare `klist -kte KEYTAB` with `kvno "
                "HTTP/host` and create a new keytab that keeps the previous key."
            ),
        ),
        (
            Reason.SERVER_CLOCK,
            N_("Server clock wrong"),
            N_("Signing in is not possible right now because a server's clock is wrong. Tell your administrator."),
            N_("The clock of this machine and the KDC's differ: see `chronyc tracking` or `timedatectl` on both."),
        ),
        (
            Reason.TRUST_PATH,
            N_("Domains not connected"),
            N_("Users of your domain cannot sign in here at the moment. Tell your administrator."),
            N_("No trust leads from the user's realm to the service's, or policy refuses the path: check the trusts and [capaths]."),
        ),
    ),
    *rows(
        Kind.UNAVAILABLE,
        (503, 500),  # an answer that could not be had is 503; 500 is the door's own for what nothing else caught
        Retry.UNKNOWN,
        (
            Reason.INTERNAL,
            N_("Internal error"),
            N_("Something went wrong while you were signing in. Try again, and tell your administrator if it stays."),
            N_("A fault in kerbauth, or a code that no table knows. The log line has the correlation id and the code: report it."),
        ),
    ),
    *rows(
        Kind.WARNING,
        (200,),
        Retry.NO,
        (
            Reason.PASSWORD_EXPIRES_SOON,
            N_("Password expires soon"),
            N_("Your password expires soon. Change it before it does."),
            N_("The KDC said so with the ticket. An MIT KDC does not tell a password's end from an account's."),
        ),
        (
            Reason.ACCOUNT_EXPIRES_SOON,
            N_("Account expires soon"),
            N_("Your account expires soon. Ask your administrator to extend it."),
            N_("The KDC said so with the ticket."),
        ),
        (
            Reason.KDC_FAILOVER,
            N_("Sign-in server replaced"),
            N_("One sign-in server did not answer and another one took over. You need not do anything."),
            N_("The KDC that is asked first did not answer in time. Look at it before the next one fails too."),
        ),
    ),
)
