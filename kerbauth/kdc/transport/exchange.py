"""One request to one KDC, over UDP or TCP as its size, the realm's setting and the KDC's answers want it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kerbauth.kdc.protocol.framing import whole
from kerbauth.kdc.transport import tcp, udp
from kerbauth.kdc.transport.errors import LostError, RefusedError
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.ports import RestingPorts
from kerbauth.kdc.transport.reading import RESPONSE_TOO_BIG, error_code
from kerbauth.settings.kdcs import Transport

_RETRIES: Final = (0.05, 0.2, 0.8)
"""Seconds before a request is sent over another connection when one was lost: an MIT KDC with too many drops the oldest."""


@dataclass(slots=True)
class Line:
    """A KDC, and how to reach it. `connections` counts those over TCP.

    `learned_tcp`: with `Transport.AUTO`, this KDC was found to answer over TCP and not over UDP (a firewall, a KDC without UDP).
    """

    kdc: Kdc
    transport: Transport
    connections: asyncio.Semaphore
    learned_tcp: bool = False
    ports: RestingPorts = field(default_factory=RestingPorts)
    accept: Callable[[bytes], bool] = field(default=whole)

    async def ask(self, request: bytes, *, resend: bool) -> bytes:
        """Send the request and give back the KDC's reply. Waits for one until it is cancelled.

        `resend` allows to send the identical bytes more than once; without it `Transport.AUTO` prefers TCP. Raises RefusedError, LostError
        or NoSocketError.
        """
        if not self.over_udp or len(request) > udp.SIZE_LIMIT:
            return await self._over_tcp(request, resend=resend)
        if resend or not self.may_learn:
            return await self._udp_first(request, resend=resend)
        try:
            # TCP repeats what is lost below the KDC, which sees it once. So nothing is lost by not sending it again ourselves.
            return await self._over_tcp(request, resend=False)
        except RefusedError:
            return await self._udp_first(request, resend=False)

    async def _udp_first(self, request: bytes, *, resend: bool) -> bytes:
        resends = udp.pauses(self.kdc.latency) if resend else iter(())
        try:
            reply = await udp.exchange(self.kdc.address, request, self.accept, resends, self.kdc.answered, self.ports)
        except RefusedError as error:
            if error.reached or not self.may_learn:
                raise
            reply = await self._over_tcp(request, resend=resend)
            self.learned_tcp = True
            return reply
        return await self._over_tcp(request, resend=resend) if error_code(reply) == RESPONSE_TOO_BIG else reply

    @property
    def over_udp(self) -> bool:
        """Whether this KDC is asked over UDP first."""
        return self.transport is not Transport.TCP and self.kdc.address.udp and not self.learned_tcp

    @property
    def may_learn(self) -> bool:
        """Whether TCP may be tried for a KDC that does not answer over UDP, and the other way round."""
        return self.transport is Transport.AUTO and self.kdc.address.udp

    async def _over_tcp(self, request: bytes, *, resend: bool) -> bytes:
        async with self.connections:
            for pause in _RETRIES if resend else ():
                try:
                    return await tcp.exchange(self.kdc.address, request, self.accept, self.kdc.answered)
                except LostError:
                    await asyncio.sleep(pause)
            return await tcp.exchange(self.kdc.address, request, self.accept, self.kdc.answered)
