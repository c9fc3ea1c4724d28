"""Results of the password-changing service: RFC 3244 section 2."""

from functools import partial
from typing import Final

from kerbauth.core.codes.model import Entry, Family, Stage
from kerbauth.core.codes.rows import ADMIN, NOBODY, SOFTWARE, USER, group
from kerbauth.core.reasons import Reason, Retry

_kpasswd = partial(group, Family.KPASSWD, 0, also=lambda _number, name: (f"KRB5_{name}",))

ENTRIES: Final[tuple[Entry, ...]] = (
    *_kpasswd(
        (0, "KPASSWD_SUCCESS", "The password was changed."),
        by=(NOBODY,),
        do="Nothing: this is success.",
        retry=Retry.UNKNOWN,
        reason=None,
    ),
    *_kpasswd(
        (1, "KPASSWD_MALFORMED", "The server could not read the request."),
        (6, "KPASSWD_BAD_VERSION", "The server does not speak this version of the protocol."),
        by=(SOFTWARE,),
        do="Check what listens at the address under `kpasswd`.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.INTERNAL,
        at={Stage.KPASSWD: Reason.KDC_ERROR},
    ),
    *_kpasswd(
        (2, "KPASSWD_HARDERROR", "The server failed, as when its database cannot be written."),
        by=(ADMIN,),
        do="The log of kadmind or of the domain controller has the cause. A read-only replica cannot change passwords.",
        retry=Retry.YES,
        reason=Reason.INTERNAL,
        at={Stage.KPASSWD: Reason.KDC_ERROR},
    ),
    *_kpasswd(
        (3, "KPASSWD_AUTHERROR", "The server does not believe the ticket that the old password gave."),
        by=(USER,),
        do="Let the user type the old password again. If it happens to everybody, compare the clocks.",
        retry=Retry.NO,
        reason=Reason.INTERNAL,
        at={Stage.KPASSWD: Reason.BAD_CREDENTIALS},
    ),
    *_kpasswd(
        (
            4,
            "KPASSWD_SOFTERROR",
            (
                "Policy refuses the new password: its length, its characters, its age or that it was used "
                "before. The server's text says which."
            ),
        ),
        by=(USER,),
        do="Tell users the rules: MIT `kadmin getpol POLICY`, Active Directory `Get-ADDefaultDomainPasswordPolicy`.",
        retry=Retry.NO,
        reason=Reason.INTERNAL,
        at={Stage.KPASSWD: Reason.PASSWORD_REJECTED},
    ),
    *_kpasswd(
        (5, "KPASSWD_ACCESSDENIED", "The account may not change its password."),
        by=(ADMIN,),
        do='Active Directory: "User cannot change password" is set. MIT: see kadm5.acl on the KDC.',
        retry=Retry.NO,
        reason=Reason.INTERNAL,
        at={Stage.KPASSWD: Reason.ACCOUNT_RESTRICTED},
    ),
    *_kpasswd(
        (7, "KPASSWD_INITIAL_FLAG_NEEDED", "The ticket shown was not obtained with the password itself."),
        by=(SOFTWARE,),
        do="A fault in kerbauth: report it with the log line.",
        retry=Retry.NO,
        reason=Reason.INTERNAL,
    ),
)
