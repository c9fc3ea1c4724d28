"""One request to one KDC, over UDP or TCP as its size, the realm's setting and the KDC's answers want it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from kerbauth.kdc.protocol.framing import whole
from kerbauth.kdc.transport import tcp, udp
from kerbauth.kdc.transport.errors import LostError
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.reading import RESPONSE_TOO_BIG, error_code

_RETRIES: Final = (0.05, 0.2, 0.8)
"""Seconds before a request is sent over another connection when one was lost: an MIT KDC with too many drops the oldest."""


class Transport(StrEnum):
    """What a realm's requests begin with. Requests and replies that are too large for UDP go over TCP either way."""

    UDP = "udp"
    TCP = "tcp"


@dataclass(slots=True)
class Line:
    """A KDC, and how to reach it: its connections are counted here."""

    kdc: Kdc
    transport: Transport
    connections: asyncio.Semaphore
    accept: Callable[[bytes], bool] = field(default=whole)

    async def ask(self, request: bytes, *, resend: bool) -> bytes:
        """Send the request and give back the KDC's reply. Waits for one until it is cancelled.

        `resend` allows to send the identical bytes more than once. Raises RefusedError, LostError or NoSocketError.
        """
        if self.over_udp and len(request) <= udp.SIZE_LIMIT:
            resends = udp.pauses(self.kdc.latency) if resend else iter(())
            reply = await udp.exchange(self.kdc.address, request, self.accept, resends, self.kdc.answered)
            if error_code(reply) != RESPONSE_TOO_BIG:
                return reply
        return await self._over_tcp(request, _RETRIES if resend else ())

    @property
    def over_udp(self) -> bool:
        """Whether this KDC is asked over UDP first."""
        return self.transport is Transport.UDP and self.kdc.address.udp

    async def _over_tcp(self, request: bytes, retries: tuple[float, ...]) -> bytes:
        async with self.connections:
            for pause in retries:
                try:
                    return await tcp.exchange(self.kdc.address, request, self.accept, self.kdc.answered)
                except LostError:
                    await asyncio.sleep(pause)
            return await tcp.exchange(self.kdc.address, request, self.accept, self.kdc.answered)
