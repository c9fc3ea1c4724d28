"""By which name a realm's KDC is asked for a user, and what its answer with another name means."""

from dataclasses import replace
from typing import Final

from kerbauth.core.codes.catalogue import classify
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Unavailable
from kerbauth.core.principal import Principal
from kerbauth.kdc.conversation import EndedError
from kerbauth.kdc.libkrb5.exchange import Client
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.settings import RealmKind

_MODIFIED: Final = classify(-1765328237)  # KRB5_KDCREP_MODIFIED of krb5_err.et


def client_of(realm: KerberosRealm, principal: Principal, stage: Stage) -> Client:
    """How the KDC is asked for `principal` in an AS exchange of this stage.

    In Active Directory only a TGT may come back with another name than the one asked for: libkrb5 takes that in no other ticket
    (lib/krb5/krb/get_in_tkt.c, verify_as_reply), and a domain controller that is not asked for its own name for the client keeps the given.
    """
    windows = realm.kind is RealmKind.AD
    return Client(str(principal), enterprise=windows and is_upn(principal), canonicalize=not windows or stage is Stage.AS)


def is_upn(principal: Principal) -> bool:
    """Whether in a realm of kind ad it is a user principal name: one component with an @ in it."""
    return len(principal.components) == 1 and "@" in principal.components[0]


def told_of_windows(ended: EndedError, realm: KerberosRealm) -> EndedError:
    """The same end. Of a KDC in a realm of kind mit that answers with another name than the one asked for, it says what that may be."""
    if not isinstance(ended.proof, Unavailable) or _MODIFIED not in ended.proof.codes:
        return ended
    diagnostic = f'{ended.proof.diagnostic}: if the KDC of {realm.name} is a domain controller, say kind = "ad"'
    return EndedError(replace(ended.proof, diagnostic=diagnostic))
