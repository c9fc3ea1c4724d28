"""One password login, as blocking calls: prove the user to the KDC, then prove the KDC with our own key.

The order and the number of calls matter:

- one AS exchange with the krb5 mechanism only. Asked for more mechanisms GSSAPI repeats the exchange for each, and every repetition
  counts as another wrong password at the KDC;
- two steps instead of one `verify` credential store: a wrong password and a KDC that does not know our key give the same code (31),
  and only the step tells them apart;
- a KDC can answer 23 (password expired) before it has looked at the password. Then the old password is proved by an AS exchange for
  kadmin/changepw, as kpasswd does, so that a stranger learns nothing.
"""

from dataclasses import replace
from typing import Final

import gssapi
import krb5
from gssapi import raw
from gssapi.raw.misc import GSSError
from gssapi.raw.named_tuples import AcceptSecContextResult

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proof, Proved, Refused, Unavailable
from kerbauth.core.principal import MalformedPrincipalError, Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc import failure

_KEY_EXPIRED: Final = catalogue.krb_error(23)  # RFC 4120 7.5.9 KDC_ERR_KEY_EXPIRED
_KRB5_MECH: Final = [gssapi.MechType.kerberos]


def verify(principal: Principal, password: Secret, service: str, keytab: bytes) -> Proof:
    """Check `password` for `principal`; prove the KDC with the key of `service` in `keytab`. Blocks; raises nothing for an answer.

    `service` is our principal in text form with realm, `keytab` the name of a keytab that holds its key. Sends at most one password
    check to the KDC. The result's principal is the canonical one out of the ticket, which our key opened.
    """
    try:
        name = raw.import_name(str(principal).encode(), gssapi.NameType.kerberos_principal)
        credential = raw.acquire_cred_with_password(name, password.reveal(), mechs=_KRB5_MECH, usage="initiate").creds
    except GSSError as error:
        if failure.code_of(error) == _KEY_EXPIRED:
            return _prove_expired(principal, password)
        return failure.from_gss(Stage.AS, error, principal.realm)
    return _prove_kdc(credential, service, keytab, principal.realm)


def _prove_kdc(credential: raw.Creds, service: str, keytab: bytes, realm: str) -> Proof:
    """Ask for a ticket to ourselves and open it with our own key: only a KDC that knows the key can have made it."""
    try:
        ourselves = raw.import_name(service.encode(), gssapi.NameType.kerberos_principal)
        token = raw.init_sec_context(ourselves, creds=credential, mech=gssapi.MechType.kerberos).token
    except GSSError as error:
        return failure.from_gss(Stage.TGS, error, realm)
    try:
        acceptor = raw.acquire_cred_from({b"keytab": keytab}, name=ourselves, mechs=_KRB5_MECH, usage="accept").creds
        accepted = raw.accept_sec_context(token or b"", acceptor_creds=acceptor)
    except GSSError as error:
        return failure.from_gss(Stage.VERIFY, error)
    return proved(accepted, Stage.VERIFY)


def proved(accepted: AcceptSecContextResult, stage: Stage) -> Proof:
    """The principal that an accepted context vouches for, if the KDC that issued the ticket may vouch for it.

    A KDC can put any client name of any realm into a ticket for our principal in its own realm, so each realm's KDC is believed about
    its own realm's users only: the realm of the client must be the realm of our key that opened the ticket.
    """
    if accepted.more_steps or accepted.initiator_name is None:
        return Unavailable(Reason.INTERNAL, stage, diagnostic="the security context is not complete")
    ours = raw.inquire_context(accepted.context, target_name=True).target_name
    try:
        principal = _principal(accepted.initiator_name)
        issuer = _principal(ours).realm if ours is not None else None
    except (MalformedPrincipalError, UnicodeDecodeError):
        return Refused(Reason.NO_USER_MAPPING, stage, proved=True, diagnostic="the proved name cannot be read as a principal")
    if principal.realm != issuer:
        diagnostic = f"the KDC of {issuer} vouches for {principal}; it is believed about users of {issuer} only"
        return Refused(Reason.WRONG_REALM, stage, proved=True, diagnostic=diagnostic)
    return Proved(principal)


def _principal(name: raw.Name) -> Principal:
    return Principal.parse(raw.display_name(name, name_type=False).name.decode())


def _prove_expired(principal: Principal, password: Secret) -> Proof:
    """Whether the old password was right, by an AS exchange for the password-changing service, which takes expired passwords.

    krb5_get_init_creds_password is used here since GSSAPI cannot ask for another service than krbtgt.
    """
    try:
        context = krb5.init_context()
        name = krb5.parse_name_flags(context, str(principal).encode())
        options = krb5.get_init_creds_opt_alloc(context)
        krb5.get_init_creds_password(context, name, options, password.reveal(), in_tkt_service=b"kadmin/changepw")
    except krb5.Krb5Error as error:
        return _unproved_expiry(failure.from_krb5(Stage.CHANGEPW_PROOF, error))
    return Refused(Reason.PASSWORD_EXPIRED, Stage.CHANGEPW_PROOF, proved=True, codes=(_KEY_EXPIRED,))


def _unproved_expiry(failed: Refused | Unavailable) -> Proof:
    """The answer where the old password could not be proved. The first code, 23, stays on record behind the second.

    Where the KDC answers that kadmin/changepw itself is unusable, the account's state must still not show to strangers, who would
    otherwise hear of trouble for expired accounts and of a wrong password for all others: unproved, `password-expired` is guarded.
    """
    codes = (*failed.codes, _KEY_EXPIRED)
    if isinstance(failed, Unavailable) and failed.reason is Reason.KDC_ERROR:
        return Refused(Reason.PASSWORD_EXPIRED, Stage.CHANGEPW_PROOF, codes=codes, diagnostic=failed.diagnostic)
    return replace(failed, codes=codes)
