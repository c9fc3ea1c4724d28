"""One request to one of a realm's password-changing servers (RFC 3244), over TCP or UDP.

Nothing here knows what the request holds, but one thing about it: it is carried out when it is read, and may not be carried out twice. So
the next server is asked only while not a byte has left, and nothing is ever sent again. Over UDP that means that a lost packet is a lost
request; TCP is the default for that reason, and since a firewall that drops UDP port 464 would look like a server that took the password.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

PORT: Final = 464  # RFC 3244 1

CONNECT_SECONDS: Final = 1.0
"""How long a server may take to accept a connection where there is another one to ask. A near one takes a round trip, and a far one loses
one packet without being passed over (RFC 6298 2.1: the first resend of a SYN comes after one second).
"""

REPLY_LIMIT: Final = 65_535 + 4096
"""Bytes. The frame's own length field ends at 65,535 (RFC 3244 2); what comes on top is for a bare KRB-ERROR and its framing."""

_LENGTH: Final = struct.Struct("!I")

MakeRequest = Callable[[str], Awaitable[bytes]]
"""Makes the request, given the local address that it will be sent from: a KRB-PRIV names it (RFC 4120 5.7.1)."""


@dataclass(frozen=True, slots=True)
class Server:
    """A host, by name or address (IPv6 without brackets), and a port."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answered:
    """The server's reply, whole, without the framing of TCP."""

    server: Server
    reply: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotSent:
    """No server could be reached, and no byte of the request has left."""

    diagnostic: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The request has left, all of it or a part, and no whole reply came: the server may have carried it out or not."""

    server: Server
    diagnostic: str


Outcome = Answered | NotSent | Unanswered


class _NotReachedError(Exception):
    """This server has nothing of the request. The message says why."""


async def exchange(servers: Sequence[Server], make_request: MakeRequest, until: float, *, udp: bool = False) -> Outcome:
    """Send one request to the first server that can be reached, and give back what came of it by `until` (the loop's time).

    Raises nothing for an answer; never blocks the event loop.
    """
    loop = asyncio.get_running_loop()
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    problems: list[str] = []
    for position, server in enumerate(servers):
        last = position == len(servers) - 1
        try:
            async with asyncio.timeout_at(until if last else min(until, loop.time() + CONNECT_SECONDS)):
                ours = await _connected(server, kind)
        except TimeoutError:
            problems.append(f"{server}: no answer")
            continue
        except _NotReachedError as error:
            problems.append(f"{server}: {error}")
            continue
        with ours:
            try:
                return await (_by_datagram if udp else _by_stream)(server, ours, make_request, until)
            except _NotReachedError as error:
                problems.append(f"{server}: {error}")
    return NotSent("; ".join(problems) or "no server is known")


async def _connected(server: Server, kind: socket.SocketKind) -> socket.socket:
    """A socket that does not block, connected to one of the server's addresses. Raises _NotReachedError."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(server.host, server.port, type=kind)
    except (OSError, UnicodeError):
        raise _NotReachedError("the name leads to no address") from None
    problem = "the name leads to no address"
    for family, _, protocol, _, where in found:
        try:
            ours = socket.socket(family, kind, protocol)
        except OSError as error:
            problem = _reason(error)
            continue
        try:
            ours.settimeout(0)
            await loop.sock_connect(ours, where)
        except OSError as error:
            ours.close()
            problem = _reason(error)
        except BaseException:  # cancelled: nobody else knows of this socket
            ours.close()
            raise
        else:
            return ours
    raise _NotReachedError(problem)


async def _by_stream(server: Server, ours: socket.socket, make_request: MakeRequest, until: float) -> Answered | Unanswered:
    """Raises _NotReachedError where the time was over before anything was sent."""
    loop = asyncio.get_running_loop()
    request = await _made(ours, make_request, until)
    try:
        async with asyncio.timeout_at(until):
            # RFC 4120 7.2.2's framing, which RFC 3244 1 takes over for TCP.
            await loop.sock_sendall(ours, _LENGTH.pack(len(request)) + request)
            (length,) = _LENGTH.unpack(await _read(ours, _LENGTH.size))
            if not 0 < length <= REPLY_LIMIT:
                return Unanswered(server, f"{server} announced a reply of {length} bytes; the limit is {REPLY_LIMIT}")
            return Answered(server, await _read(ours, length))
    except TimeoutError:
        return Unanswered(server, f"{server} took the request and did not answer in time")
    except EOFError:
        return Unanswered(server, f"{server} closed the connection before a whole reply had come")
    except OSError as error:
        return Unanswered(server, f"{server}: {_reason(error)}")


async def _by_datagram(server: Server, ours: socket.socket, make_request: MakeRequest, until: float) -> Answered | Unanswered:
    """Raises _NotReachedError where the host says that nobody listens there: then nobody has read the one datagram."""
    loop = asyncio.get_running_loop()
    request = await _made(ours, make_request, until)
    try:
        async with asyncio.timeout_at(until):
            await loop.sock_sendall(ours, request)
            return Answered(server, await loop.sock_recv(ours, REPLY_LIMIT))
    except TimeoutError:
        return Unanswered(server, f"{server} did not answer in time")
    except OSError as error:
        raise _NotReachedError(_reason(error)) from None


async def _read(ours: socket.socket, size: int) -> bytes:
    """Exactly so many bytes. Raises EOFError if the connection ends before."""
    loop, received = asyncio.get_running_loop(), bytearray()
    while len(received) < size:
        part = await loop.sock_recv(ours, size - len(received))
        if not part:
            raise EOFError
        received += part
    return bytes(received)


async def _made(ours: socket.socket, make_request: MakeRequest, until: float) -> bytes:
    """The request. Raises _NotReachedError if it is made too late to be sent."""
    name: tuple[Any, ...] = ours.getsockname()
    try:
        async with asyncio.timeout_at(until):
            return await make_request(str(name[0]))
    except TimeoutError:
        raise _NotReachedError("the time was over before the request was made") from None


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else "the connection failed"
