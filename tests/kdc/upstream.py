"""Asking the real KDC behind a scripted one."""

import asyncio
import struct
from typing import Literal

Address = tuple[str, int]
PREFIX = 4  # a TCP message is preceded by its length in network byte order: RFC 4120, 7.2.2


async def ask(address: str, request: bytes, transport: Literal["udp", "tcp"]) -> bytes:
    """Its reply; waits for one as long as it is silent. Raises OSError. `address` is `host:port`."""
    host, port = address.split(":")
    return await _ASK[transport]((host, int(port)), request)


class _OneReply(asyncio.DatagramProtocol):
    def __init__(self, reply: "asyncio.Future[bytes]") -> None:
        self._reply = reply

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if not self._reply.done():
            self._reply.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._reply.done():
            self._reply.set_exception(exc)


async def _ask_by_udp(address: Address, request: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    reply: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(lambda: _OneReply(reply), remote_addr=address)
    try:
        transport.sendto(request)
        return await reply
    finally:
        transport.close()


async def _ask_by_tcp(address: Address, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(struct.pack("!I", len(request)) + request)
        (length,) = struct.unpack("!I", await reader.readexactly(PREFIX))
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError from error
    finally:
        writer.close()


_ASK = {"udp": _ask_by_udp, "tcp": _ask_by_tcp}
