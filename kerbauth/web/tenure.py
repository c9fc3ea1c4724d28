"""How long services are needed: until the last request that began with them has its answer."""

import asyncio
from types import TracebackType

from kerbauth.web.exchange import Services


class Tenure:
    """Services, and the requests under way with them. A request holds it as a context manager."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def __enter__(self) -> Services:
        self._under_way += 1
        self._idle.clear()
        return self.services

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._idle.set()

    async def idle(self) -> None:
        """Return when no request is under way."""
        await self._idle.wait()
