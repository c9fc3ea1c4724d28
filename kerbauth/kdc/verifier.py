"""The credential verifier over GSSAPI: the port's promise kept with blocking calls behind bulkheads."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from kerbauth.core.channel import ChannelBinding
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proof, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc import password as password_login
from kerbauth.kdc import probe
from kerbauth.kdc.accept import Acceptor
from kerbauth.kdc.bulkhead import Bulkhead, DeadlineError, FullError
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.ports import RealmState, TokenAnswer

PROBE_DEADLINE: Final = 2.0  # seconds: readiness is asked every few seconds and must not wait for a silent KDC
PROBE_KEEP: Final = 5.0  # seconds an answer about a KDC is good for
ACCEPT_THREADS: Final = 2  # accepting is 70 us of CPU and never waits for a network: more threads than cores bring nothing
ACCEPT_DEADLINE: Final = 5.0  # seconds
ACCEPT_QUEUE: Final = 1000  # tokens; at some thousands a second that is well under a second's work


@dataclass(slots=True)
class _Realm:
    settings: KerberosRealm
    logins: Bulkhead
    probes: Bulkhead = field(default_factory=lambda: Bulkhead(1))
    state: RealmState | None = None
    state_until: float = 0.0
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class GssapiVerifier:
    """Implements `ports.CredentialVerifier` with GSSAPI over libkrb5.

    `acceptor` holds the keys of all `realms`. `before` is the verifier that this one follows in a reload: realms whose limits stay as
    they are go on with its slots, so that calls under way and abandoned ones still count.
    """

    def __init__(self, realms: Sequence[KerberosRealm], acceptor: Acceptor, before: "GssapiVerifier | None" = None) -> None:
        self._acceptor = acceptor
        self._realms = {realm.name: _Realm(realm, _slots(realm, before)) for realm in realms}
        self._waiting = 0
        self._accepting = ThreadPoolExecutor(ACCEPT_THREADS, thread_name_prefix="accept")

    async def verify_password(self, principal: Principal, password: Secret, late: Callable[[Proof], None] | None = None) -> Proof:
        """See `ports.CredentialVerifier`."""
        realm = self._realms.get(principal.realm)
        if realm is None:  # the use case reads names against the same realms: this is a bug, and never a packet
            return Unavailable(Reason.INTERNAL, Stage.AS, diagnostic="the realm is not configured")
        settings, service = realm.settings, realm.settings.services[0]

        def after_all(proof: Proof | None) -> None:
            if late is not None:
                late(proof or Unavailable(Reason.INTERNAL, Stage.AS, diagnostic="the check failed with an error after its deadline"))

        try:
            return await realm.logins.run(
                settings.deadline, lambda: password_login.verify(principal, password, service, self._acceptor.keytab), after_all
            )
        except DeadlineError:
            diagnostic = f"no KDC of {settings.name} answered within {settings.deadline:g} seconds"
            return Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic=diagnostic, pending=True)
        except FullError as error:
            return _no_slot(settings, error)

    async def accept_token(self, token: bytes, binding: ChannelBinding) -> TokenAnswer:
        """See `ports.CredentialVerifier`."""
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
        """See `ports.CredentialVerifier`. Asks each realm's KDC for nothing but its readiness to answer, at most every few seconds."""
        return tuple(await asyncio.gather(*(self._state(realm) for realm in self._realms.values())))

    async def _state(self, realm: _Realm) -> RealmState:
        async with realm.asking:
            if realm.state is None or time.monotonic() >= realm.state_until:
                realm.state = await self._ask(realm)
                realm.state_until = time.monotonic() + PROBE_KEEP
            return realm.state

    async def _ask(self, realm: _Realm) -> RealmState:
        name = realm.settings.name
        try:
            problem = await realm.probes.run(PROBE_DEADLINE, lambda: probe.problem(realm.settings.services[0]))
        except (DeadlineError, FullError):
            problem = f"no KDC of {name} answered within {PROBE_DEADLINE:g} seconds"
        return RealmState(name, ready=not problem, problem=problem)

    def slots(self, realm: KerberosRealm) -> Bulkhead | None:
        """The slots of a realm of this name and with these limits, if there is one."""
        ours = self._realms.get(realm.name)
        same = ours is not None and (ours.settings.max_concurrent, ours.settings.max_waiting) == (realm.max_concurrent, realm.max_waiting)
        return ours.logins if ours is not None and same else None

    def close(self) -> None:
        """Let the accepting threads end. Password logins under way are left to their own threads."""
        self._accepting.shutdown(wait=False)


def _slots(realm: KerberosRealm, before: GssapiVerifier | None) -> Bulkhead:
    return (before.slots(realm) if before is not None else None) or Bulkhead(realm.max_concurrent, realm.max_waiting)


def _no_slot(realm: KerberosRealm, error: FullError) -> Unavailable:
    """The answer to a login that was never begun."""
    if error.abandoned:
        diagnostic = f"no KDC of {realm.name} answers: {realm.max_concurrent} earlier logins still wait for one"
        return Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic=diagnostic)
    if error.queue:
        diagnostic = (
            f"{realm.max_concurrent} logins of {realm.name} are under way, and the queue of {realm.max_waiting} behind them is full"
        )
    else:
        diagnostic = f"{realm.max_concurrent} logins of {realm.name} are under way and none ended in time"
    return Unavailable(Reason.OVERLOADED, Stage.AS, diagnostic=diagnostic)
