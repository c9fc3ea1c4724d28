"""Loopback ports for throw-away servers."""

import contextlib
import socket
from typing import Final

LISTEN: Final = "127.0.0.1"


def free_port() -> int:
    """A loopback port that was free for both UDP and TCP a moment ago."""
    while True:
        with socket.socket(type=socket.SOCK_STREAM) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((LISTEN, 0))
            port: int = tcp.getsockname()[1]
            with contextlib.suppress(OSError):
                udp.bind((LISTEN, port))
                return port


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection((LISTEN, port), timeout=1).close()
    except OSError:
        return False
    return True
