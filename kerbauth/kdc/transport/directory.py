"""Where a realm's KDCs are named, and how often to look there. Asked in the background only, never during a login."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kerbauth.kdc.transport.address import Address


@dataclass(frozen=True, slots=True)
class Found:
    """The KDCs in the order in which they are asked, and for how many seconds that is good."""

    addresses: tuple[Address, ...]
    keep: float


class LookupFailedError(Exception):
    """Nothing was found out: what was known stays. `pause` is the seconds until another try makes sense."""

    def __init__(self, diagnostic: str, pause: float) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic
        self.pause = pause


class Directory(Protocol):
    """Names a realm's KDCs."""

    async def look_up(self) -> Found:
        """Find them. Takes at most some seconds, blocks nothing, and raises nothing but LookupFailedError."""


class Fixed:
    """A `Directory` of addresses that are known already."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._found = Found(tuple(addresses), 3600.0)

    async def look_up(self) -> Found:
        """See `Directory`."""
        return self._found
