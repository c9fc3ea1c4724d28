"""Local ports that a late reply may still come to.

If another exchange got such a port from the system, it would take the reply for its own. A KRB-ERROR need not tell whose it is (RFC 4120
5.9.1: its client's name and time are optional): one user would hear what another one's password was worth.
"""

import asyncio
import socket
from collections import deque
from typing import Final

HOLD: Final = 60.0
"""Seconds that the socket itself is kept, so that no process of this machine gets its port: longer than any KDC of use takes, and than one
that is moved to another host stands still."""

HELD: Final = 256
"""Sockets that are kept at a time; each is a descriptor."""

REST: Final = 300.0
"""Seconds that this process does not use the port. A KDC that was stopped answers what waits in its socket's buffer when it goes on; after
some minutes nobody expects that."""

RESTING: Final = 10_000
"""Ports: about a third of those that the system chooses from (ip_local_port_range), so that a free one is found soon."""


class RestingPorts:
    """The ports of exchanges with one KDC that ended while a reply was still to come. Times are the event loop's."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._held: deque[tuple[float, socket.socket]] = deque()
        self._over = False

    def rest(self, ours: socket.socket, now: float) -> None:
        """Let the port of this socket rest from now on. Takes the socket over: nobody reads it any more, and it is closed in time."""
        port = ours.getsockname()[1]
        self._since.pop(port, None)
        self._since[port] = now
        while len(self._since) > RESTING or now - next(iter(self._since.values())) >= REST:
            del self._since[next(iter(self._since))]
        if self._over:
            ours.close()
            return
        if not self._held:
            asyncio.get_running_loop().call_later(HOLD, self._let_go)
        self._held.append((now, ours))
        if len(self._held) > HELD:
            self._held.popleft()[1].close()

    def rests(self, port: int, now: float) -> bool:
        """Whether it is not to be used now."""
        since = self._since.get(port)
        return since is not None and now - since < REST

    def release(self) -> None:
        """Close all sockets that are kept."""
        while self._held:
            self._held.popleft()[1].close()

    def end(self) -> None:
        """The KDC is asked no more: close all sockets, also those that come yet."""
        self._over = True
        self.release()

    def _let_go(self) -> None:
        """Close what was kept long enough, and come again for the rest."""
        loop = asyncio.get_running_loop()
        while self._held and loop.time() - self._held[0][0] >= HOLD:
            self._held.popleft()[1].close()
        if self._held:
            loop.call_at(self._held[0][0] + HOLD, self._let_go)
