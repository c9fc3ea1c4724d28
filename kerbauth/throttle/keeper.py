"""The throttle: admits attempts by the ledger's word, slows unknown sources down, and knows a wrong password again."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from kerbauth.core.budget import Hold, Wait
from kerbauth.core.outcome import Proof, Proved, Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.ports import Admission, Admitted, Repeated, Source, Throttled, Unsettled
from kerbauth.throttle.ledger import LedgerError, Reservation, key_of
from kerbauth.throttle.memory import WrongPasswords
from kerbauth.throttle.tiers import ThrottleObserver, Tier, Tiers

logger = logging.getLogger(__name__)

WAIT_SECONDS: Final = 3.0
"""How long an attempt waits for others at the same account to be settled: several applications opened at once, with one password."""


@dataclass(frozen=True, slots=True)
class _Ticket:
    """An admitted attempt. `local_began` is this machine's time, for the stores that did not make the reservation."""

    tier: Tier
    reservation: Reservation
    local_began: float
    source: Source
    principal: Principal
    password: Secret


class PasswordThrottle:
    """Implements `ports.Throttle` over one or more stores: the first that works does the counting, the others are told what came of it,
    so that they can take over. The last one must always work: a ledger in memory does.
    """

    def __init__(
        self, tiers: Sequence[Tier], observer: ThrottleObserver, repeat_seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._tiers = Tiers(tiers, observer, monotonic)
        self._observer = observer
        self._monotonic = monotonic
        self._wrong = WrongPasswords(repeat_seconds, monotonic)
        self._tasks: set[asyncio.Task[None]] = set()

    async def admit(self, principal: Principal, source: Source, password: Secret) -> Admission:
        """See `ports.Throttle`."""
        asked = key_of(principal)
        wrong = self._wrong.recall(asked, password)
        if wrong is not None:
            self._observer.throttle_repeated()
            return Repeated(wrong)
        reserved = await self._reserve(asked, source)
        if isinstance(reserved, Wait):
            self._observer.throttle_held("unsettled")
            return Unsettled()
        if isinstance(reserved, Hold):
            why = "pause" if reserved.pause else "account"
            self._observer.throttle_held(why)
            return Throttled(reserved.seconds, f"the {why} of {principal.realm} is held for {reserved.seconds:.0f} s")
        tier, reservation, began = reserved
        ticket = _Ticket(tier, reservation, began, source, principal, password)
        held = await self._held(ticket)
        return held or Admitted(ticket)

    async def settle(self, admitted: Admitted, proof: Proof) -> None:
        """See `ports.Throttle`."""
        # Whoever waits for the answer may hang up; what came of the attempt is written down all the same.
        await asyncio.shield(self._in_background(self._settle(admitted, proof)))

    async def _settle(self, admitted: Admitted, proof: Proof) -> None:
        ticket = admitted.ticket
        if not isinstance(ticket, _Ticket):
            msg = "this ticket is not of this throttle"
            raise TypeError(msg)
        match proof:
            case Proved(principal):
                await self._succeeded(ticket, principal)
            case Refused(proved=True):
                # The KDC counted nothing. But no key of ours has proved who said so: it takes nothing back either.
                await self._tiers.quietly(ticket.tier, lambda: ticket.tier.ledger.cancel(ticket.reservation))
            case Refused():
                await self._failed(ticket, proof.reason)
            case Unavailable(pending=True):
                return  # the KDC may still count it; `settle_later` says in the end
            case Unavailable():
                await self._tiers.quietly(ticket.tier, lambda: ticket.tier.ledger.cancel(ticket.reservation))

    def settle_later(self, admitted: Admitted, proof: Proof) -> None:
        """See `ports.Throttle`."""
        self._in_background(self._settle(admitted, proof))

    def forget_password(self, principal: Principal) -> None:
        """See `ports.Throttle`."""
        self._wrong.forget(key_of(principal))

    async def close(self) -> None:
        """Let what is to be settled be settled, and close the stores."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=WAIT_SECONDS)
        await self._tiers.close()

    async def _reserve(self, asked: str, source: Source) -> tuple[Tier, Reservation, float] | Hold | Wait:
        """Write the attempt down, after waiting a little for others to be settled where that is all that stands in the way."""
        ends = self._monotonic() + WAIT_SECONDS
        while True:
            began = time.time()
            # Shielded: a step that was begun goes on although the client hung up, and what it wrote down has to be taken back.
            work = asyncio.ensure_future(self._tiers.first(lambda tier: tier.ledger.reserve(asked, source.name)))
            try:
                tier, answer = await asyncio.shield(work)
            except asyncio.CancelledError:
                work.add_done_callback(self._take_back)
                raise
            if isinstance(answer, Reservation):
                return tier, answer, began
            if isinstance(answer, Hold):
                return answer
            if self._monotonic() >= ends:
                return answer
            await asyncio.sleep(random.uniform(0.01, 0.05))  # noqa: S311 -- spreads attempts out; no secret

    def _take_back(self, work: "asyncio.Future[tuple[Tier, Reservation | Wait | Hold]]") -> None:
        if not work.cancelled() and work.exception() is None:
            tier, made = work.result()
            if isinstance(made, Reservation):
                self._in_background(self._tiers.quietly(tier, lambda: tier.ledger.cancel(made)))

    async def _held(self, ticket: _Ticket) -> Throttled | None:
        """Whether the source, or all unknown ones together, have failed too often. Familiar sources and named clients are not asked."""
        if ticket.source.named or ticket.reservation.familiar:
            return None
        try:
            why, seconds = await ticket.tier.windows.held(ticket.source.name)
        except LedgerError as error:
            self._tiers.lose(ticket.tier, error)
            return None
        except asyncio.CancelledError:
            self._in_background(self._tiers.quietly(ticket.tier, lambda: ticket.tier.ledger.cancel(ticket.reservation)))
            raise
        if not why:
            return None
        await self._tiers.quietly(ticket.tier, lambda: ticket.tier.ledger.cancel(ticket.reservation))
        self._observer.throttle_held(why)
        return Throttled(seconds, f"too many failures ({why}); held for {seconds:.0f} s")

    async def _failed(self, ticket: _Ticket, reason: Reason) -> None:
        if reason in {Reason.BAD_CREDENTIALS, Reason.UNKNOWN_USER}:
            self._wrong.remember(key_of(ticket.principal), ticket.password, reason)
        # Only what the KDC knows is kept in clear: people type passwords where their name belongs.
        name = None if reason is Reason.UNKNOWN_USER else str(ticket.principal)
        await self._everywhere(ticket, lambda tier, made: tier.ledger.fail(made, name))
        if not ticket.source.named and not ticket.reservation.familiar:
            await self._everywhere(ticket, lambda tier, _: tier.windows.count(ticket.source.name))

    async def _succeeded(self, ticket: _Ticket, principal: Principal) -> None:
        account = key_of(principal)
        for known_as in {account, key_of(ticket.principal)}:
            self._wrong.forget(known_as)
        await self._everywhere(ticket, lambda tier, made: tier.ledger.succeed(made, account, str(principal)))

    async def _everywhere(self, ticket: _Ticket, step: Callable[[Tier, Reservation], Awaitable[None]]) -> None:
        """Tell every store that works: the one that admitted the attempt, and those that may have to take over."""
        elsewhere = replace(ticket.reservation, account=ticket.reservation.asked, began=ticket.local_began)
        await self._tiers.each(lambda tier: step(tier, ticket.reservation if tier is ticket.tier else elsewhere), ticket.tier)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class NoThrottle:
    """Implements `ports.Throttle` where it is switched off: everything is admitted."""

    async def admit(self, principal: Principal, source: Source, password: Secret) -> Admission:  # noqa: ARG002 -- the port's signature
        """See `ports.Throttle`."""
        return Admitted(None)

    async def settle(self, admitted: Admitted, proof: Proof) -> None:
        """See `ports.Throttle`."""

    def settle_later(self, admitted: Admitted, proof: Proof) -> None:
        """See `ports.Throttle`."""

    def forget_password(self, principal: Principal) -> None:
        """See `ports.Throttle`."""

    async def close(self) -> None:
        """Nothing to close."""
