"""The sockets of a service: opened, or taken over, once for all workers."""

import contextlib
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Self

from kerbauth.assembly import StartError
from kerbauth.process.sockets import PassedSocketError, listen, take_passed
from kerbauth.settings import ServerSettings, is_loopback
from kerbauth.web.server import BACKLOG


@dataclass(frozen=True, slots=True)
class Sockets:
    """What the service listens on. `operators` is empty where operators' pages have no listener of their own."""

    public: tuple[socket.socket, ...]
    operators: tuple[socket.socket, ...] = ()

    @classmethod
    def open(cls, server: ServerSettings, environ: MutableMapping[str, str]) -> Self:
        """Take those that the service manager passed in place of `server.listen`, or else open our own. Raises StartError."""
        passed = _passed(server, environ)
        with contextlib.ExitStack() as undo:
            public = passed or _listen(server.address, "server.listen")
            for each in public:
                undo.callback(each.close)
            operators = () if server.operations_address is None else _listen(server.operations_address, "server.operations_listen")
            undo.pop_all()
        return cls(public, operators)

    def close(self) -> None:
        """Close them in this process; others that share them are not touched."""
        for each in (*self.public, *self.operators):
            each.close()


def url_of(listening: socket.socket, scheme: str) -> str:
    """Where that is."""
    host, port = listening.getsockname()[:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _listen(address: tuple[str, int], setting: str) -> tuple[socket.socket, ...]:
    try:
        return listen(*address, BACKLOG)
    except OSError as error:
        msg = f"cannot listen on {address[0]} port {address[1]}: {error.strerror or error}. Stop what uses it, or change {setting}"
        raise StartError([msg]) from error


def _passed(server: ServerSettings, environ: MutableMapping[str, str]) -> tuple[socket.socket, ...]:
    try:
        passed = take_passed(environ)
    except PassedSocketError as error:
        raise StartError([str(error)]) from error
    for each in passed:
        host = each.getsockname()[0]
        if not is_loopback(host) and not server.insecure_http and server.tls_certificate is None:
            msg = (
                f"the service manager passed a socket that listens on {host}, which other machines reach, and passwords would come in "
                "unencrypted. Set tls_certificate and tls_key, or have it listen on 127.0.0.1 and put a TLS proxy in front, or set "
                "server.insecure_http = true"
            )
            raise StartError([msg])
    return passed
