"""The throttle: admits attempts by the ledger's word, slows unknown sources down, and knows a wrong password again."""

import asyncio
import contextlib
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
from kerbauth.throttle.ledger import LedgerError, Reservation, Shown, key_of
from kerbauth.throttle.memory import WrongPasswords
from kerbauth.throttle.tiers import ThrottleObserver, Tier, Tiers

logger = logging.getLogger(__name__)

WAIT_SECONDS: Final = 3.0
"""How long an attempt waits for others at the same account to be settled: several applications opened at once, with one password."""


_REMEMBERED: Final = frozenset({Reason.BAD_CREDENTIALS, Reason.UNKNOWN_USER, Reason.THROTTLED})
"""Answers that the same password gets again for a while. One that was held for the account behind its name, too: strangers are answered as
for an unknown name, and then as often.
"""


@dataclass(slots=True)
class _Ticket:
    """An admitted attempt. `local_began` is this machine's time, for the stores that did not make the reservation. `tiers` is who made it,
    and who wrote it down for a second account, if that is another one.
    """

    tiers: tuple[Tier, ...]
    reservation: Reservation
    local_began: float
    source: Source
    principal: Principal
    password: Secret

    @property
    def tier(self) -> Tier:
        """Who made the reservation."""
        return self.tiers[0]

    @property
    def known_as(self) -> tuple[str, ...]:
        """The accounts that are known to be asked for."""
        also = self.reservation.also
        return (self.reservation.asked,) if also is None else (self.reservation.asked, also.account)


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
        repeated = self._repeated(asked, password)
        if repeated is not None:
            return repeated
        tier, reserved, began = await self._reserve(lambda tier: tier.ledger.reserve(asked, source.name))
        if not isinstance(reserved, Reservation):
            return self._not_now(reserved, principal)
        ticket = _Ticket((tier,), reserved, began, source, principal, password)
        held = await self._held(ticket)
        return held or Admitted(ticket)

    async def recognise(self, admitted: Admitted, account: Principal) -> Admission:
        """See `ports.Throttle`."""
        ticket, shown = _ticket_of(admitted), Shown(key_of(account), str(account))
        made = ticket.reservation
        if shown.account in {made.asked, made.account}:
            return admitted
        repeated = self._repeated(shown.account, ticket.password)
        if repeated is not None:
            return repeated
        tier, reserved, _ = await self._reserve(lambda tier: tier.ledger.reserve_also(made, shown))
        if not isinstance(reserved, Reservation):
            return self._not_now(reserved, account)
        ticket.reservation = reserved
        if tier is not ticket.tier:
            ticket.tiers = (ticket.tier, tier)
        return admitted

    def _repeated(self, account: str, password: Secret) -> Repeated | None:
        wrong = self._wrong.recall(account, password)
        if wrong is None:
            return None
        self._observer.throttle_repeated()
        return Repeated(wrong)

    def _not_now(self, why: Wait | Hold, principal: Principal) -> Unsettled | Throttled:
        if isinstance(why, Wait):
            self._observer.throttle_held("unsettled")
            return Unsettled()
        what = "pause" if why.pause else "account"
        self._observer.throttle_held(what)
        return Throttled(why.seconds, f"the {what} of {principal.realm} is held for {why.seconds:.0f} s")

    async def settle(self, admitted: Admitted, proof: Proof) -> None:
        """See `ports.Throttle`."""
        # Whoever waits for the answer may hang up; what came of the attempt is written down all the same.
        await asyncio.shield(self._in_background(self._settle(admitted, proof)))

    async def _settle(self, admitted: Admitted, proof: Proof) -> None:
        ticket = _ticket_of(admitted)
        match proof:
            case Proved(principal):
                await self._succeeded(ticket, principal)
            case Refused(proved=True):
                # The KDC counted nothing. But no key of ours has proved who said so: it takes nothing back either.
                await self._cancel(ticket)
            case Refused():
                await self._failed(ticket, proof.reason)
            case Unavailable(pending=True):
                return  # the KDC may still count it; `settle_later` says in the end
            case Unavailable():
                await self._cancel(ticket)

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

    async def _reserve(self, step: Callable[[Tier], Awaitable[Reservation | Wait | Hold]]) -> tuple[Tier, Reservation | Wait | Hold, float]:
        """Write the attempt down, after waiting a little for others to be settled where that is all that stands in the way. Where, and when
        that was begun by this machine's time.
        """
        ends = self._monotonic() + WAIT_SECONDS
        while True:
            began = time.time()
            # Shielded: a step that was begun goes on although the client hung up, and what it wrote down has to be taken back.
            work = asyncio.ensure_future(self._tiers.first(step))
            try:
                tier, answer = await asyncio.shield(work)
            except asyncio.CancelledError:
                self._in_background(self._take_back(work))
                raise
            if not isinstance(answer, Wait) or self._monotonic() >= ends:
                return tier, answer, began
            await asyncio.sleep(random.uniform(0.01, 0.05))  # noqa: S311 -- spreads attempts out; no secret

    async def _take_back(self, work: "asyncio.Future[tuple[Tier, Reservation | Wait | Hold]]") -> None:
        with contextlib.suppress(LedgerError):  # then nothing was written down
            tier, made = await work
            if isinstance(made, Reservation):
                await self._tiers.quietly(tier, lambda: tier.ledger.cancel(made))

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
            self._in_background(self._cancel(ticket))
            raise
        if not why:
            return None
        await self._cancel(ticket)
        self._observer.throttle_held(why)
        return Throttled(seconds, f"too many failures ({why}); held for {seconds:.0f} s")

    async def _cancel(self, ticket: _Ticket) -> None:
        for tier in ticket.tiers:
            await self._tiers.quietly(tier, lambda tier=tier: tier.ledger.cancel(ticket.reservation))  # type: ignore[misc]  # bound now

    async def _failed(self, ticket: _Ticket, reason: Reason) -> None:
        if reason in _REMEMBERED:
            for known_as in ticket.known_as:
                self._wrong.remember(known_as, ticket.password, reason)
        # Only what the KDC knows is kept in clear: people type passwords where their name belongs.
        name = None if reason is Reason.UNKNOWN_USER else str(ticket.principal)
        await self._everywhere(ticket, lambda tier, made: tier.ledger.fail(made, name))
        if not ticket.source.named and not ticket.reservation.familiar:
            await self._everywhere(ticket, lambda tier, _: tier.windows.count(ticket.source.name))

    async def _succeeded(self, ticket: _Ticket, principal: Principal) -> None:
        account = key_of(principal)
        for known_as in {account, *ticket.known_as}:
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


def _ticket_of(admitted: Admitted) -> _Ticket:
    if not isinstance(admitted.ticket, _Ticket):
        msg = "this ticket is not of this throttle"
        raise TypeError(msg)
    return admitted.ticket


class NoThrottle:
    """Implements `ports.Throttle` where it is switched off: everything is admitted."""

    async def admit(self, principal: Principal, source: Source, password: Secret) -> Admission:  # noqa: ARG002 -- the port's signature
        """See `ports.Throttle`."""
        return Admitted(None)

    async def recognise(self, admitted: Admitted, account: Principal) -> Admission:  # noqa: ARG002 -- as above
        """See `ports.Throttle`."""
        return admitted

    async def settle(self, admitted: Admitted, proof: Proof) -> None:
        """See `ports.Throttle`."""

    def settle_later(self, admitted: Admitted, proof: Proof) -> None:
        """See `ports.Throttle`."""

    def forget_password(self, principal: Principal) -> None:
        """See `ports.Throttle`."""

    async def close(self) -> None:
        """Nothing to close."""
