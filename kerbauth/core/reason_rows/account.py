"""Refused: the name, the password, the account, and changing a password.

The texts for the user say what happened and what to do, in that order, and name no technique: they are read at a login
dialog.
"""

from typing import Final

from kerbauth.core.messages import N_
from kerbauth.core.reason_rows.row import rows
from kerbauth.core.reasons import Kind, Reason, ReasonInfo, Retry

INFOS: Final[tuple[ReasonInfo, ...]] = (
    *rows(
        Kind.REFUSED,
        (401,),
        Retry.NO,
        (
            Reason.BAD_CREDENTIALS,
            N_("Wrong name or password"),
            N_("The user name or password is wrong. Check both and try again."),
            N_(
                "The KDC refused the password; the attempt counts towards the account's lockout. An MIT KDC logs PREAUTH_FAILED, Active "
                "Directory event 4771 with code 0x18. Callers under guarded disclosure get this answer for every state of an account."
            ),
        ),
        (
            Reason.UNKNOWN_REALM,
            N_("Unknown domain"),
            N_("Users of this domain cannot sign in here. Check the part after the @ or before the backslash."),
            N_(
                'No [realms."…"] of the settings has this realm, NetBIOS name or UPN suffix, so no KDC was asked. Add it there if its '
                "users should be let in."
            ),
        ),
    ),
    *rows(
        Kind.REFUSED,
        (401,),
        Retry.NO,
        (
            Reason.UNKNOWN_USER,
            N_("Unknown user"),
            N_("There is no account of this name. Check the spelling, and the domain if you typed one."),
            N_(
                "The KDC knows no such principal. Check spelling, realm, UPN suffix and replication; an MIT KDC tells upper from lower "
                "case, which names.case can fold."
            ),
        ),
        (
            Reason.PASSWORD_EXPIRED,
            N_("Password expired"),
            N_("Your password has expired. Change it, then sign in again."),
            N_(
                "The old password was right but is over. Let the user change it; see the realm's password policy if it comes too soon. "
                "It is told to everybody only once the old password was proved."
            ),
        ),
        (
            Reason.PASSWORD_MUST_CHANGE,
            N_("Password change required"),
            N_("Your password must be changed before you can go on. Change it, then sign in again."),
            N_(
                'The account is marked to change its password at the next sign-in (MIT: needchange; Active Directory: "User must change '
                'password at next logon"). It is told to everybody only once the old password was proved.'
            ),
        ),
        (
            Reason.ACCOUNT_DISABLED,
            N_("Account disabled"),
            N_("Your account is disabled. Ask your administrator to enable it."),
            N_("Enable the account: `Enable-ADAccount USER`, or `kadmin modprinc +allow_tix USER`."),
        ),
        (
            Reason.ACCOUNT_LOCKED,
            N_("Account locked"),
            N_("Your account is locked after too many wrong passwords. Wait a while, or ask your administrator to unlock it."),
            N_(
                "Unlock it with `Unlock-ADAccount USER` or `kadmin modprinc -unlock USER`, and find out where the wrong passwords came "
                "from: a program with an old password, or an attack."
            ),
        ),
        (
            Reason.ACCOUNT_EXPIRED,
            N_("Account expired"),
            N_("Your account has expired. Ask your administrator to extend it."),
            N_("Extend the account: `Set-ADAccountExpiration USER -DateTime DATE`, or `kadmin modprinc -expire DATE USER`."),
        ),
        (
            Reason.ACCOUNT_NOT_YET_VALID,
            N_("Account not yet valid"),
            N_("Your account cannot be used yet. Ask your administrator from which day on it is valid."),
            N_("The account's start date lies ahead: see it in the directory, and compare the KDC's clock."),
        ),
        (
            Reason.LOGON_HOURS,
            N_("Outside logon hours"),
            N_("Your account may not sign in at this time. Try again within your hours, or ask your administrator."),
            N_("The account's logon hours in Active Directory exclude this time of the week."),
        ),
        (
            Reason.LOGON_WORKSTATION,
            N_("Workstation not allowed"),
            N_("Your account may only sign in from certain computers, and this is none of them. Ask your administrator."),
            N_("The account's \"Log On To\" list in Active Directory (userWorkstations) does not name this service's machine."),
        ),
        (
            Reason.ACCOUNT_RESTRICTED,
            N_("Account cannot sign in"),
            N_("Your account cannot sign in at the moment; it may be locked, disabled, expired or restricted. Ask your administrator."),
            N_(
                "The KDC said 18 (revoked) or 12 (policy) and no more. See the account's state: `kadmin getprinc USER`, or `Get-ADUser "
                "USER -Properties LockedOut,Enabled,AccountExpirationDate`."
            ),
        ),
        (
            Reason.ACCOUNT_KEYS,
            N_("Account keys unusable"),
            N_("Your account cannot be used here as it is. Change your password, and ask your administrator if that does not help."),
            N_(
                "The account has no key of a permitted encryption type, mostly RC4 only. A new password creates AES keys; in Active "
                "Directory see msDS-SupportedEncryptionTypes."
            ),
        ),
        (
            Reason.PREAUTH_REQUIRED,
            N_("Other method required"),
            N_("Your account needs a smart card, a one-time code or another step that is not offered here. Ask your administrator."),
            N_("The KDC accepts no password alone for this account. Allow it one, or let the user sign in by single sign-on."),
        ),
        (
            Reason.WRONG_REALM,
            N_("Account in another domain"),
            N_("Your account belongs to another domain. Sign in with your full name, such as alice@example.com."),
            N_(
                "The KDC referred to a realm that is not configured, or it vouches for a user of a realm that its settings do not name in "
                "`trusts`. Configure the one or the other if those users should be let in."
            ),
        ),
        guarded=True,
    ),
    *rows(
        Kind.REFUSED,
        (422,),
        Retry.NO,
        (
            Reason.EMPTY_PASSWORD,
            N_("Password missing"),
            N_("No password was entered. Enter your password and try again."),
            N_("Refused here: no KDC was asked. Some directories take an empty password for an anonymous login."),
        ),
        (
            Reason.PASSWORD_TOO_LONG,
            N_("Password too long"),
            N_("The password is too long to be checked here. Check that nothing else was pasted into the field."),
            N_("The limit is 1024 bytes in UTF-8. Refused here: a password is never cut, and no KDC was asked."),
        ),
        (
            Reason.MALFORMED_NAME,
            N_("Malformed user name"),
            N_("The user name cannot be read. Enter it like alice or alice@example.com."),
            N_(
                "It is empty, longer than 512 characters, or holds control characters, two @ signs or a broken escape. `kerbauth map NAME` "
                "shows how a name is read. No KDC was asked."
            ),
        ),
        (
            Reason.PASSWORD_REJECTED,
            N_("New password rejected"),
            N_("The new password was not accepted. Choose a longer one that you have not used before."),
            N_("The realm's password policy refused it; the KDC's own words, where it sent any, come along as a further message."),
        ),
    ),
)
