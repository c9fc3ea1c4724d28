"""One password login: prove the user to the KDC, then prove the KDC with our own key.

The order and the number of requests matter:

- one AS exchange with one KDC: a second exchange, and a second KDC, would count a wrong password once more;
- the ticket is opened with our key in a step of its own: a wrong password and a KDC that does not know our key give the same code (31),
  and only the step tells them apart;
- a KDC can answer 23 (password expired) before it has looked at the password. Then the old password is proved by an AS exchange for
  kadmin/changepw, as kpasswd does, so that a stranger learns nothing.

The AS is asked for a ticket to our own service at once, which saves the TGS exchange. A KDC that gives such tickets only against a TGT says
so before it sees a password. A domain controller is asked for a TGT first, as Windows does: only the TGS puts the domain local groups into
the PAC (MS-KILE 3.3.5.7.3), and libkrb5 takes another name for the client than the one asked for, as it comes for user principal names, in
a TGT only (lib/krb5/krb/get_in_tkt.c, verify_as_reply).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from kerbauth.core.codes.model import Stage
from kerbauth.core.expiry import expiry_notices
from kerbauth.core.outcome import Notice, Proof, Proved, Refused, Severity, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc.armour import Armour, begun
from kerbauth.kdc.conversation import Conversation, EndedError, ReferredError
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.late_key import LateKey, NeedsLibraryError
from kerbauth.kdc.libkrb5.context import Context, LibraryError
from kerbauth.kdc.libkrb5.exchange import AsExchange, TgsExchange
from kerbauth.kdc.libkrb5.expiry import Expiry
from kerbauth.kdc.libkrb5.proof import open_with_our_key
from kerbauth.kdc.naming import client_of, told_of_windows
from kerbauth.kdc.opened import Believing, Ticket, not_of_now
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.recognition import Recognition
from kerbauth.kdc.settling import Late, left_alone, settled
from kerbauth.kdc.transport.errors import NoKdcError, SilentKdcError
from kerbauth.kdc.transport.kdcs import Kdcs
from kerbauth.ports import Recognise
from kerbauth.settings import RealmKind

_KEY_EXPIRED: Final = 23  # RFC 4120 7.5.9 KDC_ERR_KEY_EXPIRED
# What a KDC says that gives tickets to our service only against a TGT: unknown to the AS, user-to-user only, or the option refused.
_NOT_DIRECTLY: Final = frozenset({7, 13, 27})

# What a KDC says that has no kadmin/changepw, or one that cannot be used: expired, unknown, without keys, refused by option or policy,
# without a common enctype, revoked, not yet valid, user-to-user only.
_UNUSABLE: Final = frozenset({2, 7, 9, 12, 13, 14, 19, 22, 27})

BY_TGT: Final = 600.0
"""Seconds in which our ticket is not asked for directly after the KDC has refused that: a change at the KDC is noticed in minutes."""

GRACE: Final = 0.2
"""Seconds for the transport, which ends its own waiting in time, to say who it was that did not answer."""


@dataclass(frozen=True, slots=True)
class Referral:
    """The KDC says that the user is one of `realm`; `refused` is the answer where nobody follows that."""

    realm: str
    refused: Refused


@dataclass(slots=True)
class PasswordLogin:
    """Password logins of one realm, in `armour` if there is one.

    Our ticket is asked for directly, but for some minutes after the realm's KDC has given it only against a TGT.
    """

    realm: KerberosRealm
    kdcs: Kdcs
    cpu: Cpu
    keytab: bytes
    believing: Believing
    armour: Armour | None = None
    by_tgt_until: float = 0.0

    async def verify(
        self, principal: Principal, password: Secret, until: float, late: Late = None, recognise: Recognise | None = None
    ) -> Proof | Referral:
        """Check `password` for `principal` by the loop's time `until`; raises nothing for an answer. `late`, `recognise`: see `ports`.

        With a `Referral` no password has been sent to anybody.
        """
        try:
            context = Context()
        except LibraryError as error:  # its configuration is ours, and was read before
            return Unavailable(Reason.INTERNAL, Stage.AS, diagnostic=str(error))
        talk = Conversation(self.realm.name, self.kdcs, self.cpu, context, until, Recognition(principal, recognise).hear)
        try:
            async with asyncio.timeout_at(until + GRACE):
                return settled(talk, await self._prove(talk, principal, password), late)
        except ReferredError as referred:
            return Referral(referred.realm, referred.refused)
        except EndedError as ended:
            return settled(talk, ended.proof, late)
        except (NoKdcError, SilentKdcError) as error:
            return settled(talk, Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic=error.diagnostic), late)
        except TimeoutError:
            diagnostic = f"no KDC of {self.realm.name} answered within {self.realm.deadline:g} seconds"
            return settled(talk, Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic=diagnostic), late)
        except asyncio.CancelledError:
            left_alone(talk, late)
            raise
        finally:
            self.cpu.free(context)

    async def _prove(self, talk: Conversation, principal: Principal, password: Secret) -> Proof:
        began = time.time()
        try:
            ticket, expiry = await self._ticket(talk, principal, password)
        except EndedError as ended:
            if talk.error is not None and talk.error.code == _KEY_EXPIRED and isinstance(ended.proof, Refused):
                return await self._prove_expired(talk, principal, password, ended.proof)
            raise
        try:
            with talk.context:
                opened = open_with_our_key(talk.context, ticket(), self.keytab)
        except LibraryError as error:
            talk.error = None
            return talk.failed(Stage.VERIFY, error)
        old = not_of_now(opened.authtime, began, time.time())
        if old is not None:
            return old
        proof = self.believing.proof(Ticket(opened.client, opened.service, Stage.VERIFY, opened.pac, opened.pac_fault))
        return replace(proof, notices=(*proof.notices, *self._warnings(talk, expiry))) if isinstance(proof, Proved) else proof

    async def _ticket(self, talk: Conversation, principal: Principal, password: Secret) -> tuple[Callable[[], Any], Expiry | None]:
        """Credentials for our own service, from the AS at once or from the TGS. Raises EndedError."""
        service = self.realm.services[0]
        now = asyncio.get_running_loop().time()
        refused = False
        if self.realm.kind is not RealmKind.AD and now >= self.by_tgt_until:
            try:
                exchange = await self.exchange(talk, principal, password, service)
            except EndedError as ended:
                if talk.error is None or talk.error.code not in _NOT_DIRECTLY or talk.proof_sent:
                    raise told_of_windows(ended, self.realm) from None
                refused = True
            else:
                return exchange.credentials, exchange.expiry
        exchange = await self.exchange(talk, principal, password, None)
        try:
            with talk.context:
                tgs = TgsExchange(talk.context, exchange.credentials(), service)
        except LibraryError as error:
            raise EndedError(talk.failed(Stage.TGS, error)) from None
        await talk.run(Stage.TGS, tgs)
        if refused:  # and this way it works, so the KDC meant it
            self.by_tgt_until = now + BY_TGT
        return tgs.credentials, exchange.expiry

    async def exchange(
        self, talk: Conversation, principal: Principal, password: Secret, service: str | None, stage: Stage = Stage.AS
    ) -> AsExchange:
        """One AS exchange. Raises EndedError."""
        if self.armour is not None:
            # What the KDC says of the key comes in the armour, which libkrb5 alone can open: so it makes the key.
            armoured = await self.armour.exchange(
                talk, stage, lambda ticket: begun(ticket, talk, client_of(self.realm, principal, stage), password, service)
            )
            if armoured is not None:
                return armoured
        salt = (principal.realm + "".join(principal.components)).encode()  # RFC 4120 4
        exchange = self._begun(talk, principal, service, stage)
        try:
            await talk.run(stage, exchange, LateKey(talk.context, exchange, talk.cpu, password, salt, stage).hear)
        except NeedsLibraryError:
            exchange = self._begun(talk, principal, service, stage, password)
            await talk.run(stage, exchange)
        return exchange

    def _begun(
        self, talk: Conversation, principal: Principal, service: str | None, stage: Stage, password: Secret | None = None
    ) -> AsExchange:
        """An AS exchange, which makes the key itself if it is given the password. Raises EndedError."""
        try:
            with talk.context:
                exchange = AsExchange(talk.context, client_of(self.realm, principal, stage), service)
                if password is not None:
                    exchange.use_password(password)
                return exchange
        except LibraryError as error:
            raise EndedError(talk.failed(stage, error)) from None

    async def _prove_expired(self, talk: Conversation, principal: Principal, password: Secret, expired: Refused) -> Proof:
        """Whether the old password was right, by an AS exchange for the password-changing service, which takes expired passwords.

        A KDC that was sent a proof before it said so has checked it (Active Directory, Heimdal), and a second one would count twice.
        """
        if talk.proof_sent:
            return replace(expired, proved=True)
        try:
            await self.exchange(talk, principal, password, f"kadmin/changepw@{self.realm.name}", Stage.CHANGEPW_PROOF)
        except EndedError as ended:
            return _unproved_expiry(talk, ended.proof, expired)
        return replace(expired, stage=Stage.CHANGEPW_PROOF, proved=True)

    def _warnings(self, talk: Conversation, expiry: Expiry | None) -> tuple[Notice, ...]:
        found = (
            ()
            if expiry is None
            else expiry_notices(
                datetime.now().astimezone(),
                _time(expiry.password),
                _time(expiry.account),
                not expiry.exact,
                self.realm.expiry_warning_days,
            )
        )
        return (*found, *((Notice(Severity.WARNING, Reason.KDC_FAILOVER),) if talk.failed_over else ()))


def _time(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _unproved_expiry(talk: Conversation, failed: Refused | Unavailable, expired: Refused) -> Proof:
    """The answer where the old password could not be proved. The first code, 23, stays on record behind the second.

    Where the KDC answers that kadmin/changepw itself is unusable, the account's state must still not show to strangers, who would
    otherwise hear of trouble for expired accounts and of a wrong password for all others: unproved, `password-expired` is guarded.
    """
    codes = (*failed.codes, *expired.codes)
    if isinstance(failed, Unavailable) and talk.error is not None and talk.error.code in _UNUSABLE:
        return Refused(Reason.PASSWORD_EXPIRED, Stage.CHANGEPW_PROOF, codes=codes, diagnostic=failed.diagnostic)
    return replace(failed, codes=codes)
