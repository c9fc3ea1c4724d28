"""The credential verifier: passwords over our own conversation with the KDCs, tokens with GSSAPI."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from kerbauth.core.channel import ChannelBinding
from kerbauth.core.codes.model import Stage
from kerbauth.core.kdc_state import KdcState
from kerbauth.core.outcome import Proof, Proved, Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc import old_password
from kerbauth.kdc.accept import Acceptor
from kerbauth.kdc.armour import Armour
from kerbauth.kdc.asking import Asking
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.naming import is_upn
from kerbauth.kdc.own_ticket import get_own_ticket
from kerbauth.kdc.password import PasswordLogin, Referral
from kerbauth.kdc.password_change import ProvedOld
from kerbauth.kdc.readiness import Readiness
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.slots import FullError, Slots
from kerbauth.ports import RealmState, Recognise, TokenAnswer
from kerbauth.settings import RealmKind
from kerbauth.settings.fields import split_host_port
from kerbauth.settings.kdcs import Fast

ACCEPT_THREADS: Final = 2  # accepting is 70 us of CPU and never waits for a network: more threads than cores bring nothing
ACCEPT_DEADLINE: Final = 5.0  # seconds
ACCEPT_QUEUE: Final = 1000  # tokens; at some thousands a second that is well under a second's work


@dataclass(frozen=True, slots=True)
class _Realm:
    settings: KerberosRealm
    slots: Slots
    asking: Asking
    login: PasswordLogin
    readiness: Readiness


class KerberosVerifier:
    """Implements `ports.CredentialVerifier` over libkrb5.

    `acceptor` holds the keys of all `realms`. `before` is the verifier that this one follows in a reload: realms whose limits or KDCs stay
    as they are go on with its slots, so that logins under way still count, and with what is known of its KDCs. `workers` is the number of
    processes that share a KDC's connections.
    """

    def __init__(
        self, realms: Sequence[KerberosRealm], acceptor: Acceptor, before: "KerberosVerifier | None" = None, *, workers: int = 1
    ) -> None:
        self._acceptor = acceptor
        self._cpu = before.cpu if before is not None else Cpu()
        self._realms = {realm.name: self._realm(realm, before, workers) for realm in realms}
        self._waiting = 0
        self._accepting = ThreadPoolExecutor(ACCEPT_THREADS, thread_name_prefix="accept")

    def _realm(self, realm: KerberosRealm, before: "KerberosVerifier | None", workers: int) -> _Realm:
        kept = before.asking(realm) if before is not None else None
        asking = kept.shared() if kept is not None else Asking(realm, workers)
        login = PasswordLogin(realm, asking.kdcs, self._cpu, self._acceptor.keytab, self._acceptor.believing)
        readiness = Readiness(realm, asking)
        if realm.fast is not Fast.OFF:  # not the armour of `before`: the keytab may be another
            login.armour = Armour(realm, lambda: get_own_ticket(realm, asking.kdcs, self._cpu, self._acceptor.clients))
            readiness = Readiness(realm, asking, login.armour.problem)
        readiness.told = before.told(realm) if before is not None and kept is not None else None
        return _Realm(realm, _slots(realm, before), asking, login, readiness)

    @property
    def cpu(self) -> Cpu:
        """The threads that the next verifier goes on with."""
        return self._cpu

    async def verify_password(
        self, principal: Principal, password: Secret, late: Callable[[Proof], None] | None = None, recognise: Recognise | None = None
    ) -> Proof:
        """See `ports.CredentialVerifier`.

        A domain controller may say that a user principal name is one of another domain. That is followed once, and only to a domain that
        the first one's settings name in `trusts`: nobody vouches for the KDC's word, and the password goes where it points.
        """
        began = asyncio.get_running_loop().time()
        proof = await self._verified(principal, password, late, recognise)
        there = self._followed(principal, proof)
        if there is not None:
            spent = asyncio.get_running_loop().time() - began
            proof = await self._verified(there, password, late, recognise, self._realms[principal.realm].settings.deadline - spent)
        return proof.refused if isinstance(proof, Referral) else proof

    def _followed(self, principal: Principal, told: object) -> Principal | None:
        """Whom to ask for after a referral; None if it was none, or is not followed."""
        then = self._realms.get(told.realm) if isinstance(told, Referral) else None
        if then is None or not is_upn(principal):
            return None
        first = self._realms[principal.realm].settings
        windows = first.kind is then.settings.kind is RealmKind.AD
        return Principal(principal.components, then.settings.name) if windows and then.settings.name in first.trusts else None

    async def _verified(
        self,
        principal: Principal,
        password: Secret,
        late: Callable[[Proof], None] | None,
        recognise: Recognise | None,
        within: float = math.inf,
    ) -> Proof | Referral:
        """By one realm's KDCs, within its deadline and within so many seconds."""
        realm = self._realms.get(principal.realm)
        if realm is None:  # the use case reads names against the same realms: this is a bug, and never a packet
            return Unavailable(Reason.INTERNAL, Stage.AS, diagnostic="the realm is not configured")
        try:
            async with realm.slots.one(min(realm.settings.deadline, within)) as until:
                await realm.asking.begin()
                return await realm.login.verify(principal, password, until, late, recognise)
        except FullError as error:
            return _no_slot(realm.settings, error)

    @asynccontextmanager
    async def prove_old(
        self, principal: Principal, old: Secret, late: Callable[[Proof], None] | None = None, recognise: Recognise | None = None
    ) -> AsyncIterator[ProvedOld | Refused | Unavailable]:
        """See `password_change.ChangeEngine`. Raises KeyError for a realm that is not configured."""
        async with self._proved_old(principal, old, late, recognise) as proved:
            if not isinstance(proved, Referral):
                yield proved
                return
        there = self._followed(principal, proved)
        if there is None:
            yield proved.refused
            return
        async with self._proved_old(there, old, late, recognise) as proved:
            yield proved.refused if isinstance(proved, Referral) else proved

    @asynccontextmanager
    async def _proved_old(
        self, principal: Principal, old: Secret, late: Callable[[Proof], None] | None, recognise: Recognise | None
    ) -> AsyncIterator[ProvedOld | Referral | Refused | Unavailable]:
        realm = self._realms[principal.realm]
        try:
            async with realm.slots.one(realm.settings.deadline) as until:
                await realm.asking.begin()
                async with old_password.prove(realm.login, principal, old, until, late, recognise) as proved:
                    yield proved
        except FullError as error:
            yield replace(_no_slot(realm.settings, error), stage=Stage.CHANGEPW_PROOF)

    def kdc_hosts(self, realm: str) -> Sequence[str]:
        """See `password_change.ChangeEngine`."""
        return [split_host_port(state.name).host for state in self._realms[realm].asking.kdcs.states()]

    async def accept_token(self, token: bytes, binding: ChannelBinding) -> TokenAnswer:
        """See `ports.CredentialVerifier`."""
        answer = await self._accepted(token, binding)
        doubt = await self._doubt(answer.proof.principal.realm) if isinstance(answer.proof, Proved) else None
        return answer if doubt is None else replace(answer, proof=doubt)

    async def _doubt(self, name: str) -> Unavailable | None:
        """The answer where a realm of kind mit has not shown that its KDC is one.

        An MIT KDC knows our principal as a client, or it could not have issued the ticket, and no other spelling of it. A domain controller
        mostly does not know it, or else in any spelling, and there a name without a PAC proves nothing. So no ticket of such a realm is
        believed before one of its KDCs has shown to be an MIT KDC. That is asked once, and holds for as long as the process lives.
        """
        realm = self._realms[name]
        if realm.settings.kind is not RealmKind.MIT or realm.readiness.told:
            return None
        state = await realm.readiness.state()
        if realm.readiness.told:
            return None
        if realm.readiness.told is None:
            diagnostic = f"no KDC of {name} has answered yet, so it is not known to be an MIT KDC: {state.problem}"
            return Unavailable(Reason.KDC_UNREACHABLE, Stage.ACCEPT, diagnostic=diagnostic)
        diagnostic = f'{state.problem}: if the KDC of {name} is a domain controller, say kind = "ad"'
        return Unavailable(Reason.SERVICE_PRINCIPAL, Stage.ACCEPT, diagnostic=diagnostic, alarm=True)

    async def _accepted(self, token: bytes, binding: ChannelBinding) -> TokenAnswer:
        if self._waiting >= ACCEPT_QUEUE:
            return TokenAnswer(Unavailable(Reason.OVERLOADED, Stage.ACCEPT, diagnostic=f"{ACCEPT_QUEUE} tokens wait to be accepted"))
        self._waiting += 1
        try:
            async with asyncio.timeout(ACCEPT_DEADLINE):
                return await asyncio.get_running_loop().run_in_executor(self._accepting, self._acceptor.accept, token, binding)
        except TimeoutError:
            diagnostic = f"a token was not accepted within {ACCEPT_DEADLINE:g} seconds: is the replay cache's file system stuck?"
            return TokenAnswer(Unavailable(Reason.OVERLOADED, Stage.ACCEPT, diagnostic=diagnostic))
        finally:
            self._waiting -= 1

    async def realm_states(self) -> tuple[RealmState, ...]:
        """See `ports.CredentialVerifier`."""
        return tuple(await asyncio.gather(*(realm.readiness.state() for realm in self._realms.values())))

    def kdc_states(self) -> tuple[KdcState, ...]:
        """What this process knows of every realm's KDCs. Asks nobody; of a realm that nobody asked for yet it knows none."""
        return tuple(state for realm in self._realms.values() for state in realm.asking.kdcs.states())

    def told(self, realm: KerberosRealm) -> bool | None:
        """Whether a realm that is asked in the same way has shown what kind of KDC it has; see `Readiness`."""
        ours = self._realms.get(realm.name)
        return ours.readiness.told if ours is not None else None

    def slots(self, realm: KerberosRealm) -> Slots | None:
        """The slots of a realm of this name and with these limits, if there is one."""
        ours = self._realms.get(realm.name)
        same = ours is not None and (ours.settings.max_concurrent, ours.settings.max_waiting) == (realm.max_concurrent, realm.max_waiting)
        return ours.slots if ours is not None and same else None

    def asking(self, realm: KerberosRealm) -> Asking | None:
        """The KDCs of a realm that is asked in the same way, if there is one."""
        ours = self._realms.get(realm.name)
        return ours.asking if ours is not None and ours.asking.serves(realm) else None

    def close(self) -> None:
        """Let the accepting threads end, and leave the KDCs to the verifier that goes on with them, if one does."""
        self._accepting.shutdown(wait=False)
        for realm in self._realms.values():
            if realm.login.armour is not None:
                realm.login.armour.close()
            realm.asking.leave()


def _slots(realm: KerberosRealm, before: KerberosVerifier | None) -> Slots:
    return (before.slots(realm) if before is not None else None) or Slots(realm.max_concurrent, realm.max_waiting)


def _no_slot(realm: KerberosRealm, error: FullError) -> Unavailable:
    """The answer to a login that was never begun."""
    if error.queue:
        diagnostic = (
            f"{realm.max_concurrent} logins of {realm.name} are under way, and the queue of {realm.max_waiting} behind them is full"
        )
    else:
        diagnostic = f"{realm.max_concurrent} logins of {realm.name} are under way and none ended in time"
    return Unavailable(Reason.OVERLOADED, Stage.AS, diagnostic=diagnostic)
