"""NTSTATUS values that a domain controller puts beside a KRB-ERROR (MS-KILE 2.2.1, MS-ERREF 2.3).

They say what codes 18, 12 and 23 leave open. Like every KRB-ERROR they are not authenticated: they choose words, never
a grant.
"""

from functools import partial
from typing import Final

from kerbauth.core.codes.model import Entry, Family, Stage
from kerbauth.core.codes.rows import ADMIN, ATTACKER, CLOCK, NETWORK, NOBODY, SOFTWARE, USER, group, ticket
from kerbauth.core.reasons import Reason, Retry

_status = partial(group, Family.NTSTATUS, 0, also=lambda _number, name: (f"NT_{name}",))

# No KDC is asked while a token is accepted, and no library of ours makes an NTSTATUS: one that shows up there is a
# fault here.
_WHILE_ACCEPTING: Final = {Stage.ACCEPT: Reason.INTERNAL}

ENTRIES: Final[tuple[Entry, ...]] = (
    *_status(
        (0x00000000, "STATUS_SUCCESS", "No error."),
        by=(NOBODY,),
        do="Nothing: this is success and never ends a login.",
        retry=Retry.UNKNOWN,
        reason=None,
    ),
    *_status(
        (0xC0000072, "STATUS_ACCOUNT_DISABLED", "The account is disabled."),
        by=(ADMIN,),
        do="`Enable-ADAccount USER`, if it should be enabled.",
        retry=Retry.NO,
        reason=Reason.ACCOUNT_DISABLED,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (0xC0000234, "STATUS_ACCOUNT_LOCKED_OUT", "The account is locked after too many wrong passwords."),
        by=(USER, ATTACKER),
        do="`Unlock-ADAccount USER`; `Get-ADUser USER -Properties BadLogonCount,LastBadPasswordAttempt` "
        "and event 4740 say where they came from.",
        retry=Retry.NO,
        reason=Reason.ACCOUNT_LOCKED,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (0xC0000193, "STATUS_ACCOUNT_EXPIRED", "The account's expiration date has passed."),
        by=(ADMIN,),
        do="`Set-ADAccountExpiration USER -DateTime DATE`, or `Clear-ADAccountExpiration USER`.",
        retry=Retry.NO,
        reason=Reason.ACCOUNT_EXPIRED,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (
            0xC000006F,
            "STATUS_INVALID_LOGON_HOURS",
            "The account may not sign in at this time of the week. It is sent without a look at the password.",
        ),
        by=(ADMIN,),
        do="See the account's logon hours (`Get-ADUser USER -Properties logonHours`).",
        retry=Retry.NO,
        reason=Reason.LOGON_HOURS,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (
            0xC0000070,
            "STATUS_INVALID_WORKSTATION",
            "The account may only sign in from certain computers, and this service is none of them.",
        ),
        by=(ADMIN,),
        do='Add the machine to the account\'s "Log On To" list (`userWorkstations`), or empty the list.',
        retry=Retry.NO,
        reason=Reason.LOGON_WORKSTATION,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (0xC0000071, "STATUS_PASSWORD_EXPIRED", "The password has expired."),
        by=(USER,),
        do="Let the user change the password.",
        retry=Retry.NO,
        reason=Reason.PASSWORD_EXPIRED,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (
            0xC0000224,
            "STATUS_PASSWORD_MUST_CHANGE",
            "An administrator has asked for the password to be changed at the next sign-in.",
        ),
        by=(USER,),
        do="Let the user change the password.",
        retry=Retry.NO,
        reason=Reason.PASSWORD_MUST_CHANGE,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (
            0xC000006E,
            "STATUS_ACCOUNT_RESTRICTION",
            "A restriction of the account forbids it, such as Protected Users or an authentication policy.",
        ),
        (0xC000015B, "STATUS_LOGON_TYPE_NOT_GRANTED", "The account may not sign in in this way."),
        (
            0xC0000413,
            "STATUS_AUTHENTICATION_FIREWALL_FAILED",
            "Selective authentication or an authentication silo keeps the account from this service.",
        ),
        (0xC0000364, "STATUS_ACCESS_DISABLED_BY_POLICY_OTHER", "A policy forbids it."),
        by=(ADMIN,),
        do='See the account\'s authentication policy and silo, its group memberships, and "Allowed to authenticate" on the trust.',
        retry=Retry.NO,
        reason=Reason.ACCOUNT_RESTRICTED,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (
            0xC0000198,
            "STATUS_NOLOGON_INTERDOMAIN_TRUST_ACCOUNT",
            "The account belongs to a trust between domains, not to a person.",
        ),
        (0xC0000199, "STATUS_NOLOGON_WORKSTATION_TRUST_ACCOUNT", "The account belongs to a computer, not to a person."),
        (
            0xC000019A,
            "STATUS_NOLOGON_SERVER_TRUST_ACCOUNT",
            "The account belongs to a domain controller, not to a person.",
        ),
        by=(USER, ATTACKER),
        do="Nothing, if it was a mistake. A person has no reason to sign in with such an account.",
        retry=Retry.NO,
        reason=Reason.ACCOUNT_RESTRICTED,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (0xC00002FA, "STATUS_SMARTCARD_LOGON_REQUIRED", "The account may only sign in with a smart card."),
        (
            0xC0000351,
            "STATUS_UNSUPPORTED_PREAUTH",
            "The account needs a kind of pre-authentication that was not offered.",
        ),
        (0xC00002F8, "STATUS_NO_PA_DATA", "The account needs pre-authentication, and none was sent."),
        (0xC00002F9, "STATUS_PKINIT_NAME_MISMATCH", "The certificate belongs to another user."),
        (0xC0000320, "STATUS_PKINIT_FAILURE", "Signing in with a certificate failed."),
        (0xC000038A, "STATUS_ISSUING_CA_UNTRUSTED", "The issuer of the certificate is not trusted."),
        (0xC000040E, "STATUS_KDC_CERT_EXPIRED", "The domain controller's certificate has expired."),
        (0xC000040F, "STATUS_KDC_CERT_REVOKED", "The domain controller's certificate has been revoked."),
        by=(ADMIN,),
        do='Untick "Smart card is required for interactive logon", or let the user sign in by single sign-on.',
        retry=Retry.NO,
        reason=Reason.PREAUTH_REQUIRED,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (0xC00002FD, "STATUS_KDC_UNKNOWN_ETYPE", "The account has no key of an encryption type that both sides know."),
        by=(ADMIN,),
        do="For a user: let the password be changed, which creates AES keys. For our service: set msDS-SupportedEncryptionTypes to 0x18 "
        "and create a new keytab.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.ACCOUNT_KEYS,
        at={**ticket(Reason.SERVICE_KEYS), **_WHILE_ACCEPTING},
    ),
    *_status(
        (0xC000006A, "STATUS_WRONG_PASSWORD", "The password is wrong."),
        (0xC000006D, "STATUS_LOGON_FAILURE", "The user name or the password is wrong."),
        by=(USER, ATTACKER),
        do="Nothing, if it stays with a few. Many names from one address are an attack: see event 4771.",
        retry=Retry.NO,
        reason=Reason.BAD_CREDENTIALS,
        at={**ticket(Reason.KDC_ERROR), **_WHILE_ACCEPTING},
    ),
    *_status(
        (0xC0000064, "STATUS_NO_SUCH_USER", "The directory holds no user of this name."),
        by=(USER,),
        do="Check spelling, realm and UPN suffix; a new account may not have been replicated yet.",
        retry=Retry.NO,
        reason=Reason.UNKNOWN_USER,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (0xC000006C, "STATUS_PASSWORD_RESTRICTION", "Policy refuses the new password."),
        (0xC000006B, "STATUS_ILL_FORMED_PASSWORD", "The new password holds characters that it must not hold."),
        by=(USER,),
        do="Tell users the rules: `Get-ADDefaultDomainPasswordPolicy`, `Get-ADFineGrainedPasswordPolicy`.",
        retry=Retry.NO,
        reason=Reason.KDC_ERROR,
        at={Stage.KPASSWD: Reason.PASSWORD_REJECTED, **_WHILE_ACCEPTING},
    ),
    *_status(
        (0xC0000133, "STATUS_TIME_DIFFERENCE_AT_DC", "The clock here and the domain controller's differ too much."),
        by=(CLOCK,),
        do="Set the clock of this machine (`chronyc tracking`, `timedatectl`) and the domain controllers' (`w32tm /query /status`).",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVER_CLOCK,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (0xC000005E, "STATUS_NO_LOGON_SERVERS", "No domain controller that could answer was found."),
        (0xC0000233, "STATUS_DOMAIN_CONTROLLER_NOT_FOUND", "The domain controller that would be needed was not found."),
        by=(NETWORK, ADMIN),
        do="The domain controller that answered cannot reach another one: check replication, sites and trusts.",
        retry=Retry.YES,
        reason=Reason.KDC_UNREACHABLE,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (0xC0000192, "STATUS_NETLOGON_NOT_STARTED", "The domain controller's logon service is not running."),
        (0xC000009A, "STATUS_INSUFFICIENT_RESOURCES", "The domain controller is short of memory or another resource."),
        by=(ADMIN,),
        do="Look at the domain controller that answered.",
        retry=Retry.YES,
        reason=Reason.KDC_BUSY,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (0xC000018B, "STATUS_NO_TRUST_SAM_ACCOUNT", "The account behind a trust does not exist."),
        (0xC000018C, "STATUS_TRUSTED_DOMAIN_FAILURE", "The trust between two domains failed."),
        (0xC000018D, "STATUS_TRUSTED_RELATIONSHIP_FAILURE", "The trust between a machine and its domain failed."),
        (0xC00000DF, "STATUS_NO_SUCH_DOMAIN", "The domain does not exist."),
        (0xC00002FC, "STATUS_KDC_UNABLE_TO_REFER", "The KDC could not refer to another domain."),
        (0xC00002F4, "STATUS_MAX_REFERRALS_EXCEEDED", "The chain of referrals between domains is too long."),
        by=(ADMIN,),
        do="Check the trusts: `Get-ADTrust -Filter *`, `nltest /sc_verify:DOMAIN`.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.TRUST_PATH,
        at=_WHILE_ACCEPTING,
    ),
    *_status(
        (0xC0000418, "STATUS_NTLM_BLOCKED", "NTLM is blocked."),
        by=(ADMIN,),
        do="The client tries NTLM: check that it can get a Kerberos ticket for the address it uses.",
        retry=Retry.NO,
        reason=Reason.KDC_ERROR,
        at={Stage.ACCEPT: Reason.NTLM_NOT_SUPPORTED, Stage.VERIFY: Reason.INTERNAL},
    ),
    *_status(
        (0xC0000001, "STATUS_UNSUCCESSFUL", "The domain controller failed without saying why."),
        (0xC000000D, "STATUS_INVALID_PARAMETER", "The domain controller did not like the request."),
        (0xC0000022, "STATUS_ACCESS_DENIED", "The domain controller was denied access to something."),
        (0xC00000BB, "STATUS_NOT_SUPPORTED", "The domain controller does not support the request."),
        (0xC00000E5, "STATUS_INTERNAL_ERROR", "The domain controller failed inside."),
        (0xC00002FB, "STATUS_KDC_INVALID_REQUEST", "The KDC calls the request invalid."),
        by=(ADMIN, SOFTWARE),
        do="The event log of the domain controller that answered has the cause.",
        retry=Retry.YES,
        reason=Reason.KDC_ERROR,
        at=_WHILE_ACCEPTING,
    ),
)
