"""Looking for a sign of life of the KDCs that do not answer, in the background."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.transport import tcp
from kerbauth.kdc.transport.background import Background
from kerbauth.kdc.transport.errors import ExchangeError
from kerbauth.kdc.transport.exchange import Line
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.sending import Copies, Sending

PAUSE: Final = 0.5
"""Seconds between probes: a KDC that comes back is noticed within two seconds even if it takes a second for its answer."""

OVER_TCP: Final = 8
"""Probes over TCP that are under way at a time: each waits for so many times PAUSE. With the logins' connections they stay below the limit
of an MIT KDC."""

BuildProbe = Callable[[], Awaitable[bytes]]
"""Makes a fresh request that is cheap for the KDC and holds no password. Raises nothing."""


class Probes:
    """One task for each KDC that does not answer, from its first unanswered request to its next answer."""

    def __init__(self, build: BuildProbe) -> None:
        self._build = build
        self._probing: dict[Kdc, Background] = {}

    def follow(self, line: Line) -> None:
        """Begin or end probing as the KDC's standing wants it."""
        if line.kdc.standing is Standing.ANSWERS:
            self.forget(line.kdc)
        elif line.kdc not in self._probing:
            self._probing[line.kdc] = Background(f"probing {line.kdc.name}", lambda: self._probe(line))

    def forget(self, kdc: Kdc) -> None:
        """End probing it."""
        probing = self._probing.pop(kdc, None)
        if probing is not None:
            probing.end()

    async def close(self) -> None:
        """End all probing."""
        await asyncio.gather(*(probing.ended() for probing in self._probing.values()))
        self._probing.clear()

    async def _probe(self, line: Line) -> None:
        async with asyncio.TaskGroup() as ways:
            if line.may_learn or line.over_udp:
                ways.create_task(self._over_udp(line))
            if line.may_learn or not line.over_udp:
                ways.create_task(self._over_tcp(line))

    async def _over_udp(self, line: Line) -> None:
        """All probes leave from one socket, which takes their answers however late they come."""
        while True:
            try:
                ours = _connected(line)
                try:
                    await self._keep_sending(ours, line)
                finally:  # answers to earlier probes may still come, and no login is to take one for its own
                    line.ports.rest(ours, asyncio.get_running_loop().time())
            except (OSError, ExchangeError):  # no socket, or no way to the KDC: until the next try
                await self._pause(line)

    async def _keep_sending(self, ours: socket.socket, line: Line) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, _listen, ours, line)
        try:
            while True:
                request = await self._build()
                for _ in range(2):  # what an earlier datagram met (ICMP) is told by the next call, which sends nothing then
                    with contextlib.suppress(ConnectionRefusedError, BlockingIOError):
                        ours.send(request)
                        break
                await self._pause(line)
        finally:
            loop.remove_reader(ours)

    async def _over_tcp(self, line: Line) -> None:
        async with asyncio.TaskGroup() as under_way:
            while True:
                under_way.create_task(_connect(line, await self._build()))
                await self._pause(line)

    async def _pause(self, line: Line) -> None:
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(PAUSE)
        line.kdc.unanswered(began)


def _connected(line: Line) -> socket.socket:
    """A socket that takes this KDC's datagrams only. Raises OSError or ExchangeError."""
    ours = line.kdc.address.open(socket.SOCK_DGRAM)
    try:
        ours.connect(line.kdc.address.where)
    except OSError:
        ours.close()
        raise
    return ours


def _listen(ours: socket.socket, line: Line) -> None:
    with contextlib.suppress(OSError):  # a refusal is what we know already
        if line.accept(ours.recv(65_535)):
            line.learned_tcp = False
            line.kdc.answered(None)


async def _connect(line: Line, request: bytes) -> None:
    """Ask over TCP. Where UDP is the first choice, it gets some time to answer as well before TCP is taken for the only way."""
    answers: list[float] = []
    heard: Callable[[float], None] = answers.append if line.may_learn else line.kdc.answered
    with contextlib.suppress(TimeoutError, ExchangeError):
        async with asyncio.timeout(PAUSE * OVER_TCP):
            await tcp.exchange(line.kdc.address, request, line.accept, heard, Sending(line.kdc, Copies.ANY))
    if answers:
        await asyncio.sleep(PAUSE)
        line.learned_tcp = True
        line.kdc.answered(answers[0])
