"""One exchange over TCP: a connection of its own, four bytes of length before each message (RFC 4120 7.2.2)."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final

from kerbauth.kdc.transport.address import Address, failure
from kerbauth.kdc.transport.errors import LostError, UnsentError
from kerbauth.kdc.transport.ports import opened
from kerbauth.kdc.transport.sending import Sending

REPLY_LIMIT: Final = 131_072
"""Bytes. The largest ticket that Windows issues fits a token of 65,535 (MaxTokenSize, KB 327825), and a reply holds one ticket and less
than 4 KiB besides: twice that is room enough, and all connections at once cannot fill the memory."""

CONNECTIONS: Final = 32
"""Connections to one KDC at a time. An MIT KDC keeps 45 and drops the oldest for the 46th (lib/apputils/net-server.c,
max_tcp_or_rpc_data_connections); the rest is for its other clients and for our probes."""

_LENGTH: Final = struct.Struct("!I")


async def exchange(
    address: Address,
    request: bytes,
    accept: Callable[[bytes], bool],
    heard: Callable[[float], None],
    sending: Sending,
    connect_by: float | None = None,
) -> bytes:
    """Send the request and give back the reply, if `accept` takes it. Waits until it is cancelled.

    `connect_by` is the loop's time until which it waits for the connection. `heard` is called with the seconds since the connection was
    begun. Raises RefusedError, LostError, UnsentError or NoSocketError.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    with opened(address, socket.SOCK_STREAM) as ours:
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            async with asyncio.timeout_at(connect_by):
                await loop.sock_connect(ours, address.where)
        except TimeoutError:  # the kernel's own (ETIMEDOUT) included
            raise UnsentError(f"{address.text} took no connection within {loop.time() - began:.1f} seconds") from None
        except OSError as error:
            raise failure(error, address, reached=False) from None
        if not sending.in_time:
            raise UnsentError(f"{address.text} took the connection too late")
        sending.leaves()
        try:
            await loop.sock_sendall(ours, _LENGTH.pack(len(request)) + request)
            (length,) = _LENGTH.unpack(await _read(ours, address, _LENGTH.size))
            if not 0 < length <= REPLY_LIMIT:  # the high bit is reserved, and set means another extension (RFC 4120 7.2.2)
                raise LostError(f"{address.text} announced a reply of {length} bytes; the limit is {REPLY_LIMIT}", reached=True)
            reply = await _read(ours, address, length)
        except OSError as error:
            raise LostError(failure(error, address, reached=True).diagnostic, reached=True) from None
    if not accept(reply):
        raise LostError(f"{address.text} sent something that is no whole Kerberos message", reached=True)
    heard(loop.time() - began)
    return reply


async def _read(ours: socket.socket, address: Address, size: int) -> bytes:
    loop, parts = asyncio.get_running_loop(), bytearray()
    while len(parts) < size:
        part = await loop.sock_recv(ours, size - len(parts))
        if not part:
            raise LostError(f"{address.text} closed the connection after {len(parts)} of {size} bytes", reached=True)
        parts += part
    return bytes(parts)
