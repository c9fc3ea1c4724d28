"""Local ports that a late reply may still come to.

If another exchange got such a port from the system, it would take the reply for its own. A KRB-ERROR need not tell whose it is (RFC 4120
5.9.1: its client's name and time are optional): one user would hear what another one's password was worth.
"""

import asyncio
import socket
from collections import deque
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.errors import NoSocketError

HOLD: Final = 60.0
"""Seconds that the socket itself is kept, so that no process of this machine gets its port: longer than any KDC of use takes, and than one
that is moved to another host stands still."""

HELD: Final = 256
"""Sockets that a process keeps at a time, for all KDCs of all realms; each is a descriptor. A quarter of the usual limit (1,024)."""

REST: Final = 300.0
"""Seconds that this process does not use the port. A KDC that was stopped answers what waits in its socket's buffer when it goes on; after
some minutes nobody expects that."""

RESTING: Final = 10_000
"""Ports: about a third of those that the system chooses from (ip_local_port_range), so that a free one is found soon."""


class RestingPorts:
    """The ports of exchanges with one KDC that ended while a reply was still to come. Times are the event loop's."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._kept: KeptSockets | None = None
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
        self._kept = kept_sockets()
        self._kept.keep(ours, self, now)

    def rests(self, port: int, now: float) -> bool:
        """Whether it is not to be used now."""
        since = self._since.get(port)
        return since is not None and now - since < REST

    def release(self) -> None:
        """Close all sockets that are kept for these ports."""
        if self._kept is not None:
            self._kept.release(self)

    def end(self) -> None:
        """The KDC is asked no more: close all sockets, also those that come yet."""
        self._over = True
        self.release()


class _Kept(NamedTuple):
    since: float
    socket: socket.socket
    owner: RestingPorts


class KeptSockets:
    """The sockets on resting ports, the oldest first. Descriptors are the process's: so is the limit, and so is giving them back."""

    def __init__(self) -> None:
        self._all: deque[_Kept] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._all)

    def keep(self, ours: socket.socket, owner: RestingPorts, now: float) -> None:
        """Keep a socket for HOLD seconds from `now` on, or until HELD others have come."""
        self._all.append(_Kept(now, ours, owner))
        if len(self._all) > HELD:
            self._all.popleft().socket.close()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(now + HOLD, self._let_go)

    def release(self, owner: RestingPorts | None = None) -> None:
        """Close those of one owner, or all."""
        going = [each for each in self._all if owner is None or each.owner is owner]
        self._all = deque(each for each in self._all if owner is not None and each.owner is not owner)
        for each in going:
            each.socket.close()
        if not self._all and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _let_go(self) -> None:
        """Close what was kept long enough, and come again for the rest."""
        loop = asyncio.get_running_loop()
        while self._all and loop.time() - self._all[0].since >= HOLD:
            self._all.popleft().socket.close()
        self._timer = loop.call_at(self._all[0].since + HOLD, self._let_go) if self._all else None


_OF_LOOP: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, KeptSockets]] = WeakKeyDictionary()


def kept_sockets() -> KeptSockets:
    """Those of this process, whose event loop is running: it has one."""
    return _OF_LOOP.setdefault(asyncio.get_running_loop(), KeptSockets())


def opened(address: Address, kind: socket.SocketKind) -> socket.socket:
    """A socket for an exchange. Where no descriptor is left, the kept ones are given back. Raises NoSocketError or RefusedError."""
    try:
        return address.open(kind)
    except NoSocketError:
        kept_sockets().release()  # a login under way needs the descriptor more
        return address.open(kind)
