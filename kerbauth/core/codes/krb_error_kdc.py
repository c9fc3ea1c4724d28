"""KRB-ERROR codes 0-30, second part: what a KDC says about the service and about itself (RFC 4120 7.5.9).

At the stage CHANGEPW_PROOF the service asked for is the realm's own kadmin/changepw, so trouble with "the service" is
the KDC's there and not our principal's.
"""

from typing import Final

from kerbauth.core.codes.krb_names import krb
from kerbauth.core.codes.model import Entry, Stage
from kerbauth.core.codes.rows import ADMIN, CLOCK, SOFTWARE, proof, ticket
from kerbauth.core.reasons import Reason, Retry

_KDC_S_OWN_SERVICE: Final = {Stage.CHANGEPW_PROOF: Reason.KDC_ERROR}

ENTRIES: Final[tuple[Entry, ...]] = (
    *krb(
        (
            2,
            "KDC_ERR_SERVICE_EXP",
            "The service asked for has passed its expiration date: our own principal, or the realm's krbtgt.",
        ),
        by=(ADMIN,),
        do="Remove the expiration date: `kadmin modprinc -expire never HTTP/HOST`; look at krbtgt/REALM as well.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_PRINCIPAL,
        at=_KDC_S_OWN_SERVICE,
    ),
    *krb(
        (3, "KDC_ERR_BAD_PVNO", "The other side does not speak version 5 of Kerberos."),
        by=(ADMIN,),
        do="Check what listens on the address given under `kdcs`: it is no Kerberos 5 KDC.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KDC_ERROR,
    ),
    *krb(
        (4, "KDC_ERR_C_OLD_MAST_KVNO", "The user's key is stored under a master key that the KDC no longer has."),
        (5, "KDC_ERR_S_OLD_MAST_KVNO", "The service's key is stored under a master key that the KDC no longer has."),
        by=(ADMIN,),
        do="Finish the roll-over of the KDC's master key: `kdb5_util list_mkeys`, then `kdb5_util update_princ_encryption`.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KDC_ERROR,
    ),
    *krb(
        (
            7,
            "KDC_ERR_S_PRINCIPAL_UNKNOWN",
            "The KDC's database does not hold the service asked for, or will not give tickets for it.",
        ),
        by=(ADMIN,),
        do="Active Directory: `setspn -Q HTTP/host` must find our account and `setspn -X` no duplicate. MIT: `kadmin getprinc "
        "HTTP/host`. While an expired password is being proved: the realm has no kadmin/changepw.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_PRINCIPAL,
        at=_KDC_S_OWN_SERVICE,
    ),
    *krb(
        (
            8,
            "KDC_ERR_PRINCIPAL_NOT_UNIQUE",
            "Several entries of the directory claim the same name: a duplicate UPN of the user, or a duplicate SPN.",
        ),
        by=(ADMIN,),
        do="Find the duplicate with `setspn -X -F` and `Get-ADUser -Filter 'UserPrincipalName -eq \"…\"'`, and remove it.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KDC_ERROR,
        at=ticket(Reason.SERVICE_PRINCIPAL),
    ),
    *krb(
        (10, "KDC_ERR_CANNOT_POSTDATE", "A postdated ticket was asked for, which this account may not have."),
        by=(SOFTWARE,),
        do="kerbauth never asks for postdated tickets: report it with the log line.",
        retry=Retry.NO,
        reason=Reason.INTERNAL,
    ),
    *krb(
        (13, "KDC_ERR_BADOPTION", "The KDC refuses an option of the request, such as forwardable, proxiable or renewable."),
        by=(SOFTWARE, ADMIN),
        do="kerbauth asks for none of these: look at the restrictions on the account and on our service, and report it with the log line.",
        retry=Retry.NO,
        reason=Reason.INTERNAL,
    ),
    *krb(
        (
            11,
            "KDC_ERR_NEVER_VALID",
            "The ticket would be over before it began: the clocks differ, or the allowed lifetime is very short.",
        ),
        by=(CLOCK, ADMIN),
        do="Compare the clock of this machine with the KDC's; then look for a very short ticket lifetime "
        "on the account, the service or the realm.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVER_CLOCK,
    ),
    *krb(
        (15, "KDC_ERR_SUMTYPE_NOSUPP", "The KDC does not know the type of checksum in the request."),
        by=(ADMIN, SOFTWARE),
        do="The KDC is much older than the Kerberos library here, or its encryption types are restricted too far: compare both.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KDC_ERROR,
    ),
    *krb(
        (17, "KDC_ERR_TRTYPE_NOSUPP", "The KDC cannot read the list of realms that a ticket went through."),
        (28, "KDC_ERR_PATH_NOT_ACCEPTED", "The KDC's policy refuses the list of realms that a ticket went through."),
        by=(ADMIN,),
        do="Check the trust between the realms and the `[capaths]` of the KDCs.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.TRUST_PATH,
    ),
    *krb(
        (19, "KDC_ERR_SERVICE_REVOKED", "The account of the service asked for is disabled or locked."),
        (22, "KDC_ERR_SERVICE_NOTYET", "The account of the service asked for is not valid yet."),
        by=(ADMIN,),
        do="Enable the account behind our service principal, and look at its dates.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_PRINCIPAL,
        at=_KDC_S_OWN_SERVICE,
    ),
    *krb(
        (
            20,
            "KDC_ERR_TGT_REVOKED",
            "The ticket obtained a moment ago no longer fits the account: it was deleted, made anew or changed in between.",
        ),
        by=(ADMIN,),
        do="Let the user try again. If it stays: look for a krbtgt roll-over under way, or a read-only domain controller that may not "
        "hold the account.",
        retry=Retry.YES,
        reason=Reason.KDC_ERROR,
    ),
    *krb(
        (26, "KDC_ERR_SERVER_NOMATCH", "The ticket shown to the KDC is not one for the service asked for."),
        by=(SOFTWARE,),
        do="Check that the service principal in the settings is the one the KDC knows, and not another name of it.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_PRINCIPAL,
        at=proof(Reason.KDC_ERROR),
    ),
    *krb(
        (27, "KDC_ERR_MUST_USE_USER2USER", "The KDC gives no ordinary tickets for our principal."),
        by=(ADMIN,),
        do="MIT: `kadmin modprinc +allow_svr HTTP/host`. Active Directory: register the SPN on the account, `setspn -S HTTP/host ACCOUNT`.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_PRINCIPAL,
        at=_KDC_S_OWN_SERVICE,
    ),
    *krb(
        (
            29,
            "KDC_ERR_SVC_UNAVAILABLE",
            "The KDC cannot serve at the moment: its database is locked, or a server behind it is away.",
        ),
        by=(ADMIN,),
        do="Look at the KDC's load and log; the library has asked the realm's other KDCs already.",
        retry=Retry.YES,
        reason=Reason.KDC_BUSY,
    ),
)
