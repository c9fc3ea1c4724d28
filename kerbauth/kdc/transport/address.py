"""Where a KDC is: one address of one host, in the form that the socket calls take."""

import errno
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kerbauth.kdc.transport.errors import ExchangeError, NoSocketError, RefusedError

PORT: Final = 88  # RFC 4120 7.2.1

# Ours to blame: descriptors, memory and local ports run out in this process or on this machine, and say nothing about the KDC.
_OURS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})


@dataclass(frozen=True, slots=True)
class Address:
    """One socket address of a KDC. `name` is what it was configured or found as; two of the same `where` are the same KDC.

    `where` is what getaddrinfo(3) gives: (host, port), and for IPv6 flow and scope as well. `udp` is false for a KDC that DNS names for
    TCP only.
    """

    name: str
    family: socket.AddressFamily
    where: tuple[Any, ...]
    udp: bool = True

    @property
    def text(self) -> str:
        """As people write it: `192.0.2.1:88`, `[2001:db8::1]:88`."""
        host, port = self.where[:2]
        return f"[{host}]:{port}" if self.family == socket.AF_INET6 else f"{host}:{port}"

    def open(self, kind: socket.SocketKind) -> socket.socket:
        """A socket that does not block, of this address's family. Raises NoSocketError or RefusedError."""
        try:
            made = socket.socket(self.family, kind)
        except OSError as error:
            raise failure(error, self, reached=False) from None
        made.settimeout(0)
        return made


def with_a_way(addresses: Sequence[Address]) -> tuple[Address, ...]:
    """Those that this machine knows a way to, or all if it knows none to any.

    A name has IPv6 addresses whether this machine has IPv6 or not; without it they are no KDCs that could be silent. The kernel says so
    when a datagram socket is connected, which sends nothing.
    """
    return tuple(each for each in addresses if _has_a_way(each)) or tuple(addresses)


def _has_a_way(address: Address) -> bool:
    try:
        with address.open(socket.SOCK_DGRAM) as ours:
            ours.connect(address.where)
    except NoSocketError:
        return True  # not for the address to answer for
    except (OSError, RefusedError) as error:
        return isinstance(error, OSError) and error.errno in _OURS
    return True


def failure(error: OSError, address: Address, *, reached: bool) -> ExchangeError:
    """What a failed socket call means."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _OURS:
        return NoSocketError(f"no socket for {address.text}: {reason}")
    return RefusedError(f"{address.text}: {reason}", reached=reached)
