"""KRB-ERROR codes 62-100: certificates, referrals and pre-authentication frameworks.

RFC 4556 (PKINIT), 6806 (referrals), 6113 (FAST), 6560 (one-time passwords), 8636 (PKINIT agility). kerbauth offers a
password and nothing else, so whatever a certificate or a token would have to solve is `preauth-required` for the user.
"""

from typing import Final

from kerbauth.core.codes.krb_names import krb
from kerbauth.core.codes.model import Entry, Stage
from kerbauth.core.codes.rows import ADMIN, ATTACKER, NETWORK, SOFTWARE, USER, ticket
from kerbauth.core.reasons import Reason, Retry

_IN_A_TICKET_REQUEST: Final = ticket(Reason.KDC_ERROR)

ENTRIES: Final[tuple[Entry, ...]] = (
    *krb(
        (62, "KDC_ERR_CLIENT_NOT_TRUSTED", "The KDC does not trust the issuer of the user's certificate."),
        (64, "KDC_ERR_INVALID_SIG", "The signature made with the user's certificate is wrong."),
        (66, "KDC_ERR_CERTIFICATE_MISMATCH", "The user's certificate does not fit the request."),
        (70, "KDC_ERR_CANT_VERIFY_CERTIFICATE", "The KDC cannot verify the user's certificate."),
        (71, "KDC_ERR_INVALID_CERTIFICATE", "The user's certificate is invalid."),
        (72, "KDC_ERR_REVOKED_CERTIFICATE", "The user's certificate has been revoked."),
        (75, "KDC_ERR_CLIENT_NAME_MISMATCH", "The user's certificate or armour belongs to another name."),
        (77, "KDC_ERR_INCONSISTENT_KEY_PURPOSE", "The user's certificate is not meant for signing in."),
        (
            78,
            "KDC_ERR_DIGEST_IN_CERT_NOT_ACCEPTED",
            "The user's certificate uses a digest that the KDC does not accept.",
        ),
        by=(USER, ADMIN),
        do="The account is set up for certificates or smart cards, which is not offered here: allow it a password, or renew its "
        "certificate and let it sign in by single sign-on. The KDC's log says what is wrong with the certificate.",
        retry=Retry.NO,
        reason=Reason.PREAUTH_REQUIRED,
        at=_IN_A_TICKET_REQUEST,
    ),
    *krb(
        (
            73,
            "KDC_ERR_REVOCATION_STATUS_UNKNOWN",
            "The KDC could not find out whether the user's certificate is revoked.",
        ),
        (
            74,
            "KDC_ERR_REVOCATION_STATUS_UNAVAILABLE",
            "The KDC could not reach the place that knows revoked certificates.",
        ),
        by=(ADMIN, NETWORK),
        do="Make the revocation lists (CRL) or the OCSP responder reachable from the KDC.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.PREAUTH_REQUIRED,
        at=_IN_A_TICKET_REQUEST,
    ),
    *krb(
        (63, "KDC_ERR_KDC_NOT_TRUSTED", "The client does not trust the KDC's certificate."),
        (65, "KDC_ERR_DH_KEY_PARAMETERS_NOT_ACCEPTED", "The KDC does not accept the key agreement's parameters."),
        (76, "KDC_ERR_KDC_NAME_MISMATCH", "The KDC's certificate is for another name."),
        (79, "KDC_ERR_PA_CHECKSUM_MUST_BE_INCLUDED", "The request lacks a checksum that the KDC asks for."),
        (80, "KDC_ERR_DIGEST_IN_SIGNED_DATA_NOT_ACCEPTED", "The KDC does not accept the digest in the signed request."),
        (81, "KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED", "The KDC does not support encrypting with a public key."),
        (100, "KDC_ERR_NO_ACCEPTABLE_KDF", "The KDC accepts none of the key derivation functions offered."),
        by=(ADMIN, SOFTWARE),
        do="These belong to signing in with a certificate (PKINIT), which kerbauth does not do: find out "
        "why the KDC expects it of this account.",
        retry=Retry.NO,
        reason=Reason.PREAUTH_REQUIRED,
        at=_IN_A_TICKET_REQUEST,
    ),
    *krb(
        (67, "KRB_AP_ERR_NO_TGT", "User-to-user authentication was asked for without the other side's ticket."),
        by=(SOFTWARE,),
        do="kerbauth does no user-to-user authentication; report it with the log line.",
        retry=Retry.NO,
        reason=Reason.INTERNAL,
        at={Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *krb(
        (68, "KDC_ERR_WRONG_REALM", "The KDC refers to another realm (RFC 6806)."),
        by=(USER, ADMIN),
        do="Let the user type the full name with the right domain. If the domain is one of yours, add it as a realm of its own.",
        retry=Retry.NO,
        reason=Reason.WRONG_REALM,
        at=ticket(Reason.TRUST_PATH),
    ),
    *krb(
        (69, "KRB_AP_ERR_USER_TO_USER_REQUIRED", "Our principal only takes part in user-to-user authentication."),
        by=(ADMIN,),
        do="Register the SPN on an account that may act as a service: `setspn -S HTTP/host ACCOUNT`; "
        "MIT `kadmin modprinc +allow_svr HTTP/host`.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.SERVICE_PRINCIPAL,
        at={Stage.CHANGEPW_PROOF: Reason.KDC_ERROR},
    ),
    *krb(
        (
            85,
            "KRB_AP_ERR_IAKERB_KDC_NOT_FOUND",
            "A server that passes Kerberos on (IAKERB) knows no KDC for the realm.",
        ),
        (
            86,
            "KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE",
            "A server that passes Kerberos on (IAKERB) got no answer from the KDC.",
        ),
        by=(ADMIN, NETWORK),
        do="Look at that server. kerbauth itself never passes Kerberos on.",
        retry=Retry.YES,
        reason=Reason.KDC_UNREACHABLE,
        at={Stage.ACCEPT: Reason.BAD_TOKEN},
    ),
    *krb(
        (
            90,
            "KDC_ERR_PREAUTH_EXPIRED",
            "The KDC has forgotten the exchange it was in the middle of; the library starts again by itself.",
        ),
        by=(NETWORK, ADMIN),
        do="Let the user try again. If it stays: KDCs behind one address that do not share their key, or a very slow network.",
        retry=Retry.YES,
        reason=Reason.KDC_ERROR,
    ),
    *krb(
        (
            91,
            "KDC_ERR_MORE_PREAUTH_DATA_REQUIRED",
            "The KDC wants a further step; final only if it is one that a password cannot do.",
        ),
        (
            92,
            "KDC_ERR_PREAUTH_BAD_AUTHENTICATION_SET",
            "The KDC does not accept the set of authentication steps that was chosen (RFC 6113).",
        ),
        (94, "KDC_ERR_INVALID_HASH_ALG", "The KDC does not accept the digest of a one-time password (RFC 6560)."),
        (
            95,
            "KDC_ERR_INVALID_ITERATION_COUNT",
            "The KDC does not accept the iteration count of a one-time password (RFC 6560).",
        ),
        by=(ADMIN,),
        do="The account asks for a one-time password or another further step, which is not offered here: allow it a password alone.",
        retry=Retry.NO,
        reason=Reason.PREAUTH_REQUIRED,
        at=_IN_A_TICKET_REQUEST,
    ),
    *krb(
        (93, "KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS", "The KDC does not know an option that it must know (RFC 6113)."),
        by=(SOFTWARE, ATTACKER),
        do="The KDC is older than the Kerberos library here: update it, and report the log line.",
        retry=Retry.AFTER_REPAIR,
        reason=Reason.KDC_ERROR,
    ),
)
