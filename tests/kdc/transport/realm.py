"""A realm's KDCs for tests, and what they say changed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.directory import Fixed
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.kdcs import Kdcs

REQUEST = b"a request"
PROBE = b"a probe"
LONG = 20.0  # seconds: more than any test takes


async def probe() -> bytes:
    return PROBE


def within(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


class Events:
    """What `on_event` was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Standing]] = []
        self._changed = asyncio.Event()

    def __call__(self, kdc: Kdc, standing: Standing) -> None:
        self.seen.append((kdc.address.text, standing))
        self._changed.set()

    async def wait_for(self, address: Address, standing: Standing) -> None:
        async with asyncio.timeout(10):
            while (address.text, standing) not in self.seen:
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def kdcs(*addresses: Address, events: Callable[[Kdc, Standing], None] | None = None, **options: Any) -> AsyncIterator[Kdcs]:
    made = Kdcs("KA.TEST", Fixed(addresses), probe, on_event=events, **options)
    await made.start()
    try:
        yield made
    finally:
        await made.close()
