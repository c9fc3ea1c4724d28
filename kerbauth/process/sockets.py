"""Listening sockets: bound here before anybody serves, or handed over by the service manager (sd_listen_fds(3))."""

import os
import socket
from collections.abc import MutableMapping
from contextlib import ExitStack
from typing import Final

FIRST_PASSED: Final = 3
"""The first descriptor that a service manager hands over (SD_LISTEN_FDS_START in sd-daemon.h)."""


class PassedSocketError(Exception):
    """What the service manager handed over cannot be served on. The message says why and what to do."""


def listen(host: str, port: int, backlog: int) -> tuple[socket.socket, ...]:
    """Sockets that listen on every address of `host` (localhost may have two), port 0 for any free one. Raises OSError.

    `backlog` connections wait in the kernel until somebody accepts them.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    with ExitStack() as undo:
        sockets = []
        for family, _, protocol, _, address in dict.fromkeys(found):
            each = undo.enter_context(socket.socket(family, socket.SOCK_STREAM, protocol))
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart must not wait for connections in TIME_WAIT (tcp(7))
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # each address is served by the socket that names it
            each.bind(address)
            each.listen(backlog)
            each.settimeout(0)  # an event loop serves it
            sockets.append(each)
        undo.pop_all()
    return tuple(sockets)


def take_passed(environ: MutableMapping[str, str]) -> tuple[socket.socket, ...]:
    """The sockets that the service manager handed to this very process, none if it handed over none. Raises PassedSocketError.

    The variables are removed, so that no child takes them for its own.
    """
    pid, count, _ = (environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"))
    if pid != str(os.getpid()) or not count.isdigit():
        return ()
    return tuple(_passed(descriptor) for descriptor in range(FIRST_PASSED, FIRST_PASSED + int(count)))


def _passed(descriptor: int) -> socket.socket:
    advice = "In the .socket unit use ListenStream= with an IP address and a port"
    try:
        passed = socket.socket(fileno=descriptor)
    except OSError as error:
        msg = f"descriptor {descriptor}, which the service manager passed, is no socket: {error.strerror}. {advice}"
        raise PassedSocketError(msg) from error
    if passed.family not in {socket.AF_INET, socket.AF_INET6} or passed.type != socket.SOCK_STREAM:
        msg = f"descriptor {descriptor}, which the service manager passed, is no TCP socket. {advice}"
        raise PassedSocketError(msg)
    if not passed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        msg = f"descriptor {descriptor}, which the service manager passed, is not listening: a socket unit with Accept=no listens"
        raise PassedSocketError(msg)
    passed.set_inheritable(False)
    passed.settimeout(0)
    return passed
