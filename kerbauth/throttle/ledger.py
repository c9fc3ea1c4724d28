"""What an account's attempts are written down in: the promise that each store keeps, and the values it works with."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from kerbauth.core.budget import UNSETTLED, Budget, Hold, Wait, decide
from kerbauth.core.principal import Principal
from kerbauth.core.text import caseless

FAMILIAR_SECONDS: Final = 30 * 86_400.0
"""How long a source is familiar to an account after its owner was let in there: longer than a holiday, shorter than a lease of a desk."""

FAMILIAR_SOURCES: Final = 8
"""Familiar sources of one account that are remembered, the latest: the places where one person works."""

ALSO: Final = "+"
"""How the id of an attempt ends where it is written down for a second account."""

ALIAS_SECONDS: Final = 30 * 86_400.0
"""How long it is remembered that a typed name stands for an account of another name, after it was last proved."""


class LedgerError(Exception):
    """The store cannot be used now. The message says why; it holds no name and no secret."""


class StartedAnewError(LedgerError):
    """The store works, but has lost what was written down in it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An account that the KDC has shown to be behind a name: its key and its name."""

    account: str
    name: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """An attempt that was let through and written down. `account` is the account it counts for; `began` is the store's own time.

    `also` is the account that it counts for besides, and is written down for under `also_id`.
    """

    id: str
    asked: str
    account: str
    source: str
    began: float
    familiar: bool
    also: Shown | None = None

    @property
    def also_id(self) -> str:
        """See above. No id is another one's with this at its end."""
        return self.id + ALSO


@dataclass(frozen=True, slots=True)
class Counted:
    """An account with failures. `name` is None where nobody knows that there is such an account: people type passwords there."""

    account: str
    name: str | None
    failures: int
    under_way: int
    held_seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure, for another store: `age` in seconds, since clocks differ."""

    id: str
    account: str
    age: float
    name: str | None


def counted(budget: Budget, account: str, name: str | None, attempts: tuple[Sequence[float], Sequence[float]], now: float) -> Counted:
    """What is told of an account with these failures and attempts under way, at `now`. Lost attempts are failures by now."""
    failed, under_way = attempts
    held = decide(budget, failed, under_way, now, familiar=False)
    lost = [time + UNSETTLED for time in under_way if time + UNSETTLED <= now]
    return Counted(
        account,
        name,
        failures=sum(time > now - budget.window for time in (*failed, *lost)),
        under_way=len(under_way) - len(lost),
        held_seconds=held.seconds if isinstance(held, Hold) else 0.0,
    )


class Ledger(Protocol):
    """Keeps attempts by account.

    Promise: `reserve` decides by `core.budget.decide` over everything written down so far and, for a go, writes the attempt down, in one
    step that no other process comes between. A reservation that is never settled stays until it cannot matter any more. Every call raises
    LedgerError, and then nothing was changed, if the store cannot be used. Accounts are keys made by `key_of`; a name that is not known to
    be an account's is never stored.
    """

    async def reserve(self, asked: str, source: str) -> Reservation | Wait | Hold:
        """Let an attempt through, or say why not. `asked` is the key of the name that was typed."""
        ...

    async def reserve_also(self, reservation: Reservation, shown: Shown) -> Reservation | Wait | Hold:
        """Let an attempt through for the account that the KDC has shown to be behind what was asked, too: in one step, as `reserve`. The
        reservation to settle from now on. Pauses do not count here, only what the account may cost. Otherwise nothing was changed.
        """
        ...

    async def fail(self, reservation: Reservation, name: str | None) -> None:
        """It was a wrong password: a failure from now on. `name` if the KDC showed that there is such an account. May be repeated."""
        ...

    async def succeed(self, reservation: Reservation, account: str, name: str) -> None:
        """The password was right: failures settled before this attempt began are forgotten, the source is familiar from now on, and
        whoever types what was asked means `account`, the key of the proved principal. Of what counts for a second account, those of
        these failures that count there, too, are forgotten.
        """
        ...

    async def cancel(self, reservation: Reservation) -> None:
        """The KDC counted nothing: as if it had not been made."""
        ...

    async def counted(self) -> tuple[Counted, ...]:
        """The accounts with failures or attempts under way, those held longest first."""
        ...

    async def release(self, account: str | None) -> int:
        """Forget the failures of an account, or of all, attempts of killed processes included; how many accounts had some."""
        ...

    async def failures(self) -> tuple[Failure, ...]:
        """The failures within the window, for a store that was away meanwhile."""
        ...

    async def adopt(self, failures: Sequence[Failure]) -> None:
        """Take failures over from another store. Those that are here already are not counted again."""
        ...

    async def close(self) -> None:
        """Close connections and files."""
        ...


def key_of(principal: Principal) -> str:
    """The account a principal is counted under: without case, since a KDC that folds case counts all spellings as one.

    A digest: names that people type may be passwords, and belong in no file and on no other machine.
    """
    text = "\0".join((caseless(principal.realm), *map(caseless, principal.components)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
