"""Accepting one client's token, single leg. No packet is sent: our key and the replay cache are all it takes.

What libkrb5 does with channel bindings (lib/gssapi/krb5/accept_sec_context.c, 1.19 and later, and measured): a token bound to the channel
that the acceptor names is accepted and marked with GSS_C_CHANNEL_BOUND_FLAG, one bound to another is refused, one that is not bound is
accepted without the mark, and an acceptor that names no channel accepts all three.
"""

import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import gssapi
from gssapi import raw
from gssapi.exceptions import BadChannelBindingsError
from gssapi.raw.misc import GSSError
from gssapi.raw.named_tuples import AcceptSecContextResult

from kerbauth.core.channel import BindingMode, ChannelBinding
from kerbauth.core.codes.model import Stage
from kerbauth.core.messages import N_
from kerbauth.core.outcome import Notice, Proof, Proved, Refused, Severity, Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.kdc import failure
from kerbauth.kdc.keytab import MemoryKeytab
from kerbauth.kdc.opened import Believing, Ticket
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.token import Token, kind_of
from kerbauth.ports import TokenAnswer

NOT_BOUND: Final = N_("The client did not bind its token to the TLS connection, and only bound tokens are accepted here.")
NO_CHANNEL: Final = N_("Only tokens bound to a TLS connection are accepted here, and this request came through none.")

_SPNEGO: Final = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")  # RFC 4178

_PAC: Final = b"urn:mspac:"  # lib/krb5/krb/pac.c, mspac_attribute_types: without a suffix it is the whole PAC

# lib/gssapi/krb5/acquire_cred.c reads `rcache`; lib/krb5/rcache/rc_none.c is the type that keeps nothing.
_NO_REPLAY_CACHE: Final[Mapping[bytes | str, bytes | str]] = MappingProxyType({b"rcache": b"none:"})

# Refusals after which an honest client's fresh ticket can be a good one. A wrong clock or another service's ticket would come again.
_HELPED_BY_A_FRESH_TOKEN: Final = frozenset({Reason.TICKET_EXPIRED, Reason.TICKET_REPLAYED, Reason.BAD_TOKEN})

_numbers: Final = itertools.count(1)  # names of memory keytabs are unique in the process, also over a reload


class Acceptor:
    """Accepts tokens for our service principals. Needs no thread and no file: a forked process goes on with it.

    The credential is acquired once: krb5 and SPNEGO only, and below SPNEGO krb5 only, so that neither NTLM, NegoEx nor IAKERB can be
    negotiated (a client could use IAKERB to talk to a KDC through us).
    """

    def __init__(self, keytab: MemoryKeytab, clients: MemoryKeytab, believing: Believing) -> None:
        self._keytab = keytab  # kept: the credentials read it at each use
        self._clients = clients
        self.believing: Final = believing
        self._credential = _acquire(keytab)
        self._forgetful = _acquire(keytab, _NO_REPLAY_CACHE)

    @property
    def keytab(self) -> bytes:
        """The name of the keytab in memory that holds our keys, for as long as this object is kept."""
        return self._keytab.name

    @property
    def clients(self) -> bytes:
        """The same for the keys with which we ask KDCs for tickets ourselves.

        An account's are in no other: no token is accepted with them.
        """
        return self._clients.name

    def accept(self, token: bytes, binding: ChannelBinding) -> TokenAnswer:
        """Accept one token, bound to a channel as `binding` asks. Blocks for as long as the replay cache takes; raises nothing for an
        answer.
        """
        kind = kind_of(token)
        if kind is not Token.KERBEROS:
            reason, sentence, challenge = kind.refusal
            notice = Notice(Severity.INFO, reason, sentence)
            return TokenAnswer(Refused(reason, Stage.ACCEPT, diagnostic=sentence, notices=(notice,)), challenge=challenge)
        channel = self._channel(token, binding)
        try:
            accepted = raw.accept_sec_context(token, acceptor_creds=self._credential, channel_bindings=channel)
        except GSSError as error:
            refused = failure.from_gss(Stage.ACCEPT, error)
            return TokenAnswer(refused, challenge=refused.reason in _HELPED_BY_A_FRESH_TOKEN)
        if accepted.more_steps:
            reason, sentence, challenge = Token.NO_TICKET.refusal
            notice = Notice(Severity.INFO, reason, sentence)
            return TokenAnswer(Refused(reason, Stage.ACCEPT, diagnostic=sentence, notices=(notice,)), challenge=challenge)
        return self._concluded(accepted, binding, known=channel is not None)

    def _channel(self, token: bytes, binding: ChannelBinding) -> raw.ChannelBindings | None:
        """The channel to accept the token with; None where there is nothing to compare.

        With several certificates, the one the token is bound to has to be found first. Accepting it with each in turn would not do: the
        first attempt puts the token into the replay cache before it compares the channels, and the second would be a replay. So all but
        the last are tried with a credential that has no replay cache. What is found here counts for nothing but the choice.
        """
        if binding.mode is BindingMode.OFF or not binding.acceptable:
            return None
        *others, last = (raw.ChannelBindings(application_data=value) for value in binding.acceptable)
        for channel in others:
            try:
                raw.accept_sec_context(token, acceptor_creds=self._forgetful, channel_bindings=channel)
            except BadChannelBindingsError:
                continue
            except GSSError:  # something else is wrong with the token: the attempt that counts will say what
                return channel
            return channel
        return last

    def _concluded(self, accepted: AcceptSecContextResult, binding: ChannelBinding, *, known: bool) -> TokenAnswer:
        """The answer to a token that was accepted. The reply goes out with a refusal, too, if the client asked for a proof of ours.

        Without need for one it would do harm there: Chromium takes a 401 with a token for a question, sends an empty token in answer, and
        shows its user what that leads to and not the reason (net/http/http_auth_controller.cc; measured with 156).
        """
        proof = self._vouched(accepted)
        bound = bool(accepted.flags & gssapi.RequirementFlag.channel_bound) if known else None
        if isinstance(proof, Proved) and binding.mode is BindingMode.REQUIRE and not bound:
            sentence = NOT_BOUND if known else NO_CHANNEL
            notice = Notice(Severity.INFO, Reason.CHANNEL_BINDING, sentence)
            proof = Refused(Reason.CHANNEL_BINDING, Stage.ACCEPT, diagnostic=f"{proof.principal}: {sentence}", notices=(notice,))
        wanted = isinstance(proof, Proved) or accepted.flags & gssapi.RequirementFlag.mutual_authentication
        return TokenAnswer(proof, reply=accepted.token if wanted else None, bound=bound)

    def _vouched(self, accepted: AcceptSecContextResult) -> Proof:
        """What an accepted context proves."""
        ours = raw.inquire_context(accepted.context, target_name=True).target_name
        if accepted.initiator_name is None or ours is None:
            return Unavailable(Reason.INTERNAL, Stage.ACCEPT, diagnostic="the security context is not complete")
        client, service = (raw.display_name(name, name_type=False).name for name in (accepted.initiator_name, ours))
        return self.believing.proof(Ticket(client, service, Stage.ACCEPT, *_pac(accepted.initiator_name)))


def _acquire(keytab: MemoryKeytab, store: Mapping[bytes | str, bytes | str] = MappingProxyType({})) -> raw.Creds:
    credential = raw.acquire_cred_from({b"keytab": keytab.name, **store}, mechs=[gssapi.MechType.kerberos, _SPNEGO], usage="accept").creds
    raw.set_neg_mechs(credential, [gssapi.MechType.kerberos])
    return credential


def _pac(initiator: raw.Name) -> tuple[bytes | None, str]:
    """The PAC of the client's ticket if libkrb5 calls it authenticated, and else why there is none that counts.

    The attribute is the whole PAC. libkrb5 accepts a ticket whose PAC has a wrong signature: it only does not call that one authenticated
    (lib/krb5/krb/pac.c, mspac_verify). The signature is one with our key, so a client can have made none of its own.
    """
    if _PAC not in (raw.inquire_name(initiator, mech_name=False).attrs or ()):
        return None, ""
    found = raw.get_name_attribute(initiator, _PAC)
    if not found.authenticated or len(found.values) != 1:
        return None, "the PAC's signature is not right"
    return bytes(found.values[0]), ""


def load_acceptor(realms: Sequence[KerberosRealm]) -> Acceptor:
    """An acceptor with the keys of these realms' keytabs, which were checked. Call it after `runtime.activate`. Raises KeytabError."""
    keytab = MemoryKeytab(f"kerbauth-{next(_numbers)}", realms, lambda realm: realm.services)
    clients = MemoryKeytab(f"kerbauth-{next(_numbers)}", realms, lambda realm: (realm.client,))
    return Acceptor(keytab, clients, Believing({realm.name: realm for realm in realms}))
