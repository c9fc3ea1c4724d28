"""How many connections there may be, and how long each may take over what: the bounds that aiohttp does not have.

aiohttp 3.14 ends a connection that waits for a request, or for the rest of one's header fields, when its keep-alive time is over, and
counts nothing else: not the connections, not the bytes of all header fields together, not the time in which a peer takes its reply.
A peer that never reads holds the connection, the reply and the handler for ever.
"""

import logging
import resource
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from kerbauth.core.addresses import Network, as_source, is_within, read_address, read_network
from kerbauth.settings.server import ServerSettings

logger = logging.getLogger(__name__)

LOOPBACK: Final[tuple[Network, ...]] = (read_network("127.0.0.0/8"), read_network("::1"))

SPARE_FILES: Final = 256
"""Files that are open besides connections and logins: log, audit, counters, and what libkrb5 reads."""

FILES_PER_LOGIN: Final = 2
"""Sockets to KDCs: one, and another while the first KDC is being passed over."""

FAREWELLS: Final = 128
"""Connections above the limit that may wait for their peer to read why; more are closed without a word."""


class Ended(StrEnum):
    """Why a connection was ended that did not end by itself."""

    LIMIT = "limit"
    ADDRESS_LIMIT = "address-limit"
    SLOW_HEADER = "slow-header"
    LARGE_HEADER = "large-header"
    SLOW_READER = "slow-reader"


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds on connections, in numbers and seconds. The defaults are the settings'; tests shorten the times.

    `exempt` are the addresses that `per_address` does not count for: many users come from there.
    """

    total: int = 2000
    per_address: int = 100
    exempt: tuple[Network, ...] = LOOPBACK
    header: float = 10.0
    keepalive: float = 75.0
    reader: float = 20.0  # to take 48 kB of a reply, or the rest of it
    linger: float = 2.0  # for a refused request's rest to be read and thrown away, so that the client can read the refusal
    logins: int = 0  # that may be under way, each with files of its own


class Connections:
    """The open connections of one listener."""

    def __init__(self, limits: ConnectionLimits, ended: Callable[[Ended], None]) -> None:
        self.limits = limits
        self._ended = ended
        self._open: Counter[str] = Counter()
        self._total = 0
        self._farewells = 0
        self._full = False

    def admit(self, address: str) -> Ended | None:
        """Count a new connection; or, not counted, the limit that it is above."""
        if self._total >= self.limits.total:
            if not self._full:  # once, not for each: whoever fills the service would fill the log as well
                logger.warning("%d connections are open; more are refused (server.max_connections)", self._total)
            self._full = True
            return self.ended(Ended.LIMIT)
        source = counted_address(address)
        if self._open[source] >= self.limits.per_address and not is_within(read_address(address), self.limits.exempt):
            return self.ended(Ended.ADDRESS_LIMIT)
        self._total += 1
        self._open[source] += 1
        return None

    def leave(self, address: str) -> None:
        """A connection that was admitted is over."""
        self._total -= 1
        source = counted_address(address)
        self._open[source] -= 1
        if not self._open[source]:
            del self._open[source]
        if self._full and self._total <= self.limits.total * 0.9:
            logger.warning("%d connections are open; new ones are taken again", self._total)
            self._full = False

    def begin_farewell(self) -> bool:
        """Whether one more refused connection may wait until its peer has read why."""
        if self._farewells >= FAREWELLS:
            return False
        self._farewells += 1
        return True

    def end_farewell(self) -> None:
        """A refused connection is gone."""
        self._farewells -= 1

    def ended(self, why: Ended) -> Ended:
        """Count a connection that is ended from here."""
        self._ended(why)
        return why


def counted_address(address: str) -> str:
    """What is counted as one address; what is none counts as it is written."""
    read = read_address(address)
    return address if read is None else as_source(read)


def configured_limits(settings: ServerSettings, logins: int) -> ConnectionLimits:
    """The limits that are configured, where so many logins may be under way.

    Many users share a proxy and this machine, so each of these may have all connections there are.
    """
    return ConnectionLimits(
        total=settings.max_connections,
        per_address=settings.max_connections_per_address,
        exempt=(*LOOPBACK, *settings.trusted_proxies),
        header=settings.header_timeout,
        keepalive=settings.keepalive_timeout,
        logins=logins,
    )


def fit_to_files(limits: ConnectionLimits) -> ConnectionLimits:
    """The limits, with no more connections than files may be open; raises the process's soft limit as far as needed and allowed.

    Each connection is a file (getrlimit(2), RLIMIT_NOFILE). Without one the kernel keeps new connections waiting, unanswered.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare = SPARE_FILES + limits.logins * FILES_PER_LOGIN
    needed = limits.total + spare
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return limits
    total = max(soft - spare, 1)
    logger.warning("only %d files may be open, so there are at most %d connections; raise LimitNOFILE or ulimit -n", soft, total)
    return replace(limits, total=total)
