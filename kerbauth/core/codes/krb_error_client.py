"""KRB-ERROR codes 0-30, first part: what a KDC says about the user and the password (RFC 4120 7.5.9).

An account's own reason holds wherever the code can come from. Where a ticket to our own service is asked for, a code
about a key or a policy speaks of that service instead: the user was accepted a moment before.
"""

from typing import Final

from kerbauth.core.codes.krb_names import krb
from kerbauth.core.codes.model import Entry, Stage
from kerbauth.core.codes.rows import ADMIN, ATTACKER, NOBODY, USER, ticket
from kerbauth.core.reasons import Reason, Retry

ENTRIES: Final[tuple[Entry, ...]] = (
    *krb(
        (0, "KDC_ERR_NONE", "No error."),
        by=(NOBODY,),
        do="Nothing: this is success and never ends a login.",
        retry=Retry.UNKNOWN,
        reason=None,
    ),
    *krb(
        (
            1,
            "KDC_ERR_NAME_EXP",
            "The user's entry in the KDC has passed its expiration date; an MIT KDC says so before it has seen a password.",
        ),
        by=(USER, ADMIN),
        do="MIT: see the expiration date with `kadmin getprinc USER`, extend it with `modprinc -expire DATE USER`. Active Directory "
        "sends 18 with NTSTATUS 0xC0000193 instead.",
        retry=Retry.NO,
        reason=Reason.ACCOUNT_EXPIRED,
    ),
    *krb(
        (6, "KDC_ERR_C_PRINCIPAL_UNKNOWN", "The KDC's database holds no user of this name."),
        by=(USER,),
        do="Check spelling, realm and UPN suffix; an MIT KDC tells upper from lower case. A new Active Directory account may not have "
        "been replicated to the domain controller that answered.",
        retry=Retry.NO,
        reason=Reason.UNKNOWN_USER,
    ),
    *krb(
        (9, "KDC_ERR_NULL_KEY", "The account has no key at all, mostly because no password was ever set."),
        by=(ADMIN,),
        do="Set a new password on the account; for our service, create a new keytab after that.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.ACCOUNT_KEYS,
        at=ticket(Reason.SERVICE_KEYS),
    ),
    *krb(
        (
            12,
            "KDC_ERR_POLICY",
            "The KDC's policy refuses: for a user logon hours, workstations or a policy silo, for a service how it may be used.",
        ),
        by=(ADMIN,),
        do='For the user: logon workstations, "smart card required", Protected Users, authentication policy. For our service: MIT '
        "`kadmin modprinc +allow_tgs_req HTTP/host`.",
        retry=Retry.NO,
        reason=Reason.ACCOUNT_RESTRICTED,
        at=ticket(Reason.SERVICE_PRINCIPAL),
    ),
    *krb(
        (
            14,
            "KDC_ERR_ETYPE_NOSUPP",
            "The account and this service have no encryption type in common, mostly because the account only has RC4 keys.",
        ),
        by=(ADMIN,),
        do="For a user: let the password be changed, which creates AES keys. For our service: set msDS-SupportedEncryptionTypes to 0x18 "
        "and create a new keytab. Active Directory refuses RC4-only accounts since 2026 (CVE-2026-20833).",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.ACCOUNT_KEYS,
        at=ticket(Reason.SERVICE_KEYS),
    ),
    *krb(
        (
            16,
            "KDC_ERR_PADATA_TYPE_NOSUPP",
            "The KDC does not support the pre-authentication it was offered, often a smart card without a KDC certificate.",
        ),
        by=(ADMIN,),
        do="See whether the account may only use a smart card, and whether the domain controller "
        "has a Kerberos Authentication certificate.",
        retry=Retry.NO,
        reason=Reason.PREAUTH_REQUIRED,
        at=ticket(Reason.KDC_ERROR),
    ),
    *krb(
        (
            18,
            "KDC_ERR_CLIENT_REVOKED",
            (
                "The account is disabled, locked, expired or outside its logon hours; the code alone does not say which. It is sent before "
                "the password is looked at."
            ),
        ),
        by=(USER, ADMIN, ATTACKER),
        do="Active Directory: `Get-ADUser USER -Properties LockedOut,Enabled,AccountExpirationDate,logonHours`. MIT: `kadmin getprinc "
        "USER` (DISALLOW_ALL_TIX, failed password attempts), `modprinc -unlock USER`.",
        retry=Retry.NO,
        reason=Reason.ACCOUNT_RESTRICTED,
    ),
    *krb(
        (
            21,
            "KDC_ERR_CLIENT_NOTYET",
            "The account's validity has not begun; Heimdal also says so of an account without a key.",
        ),
        by=(ADMIN,),
        do="Look at the start date of the account.",
        retry=Retry.NO,
        reason=Reason.ACCOUNT_NOT_YET_VALID,
    ),
    *krb(
        (
            23,
            "KDC_ERR_KEY_EXPIRED",
            "The password has expired or must be changed. An MIT KDC says so to any password, Active Directory only to the right one.",
        ),
        by=(USER,),
        do="Let the user change the password. While a ticket for our own service is asked for (Heimdal): that service's key has an "
        "expiration date.",
        retry=Retry.NO,
        reason=Reason.PASSWORD_EXPIRED,
        at=ticket(Reason.SERVICE_PRINCIPAL),
    ),
    *krb(
        (24, "KDC_ERR_PREAUTH_FAILED", "The password is wrong; the attempt counts towards the account's lockout."),
        by=(USER, ATTACKER),
        do="Nothing, if it stays with a few. Many names from one address are an attack: see event 4771 with code 0x18, or PREAUTH_FAILED "
        "in the KDC's log.",
        retry=Retry.NO,
        reason=Reason.BAD_CREDENTIALS,
        at={**ticket(Reason.KDC_ERROR), Stage.ACCEPT: Reason.INTERNAL, Stage.KPASSWD: Reason.KDC_ERROR},
    ),
    *krb(
        (
            25,
            "KDC_ERR_PREAUTH_REQUIRED",
            "The KDC wants pre-authentication; final only if it accepts nothing that can be done with a password.",
        ),
        by=(ADMIN,),
        do="The account asks for a smart card, a one-time password or hardware: allow it a password, or let it sign in elsewhere.",
        retry=Retry.NO,
        reason=Reason.PREAUTH_REQUIRED,
        at=ticket(Reason.KDC_ERROR),
    ),
)
