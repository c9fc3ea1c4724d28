"""Accepting one client's token, single leg. No packet is sent: our key and the replay cache are all it takes."""

import itertools
from collections.abc import Sequence
from typing import Final

import gssapi
from gssapi import raw
from gssapi.raw.misc import GSSError

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Notice, Refused, Severity
from kerbauth.core.reasons import Reason
from kerbauth.kdc import failure, password
from kerbauth.kdc.keytab import MemoryKeytab
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.token import Token, kind_of
from kerbauth.ports import TokenAnswer

_SPNEGO: Final = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")  # RFC 4178

# Refusals after which an honest client's fresh ticket can be a good one. A wrong clock or another service's ticket would come again.
_HELPED_BY_A_FRESH_TOKEN: Final = frozenset({Reason.TICKET_EXPIRED, Reason.TICKET_REPLAYED, Reason.BAD_TOKEN})

_numbers: Final = itertools.count(1)  # names of memory keytabs are unique in the process, also over a reload


class Acceptor:
    """Accepts tokens for our service principals. Needs no thread and no file: a forked process goes on with it.

    The credential is acquired once: krb5 and SPNEGO only, and below SPNEGO krb5 only, so that neither NTLM, NegoEx nor IAKERB can be
    negotiated (a client could use IAKERB to talk to a KDC through us).
    """

    def __init__(self, keytab: MemoryKeytab) -> None:
        self._keytab = keytab  # kept: the credential reads it at each use
        self._credential = raw.acquire_cred_from({b"keytab": keytab.name}, mechs=[gssapi.MechType.kerberos, _SPNEGO], usage="accept").creds
        raw.set_neg_mechs(self._credential, [gssapi.MechType.kerberos])

    @property
    def keytab(self) -> bytes:
        """The name of the keytab in memory that holds our keys, for as long as this object is kept."""
        return self._keytab.name

    def accept(self, token: bytes) -> TokenAnswer:
        """Accept one token. Blocks for as long as the replay cache takes; raises nothing for an answer."""
        kind = kind_of(token)
        if kind is not Token.KERBEROS:
            reason, sentence, challenge = kind.refusal
            notice = Notice(Severity.INFO, reason, sentence)
            return TokenAnswer(Refused(reason, Stage.ACCEPT, diagnostic=sentence, notices=(notice,)), challenge=challenge)
        try:
            accepted = raw.accept_sec_context(token, acceptor_creds=self._credential)
        except GSSError as error:
            refused = failure.from_gss(Stage.ACCEPT, error)
            return TokenAnswer(refused, challenge=refused.reason in _HELPED_BY_A_FRESH_TOKEN)
        if accepted.more_steps:
            reason, sentence, challenge = Token.NO_TICKET.refusal
            notice = Notice(Severity.INFO, reason, sentence)
            return TokenAnswer(Refused(reason, Stage.ACCEPT, diagnostic=sentence, notices=(notice,)), challenge=challenge)
        proof = password.proved(accepted, Stage.ACCEPT)
        return TokenAnswer(proof, reply=accepted.token)


def load_acceptor(realms: Sequence[KerberosRealm]) -> Acceptor:
    """An acceptor with the keys of these realms' keytabs, which were checked. Call it after `runtime.activate`. Raises KeytabError."""
    return Acceptor(MemoryKeytab(f"kerbauth-{next(_numbers)}", realms))
