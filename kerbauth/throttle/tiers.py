"""Several stores, one behind the other: the first that works does the counting, and none is behind when it takes over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from kerbauth.throttle.ledger import Failure, Ledger, LedgerError, StartedAnewError
from kerbauth.throttle.windows import SourceWindows

logger = logging.getLogger(__name__)

AWAY_SECONDS: Final = 5.0
"""How long a store that failed is left alone before it is asked again."""

T = TypeVar("T")


@dataclass(slots=True)
class Tier:
    """One store. `name` is what the log calls it."""

    name: str
    ledger: Ledger
    windows: SourceWindows
    away_until: float = field(default=0.0, init=False)
    lost: bool = field(default=False, init=False)
    behind: bool = field(default=True, init=False)  # it may lack failures that the store after it knows
    catching_up: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)


class ThrottleObserver(Protocol):
    """Counts what the throttle does. Must not raise and must not block."""

    def throttle_held(self, why: str) -> None:
        """An attempt was not admitted: `account`, `pause`, `source`, `overall` or `unsettled`."""
        ...

    def throttle_repeated(self) -> None:
        """A wrong password was known again."""
        ...

    def throttle_degraded(self, degraded: bool) -> None:  # noqa: FBT001 -- the one thing that is told
        """Whether a store is away, and another counts in its place."""
        ...


class Tiers:
    """The stores, in the order in which they are asked. The last one must always work: a ledger in memory does."""

    def __init__(self, tiers: Sequence[Tier], observer: ThrottleObserver, monotonic: Callable[[], float]) -> None:
        self._tiers = tuple(tiers)
        self._observer = observer
        self._monotonic = monotonic

    async def first(self, step: Callable[[Tier], Awaitable[T]]) -> tuple[Tier, T]:
        """What the first store that works says. Raises LedgerError if none does."""
        for place, tier in enumerate(self._tiers[:-1]):
            if self._monotonic() >= tier.away_until:
                try:
                    result = await self._caught_up(tier, self._tiers[place + 1], step)
                except LedgerError as error:
                    self.lose(tier, error)
                else:
                    self._find(tier)
                    return tier, result
        return self._tiers[-1], await step(self._tiers[-1])

    async def each(self, step: Callable[[Tier], Awaitable[None]], always: Tier) -> None:
        """Tell every store that is not away, and `always` in any case."""
        for tier in self._tiers:
            if tier is always or self._monotonic() >= tier.away_until:
                await self.quietly(tier, lambda tier=tier: step(tier))  # type: ignore[misc]  # bound now, not at the call

    async def quietly(self, tier: Tier, step: Callable[[], Awaitable[None]]) -> None:
        """Tell one store something. That it cannot be told is noted, and no error."""
        try:
            await step()
        except LedgerError as error:
            self.lose(tier, error)
        else:
            self._find(tier)

    def lose(self, tier: Tier, error: LedgerError) -> None:
        """A store cannot be used: leave it alone for a while, and say so, once."""
        tier.away_until = self._monotonic() + AWAY_SECONDS
        tier.behind = True
        if not tier.lost:
            tier.lost = True
            logger.error("the throttle counts without its %s: %s", tier.name, error)
        self._observer.throttle_degraded(True)  # noqa: FBT003 -- the one thing that is told

    async def close(self) -> None:
        """Close all stores."""
        for tier in self._tiers:
            await tier.ledger.close()

    async def _caught_up(self, tier: Tier, after: Tier, step: Callable[[Tier], Awaitable[T]]) -> T:
        """Ask a store that may lack failures only after it was told those that the next one knows. Raises LedgerError."""
        await self._catch_up(tier, after)
        try:
            return await step(tier)
        except StartedAnewError:
            tier.behind = True
            await self._catch_up(tier, after)
            return await step(tier)

    async def _catch_up(self, tier: Tier, after: Tier) -> None:
        async with tier.catching_up:
            if tier.behind:
                known: tuple[Failure, ...] = ()
                try:
                    known = await after.ledger.failures()
                except LedgerError as error:
                    self.lose(after, error)
                try:
                    await tier.ledger.adopt(known)
                except StartedAnewError:  # it says so once: this is what it is being told for
                    await tier.ledger.adopt(known)
                tier.behind = False

    def _find(self, tier: Tier) -> None:
        if tier.lost:
            tier.lost = False
            logger.warning("the throttle counts with its %s again", tier.name)
            self._observer.throttle_degraded(any(each.lost for each in self._tiers))
