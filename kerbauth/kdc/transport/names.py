"""KDCs that the settings name: hosts are resolved as the machine resolves them (hosts file included), in the background."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

from kerbauth.core.text import shown
from kerbauth.kdc.transport.address import PORT, Address, with_a_way
from kerbauth.kdc.transport.blocking import Blocking
from kerbauth.kdc.transport.directory import Found, LookupFailedError
from kerbauth.settings.fields import split_host_port

REFRESH: Final = 60.0
"""Seconds between two looks at the names: getaddrinfo(3) tells no time to live, and a KDC that moves keeps its old address for as long as
its administrator waits."""

RETRY: Final = 5.0
"""Seconds until a name that was not found is looked for again: as long as glibc waits for a name server."""

PATIENCE: Final = 5.0
"""Seconds for one name: with two name servers, the first of which is down, glibc takes five (resolv.conf(5))."""

THREADS: Final = 4
"""Names that are looked up at a time. A call cannot be ended: so many may hang in it, and then none is begun until one is back."""

Info = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]
GetAddrInfo = Callable[[str, int], Sequence[Info]]

_log: Final = logging.getLogger("kerbauth.kdc")


def getaddrinfo(host: str, port: int) -> Sequence[Info]:
    """The addresses of a host in both families, in the order of RFC 6724. Blocks. Raises OSError."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)


class Configured:
    """A `Directory` of `host`, `host:port`, `[IPv6]` and `[IPv6]:port`, in their order; a host's addresses stand where it stands.

    A host that is not found keeps the addresses that it had. Raises ValueError for a name that is none.
    """

    def __init__(self, names: Sequence[str], resolve: GetAddrInfo = getaddrinfo) -> None:
        self._names = tuple(dict.fromkeys(names))
        self._resolve = resolve
        self._hosts = {name: split_host_port(name) for name in self._names}
        self._known: dict[str, tuple[Address, ...]] = {}
        for name in self._names:
            literal = self._literal(name)
            if literal is not None:
                self._known[name] = (literal,)
        self._to_resolve = [name for name in self._names if name not in self._known]
        self._lost: dict[str, str] = {}
        self._threads = Blocking(THREADS)

    async def look_up(self) -> Found:
        """See `Directory`."""
        problems = dict(zip(self._to_resolve, await asyncio.gather(*map(self._look_up, self._to_resolve)), strict=True))
        lost = {name: problem for name, problem in problems.items() if problem}
        for name in lost.keys() - self._lost.keys():
            kept = "its earlier addresses stay" if name in self._known else "it has no address yet"
            _log.warning("the KDC %s is not found (%s): %s", name, kept, lost[name])
        self._lost = lost
        addresses = tuple(address for name in self._names for address in self._known.get(name, ()))
        if not addresses:
            raise LookupFailedError("; ".join(f"{name}: {problem}" for name, problem in lost.items()), RETRY)
        return Found(addresses, RETRY if lost else REFRESH)

    async def _look_up(self, name: str) -> str:
        """Look one name up. Empty if it was found, else why not."""
        host, port = self._hosts[name]
        try:
            infos = await self._threads.run(PATIENCE, lambda: self._resolve(host, port or PORT))
        except TimeoutError:
            return f"no name server answered within {PATIENCE:g} seconds"
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that no name can have, like one of 64 letters
            return shown(error.strerror or str(error) if isinstance(error, OSError) else str(error))
        self._known[name] = with_a_way([Address(name, socket.AddressFamily(family), where) for family, _, _, _, where in infos])
        return ""

    def _literal(self, name: str) -> Address | None:
        host, port = self._hosts[name]
        try:
            version = ipaddress.ip_address(host).version
        except ValueError:
            return None
        if version == 4:
            return Address(name, socket.AF_INET, (host, port or PORT))
        return Address(name, socket.AF_INET6, (host, port or PORT, 0, 0))
