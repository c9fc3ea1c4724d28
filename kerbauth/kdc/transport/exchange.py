"""One request to one KDC, over UDP or TCP as its size, the realm's setting and the KDC's answers want it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kerbauth.kdc.protocol.framing import whole
from kerbauth.kdc.transport import tcp, udp
from kerbauth.kdc.transport.connections import Connections
from kerbauth.kdc.transport.errors import LostError, RefusedError, UnsentError
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.ports import RestingPorts
from kerbauth.kdc.transport.reading import RESPONSE_TOO_BIG, error_code
from kerbauth.kdc.transport.sending import Copies, Sending
from kerbauth.settings.kdcs import Transport

CONNECT_SECONDS: Final = 1.3
"""Seconds for a connection where there is another way, over UDP or to another KDC. One lost SYN is sent again after one (RFC 6298 2.1), the
rest is for its round trip. At most half of the time that is left: the other half is for the other way."""

WITHOUT_TCP: Final = 300.0
"""Seconds for which a KDC is asked over UDP at once, after TCP has led nowhere. A firewall that swallows port 88 stays for long, and a
login that looks whether it is still there takes longer by CONNECT_SECONDS."""

_RETRIES: Final = (0.05, 0.2, 0.8)
"""Seconds before a request is sent over another connection when one was lost: an MIT KDC with too many drops the oldest."""


@dataclass(slots=True)
class Line:
    """A KDC, and how to reach it.

    `learned_tcp`: with `Transport.AUTO`, this KDC was found to answer over TCP and not over UDP (a firewall, a KDC without UDP).
    `udp_until`: it was found the other way round, and until this time of the event loop TCP is not tried; 0 if it was not.
    """

    kdc: Kdc
    transport: Transport
    connections: Connections
    learned_tcp: bool = False
    udp_until: float = 0.0
    ports: RestingPorts = field(default_factory=RestingPorts)
    accept: Callable[[bytes], bool] = field(default=whole)

    async def ask(self, request: bytes, sending: Sending) -> bytes:
        """Send the request and give back the KDC's reply. Waits for one until it is cancelled.

        What may be sent only once `Transport.AUTO` prefers to send over TCP. Raises RefusedError, LostError, UnsentError or NoSocketError.
        """
        if not self.over_udp or len(request) > udp.SIZE_LIMIT:
            return await self._over_tcp(request, sending)
        if sending.copies is Copies.ONE and self.may_learn:
            return await self._once(request, sending)
        return await self._udp_first(request, sending)

    async def _udp_first(self, request: bytes, sending: Sending) -> bytes:
        try:
            return await self._over_udp(request, sending)
        except RefusedError:
            if sending.left or not self.may_learn:
                raise
        reply = await self._over_tcp(request, sending)
        self.learned_tcp = True
        return reply

    async def _once(self, request: bytes, sending: Sending) -> bytes:
        """TCP repeats what is lost below the KDC, which sees it once. So nothing is lost by not sending it again ourselves."""
        now = asyncio.get_running_loop().time()
        if now < self.udp_until:
            return await self._over_udp(request, sending)
        if self.udp_until:
            self.udp_until = now + 2 * CONNECT_SECONDS  # one login finds out whether it is still so; the others need not wait
        sending.connect_seconds = CONNECT_SECONDS
        try:
            reply = await self._over_tcp(request, sending)
        except RefusedError:
            return await self._over_udp(request, sending)
        except UnsentError:
            reply = await self._over_udp(request, sending)
            self.udp_until = asyncio.get_running_loop().time() + WITHOUT_TCP
            return reply
        self.udp_until = 0.0
        return reply

    async def _over_udp(self, request: bytes, sending: Sending) -> bytes:
        resends = udp.pauses(self.kdc.latency)
        try:
            reply = await udp.exchange(self.kdc.address, request, self.accept, resends, self.kdc.answered, self.ports, sending)
        except RefusedError as error:
            if not error.reached:
                sending.unread()
            raise
        return await self._over_tcp(request, sending) if error_code(reply) == RESPONSE_TOO_BIG else reply

    @property
    def over_udp(self) -> bool:
        """Whether this KDC is asked over UDP first."""
        return self.transport is not Transport.TCP and self.kdc.address.udp and not self.learned_tcp

    @property
    def may_learn(self) -> bool:
        """Whether TCP may be tried for a KDC that does not answer over UDP, and the other way round."""
        return self.transport is Transport.AUTO and self.kdc.address.udp

    async def _over_tcp(self, request: bytes, sending: Sending) -> bytes:
        async with self.connections.place(sending.until):
            # A proof is not sent again over another connection: one is lost, too, when the KDC is started anew and forgets what it counted.
            for pause in _RETRIES if sending.copies is Copies.ANY else ():
                try:
                    return await self._over_connection(request, sending)
                except (LostError, UnsentError):
                    await asyncio.sleep(pause)
            return await self._over_connection(request, sending)

    async def _over_connection(self, request: bytes, sending: Sending) -> bytes:
        connect_by = _earlier(sending.until, sending.connect_seconds)
        async with self.connections.connection(sending):
            return await tcp.exchange(self.kdc.address, request, self.accept, self.kdc.answered, sending, connect_by)


def _earlier(until: float | None, seconds: float | None) -> float | None:
    """The loop's time after so many seconds, or after half of what is left until `until`."""
    if seconds is None:
        return until
    now = asyncio.get_running_loop().time()
    return now + seconds if until is None else now + min(seconds, (until - now) / 2)
