"""One connection to a directory server: requests go out, answers come in, first in clear and then sealed; bounded in bytes.

Time is not bounded here: whoever asks has a deadline around it.
"""

import asyncio
import os
import struct
from dataclasses import dataclass
from typing import Final, Self

from kerbauth.kdc.directory.messages import BindStep, Found, Messages
from kerbauth.kdc.directory.sealing import SEALED_LIMIT, Sealing
from kerbauth.kdc.directory.trouble import DirectoryError

PORT: Final = 389  # RFC 4516; signed and sealed by SASL, which domain controllers take there as they take TLS at 636 (MS-ADTS 5.1.1)

ANSWER_LIMIT: Final = 131_072
"""Bytes of the answer to one request. Of a root DSE one attribute is asked for, and of a group three: some hundred bytes."""

CHUNK: Final = 16_384  # bytes read at a time before the bind

_LENGTH: Final = struct.Struct("!I")  # RFC 4422 3.7: the length before each sealed buffer


@dataclass(frozen=True, slots=True)
class Server:
    """A directory server by name or address (IPv6 without brackets), and its port."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Connection:
    """A connection that is open. After a DirectoryError it is of no use but to be closed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.messages = Messages()
        self.sealing: Sealing | None = None
        """Set once the bind is done: from then on everything is sealed."""

    @classmethod
    async def open(cls, server: Server) -> Self:
        """Raises DirectoryError."""
        try:
            return cls(*await asyncio.open_connection(server.host, server.port, limit=SEALED_LIMIT))
        except UnicodeError:  # a label that no name can have, like one of 64 letters
            msg = "no name can be like this"
            raise DirectoryError(msg) from None
        except OSError as error:
            raise DirectoryError(_told(error)) from None

    async def bind(self, token: bytes) -> BindStep:
        """A step of the bind. Raises DirectoryError."""
        answer = await self._ask(self.messages.bind(token))
        if isinstance(answer, BindStep):
            return answer
        raise _other()

    async def search(self, request: bytes) -> Found:
        """What a request of `messages` finds. Raises DirectoryError."""
        answer = await self._ask(request)
        if isinstance(answer, Found):
            return answer
        raise _other()

    def close(self) -> None:
        """End it without a farewell: the server learns of it by the end of the connection."""
        self._writer.transport.abort()

    async def _ask(self, request: bytes) -> BindStep | Found:
        if self.sealing is not None:
            sealed = self.sealing.seal(request)
            request = _LENGTH.pack(len(sealed)) + sealed
        taken = 0
        try:
            self._writer.write(request)
            await self._writer.drain()
            while True:
                received, size = await self._received()
                taken += size
                if taken > ANSWER_LIMIT:
                    msg = f"the directory server's answer has more than {ANSWER_LIMIT} bytes"
                    raise DirectoryError(msg)
                answer = self.messages.take(received)
                if answer is not None:
                    return answer
        except asyncio.IncompleteReadError:
            raise _ended() from None
        except OSError as error:
            raise DirectoryError(_told(error)) from None

    async def _received(self) -> tuple[bytes, int]:
        """The next bytes of LDAP, and how many came for them."""
        if self.sealing is None:
            clear = await self._reader.read(CHUNK)
            if not clear:
                raise _ended()
            return clear, len(clear)
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        if length > SEALED_LIMIT:
            msg = f"the directory server sends {length} bytes in one piece, and was told to send {SEALED_LIMIT} at most"
            raise DirectoryError(msg)
        return self.sealing.open(await self._reader.readexactly(length)), length


def _told(error: OSError) -> str:
    # asyncio joins what came of several addresses into a text of its own.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else (error.strerror or str(error))


def _ended() -> DirectoryError:
    return DirectoryError("the directory server ended the connection")


def _other() -> DirectoryError:
    return DirectoryError("the directory server answers what was not asked")
