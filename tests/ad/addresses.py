"""Addresses of 127/8 for domain controllers, each of which wants Kerberos' and LDAP's own ports."""

import os
import socket
from collections.abc import Iterator

_MARK = 87  # held for as long as an address is taken: a port below 1024, which no client is given by chance
_SERVED = (88, 389)


class Address:
    """An address that nobody else on this machine takes until it is given back: no other process of this run, and no other run.

    Raises RuntimeError if every address is taken, for example by a KDC that listens on all of them.
    """

    def __init__(self) -> None:
        for text in _candidates(os.getpid()):
            mark = socket.socket()
            try:
                mark.bind((text, _MARK))
                _unused(text)
            except PermissionError:
                mark.close()
                msg = "domain controllers listen on the ports 88 and 389, which only root may do here"
                raise RuntimeError(msg) from None
            except OSError:
                mark.close()
                continue
            self.text, self._mark = text, mark
            return
        msg = "no free address in 127/8: does something listen on port 88 or 389 of all addresses?"
        raise RuntimeError(msg)

    def give_back(self) -> None:
        self._mark.close()


def _candidates(start: int) -> Iterator[str]:
    """Twenty thousand addresses from 127.100.0.0 on, away from those that are used by hand; processes begin at different ones."""
    for number in range(20_000):
        high, low = divmod(start * 7 + number, 250)
        yield f"127.{100 + high // 250 % 100}.{high % 250}.{low + 2}"


def _unused(address: str) -> None:
    for port in _SERVED:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that ended lately do not count
            probe.bind((address, port))
