"""A directory server that does what it is told, after a real bind: sansldap's server side, and a GSSAPI acceptor with a key of its own."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from gssapi import raw
from sansldap import (
    BindRequest,
    FilterAnd,
    FilterEquality,
    LDAPMessage,
    LDAPResultCode,
    LDAPServer,
    PartialAttribute,
    SaslCredential,
    SearchRequest,
)

from kerbauth.kdc.directory.connection import Server

ROOT = {"dnsHostName": [b"dc1.ka.test"], "defaultNamingContext": [b"DC=ka,DC=test"]}
SECURITY, DISTRIBUTION = b"-2147483646", b"2"  # global groups


def group(name: str, rid: int = 1117, kind: bytes = SECURITY) -> dict[str, list[bytes]]:
    """A group's attributes."""
    sid = struct.pack("<BB6s5I", 1, 5, b"\0\0\0\0\0\5", 21, 1, 2, 3, rid)
    return {"sAMAccountName": [name.encode()], "objectSid": [sid], "groupType": [kind]}


class Directory:
    """Serves one connection after the other. What is to go wrong is another method in a subclass."""

    def __init__(self, keytab: bytes, *groups: dict[str, list[bytes]]) -> None:
        self.keytab = keytab
        self.groups = list(groups)
        self.root = dict(ROOT)
        self.searched: list[SearchRequest] = []
        self.connections = 0

    def offer(self) -> bytes:
        """The layers (RFC 4752 3.1), signed: sealing and signing and none, and the size of a buffer."""
        return b"\x07\x00\xff\xff"

    def token(self, token: bytes) -> bytes:
        """The acceptor's token, as it is sent."""
        return token

    def seal(self, context: Any, message: bytes) -> bytes:
        """A message as it is sent after the bind, with its length."""
        wrapped = raw.wrap(context, message, confidential=True).message
        return struct.pack("!I", len(wrapped)) + wrapped

    def find(self, request: SearchRequest) -> Sequence[dict[str, list[bytes]]]:
        """What a search finds: the groups of the wanted name, in any case."""
        assert isinstance(request.filter, FilterAnd)
        (wanted,) = (part.value for part in request.filter.filters if isinstance(part, FilterEquality) and part.attribute != "objectClass")
        return [each for each in self.groups if each["sAMAccountName"][0].decode().lower() == wanted.decode().lower()]

    def answer_bind(self, server: LDAPServer, request: BindRequest, connection: "Connected") -> None:
        """One step of the bind."""
        assert isinstance(request.authentication, SaslCredential)
        given = request.authentication.credentials or b""
        if connection.context is None:
            credential = raw.acquire_cred_from({b"keytab": self.keytab}, usage="accept").creds
            accepted = raw.accept_sec_context(given, acceptor_creds=credential)
            connection.context = accepted.context
            server.bind_response(request.message_id, self.token(accepted.token or b""), LDAPResultCode.SASL_BIND_IN_PROGRESS)
        elif not given:
            offered = raw.wrap(connection.context, self.offer(), confidential=False).message
            server.bind_response(request.message_id, offered, LDAPResultCode.SASL_BIND_IN_PROGRESS)
        else:
            connection.chosen = raw.unwrap(connection.context, given).message
            server.bind_response(request.message_id)

    def answer_search(self, server: LDAPServer, request: SearchRequest) -> None:
        """All of a search's answer."""
        found = [self.root] if not request.base_object else self.find(request)
        for number, attributes in enumerate(found):
            asked = [PartialAttribute(name, attributes[name]) for name in request.attributes if name in attributes]
            server.search_result_entry(request.message_id, f"CN={number}", asked)
        server.search_result_done(request.message_id)

    def answer(self, server: LDAPServer, message: LDAPMessage, connection: "Connected") -> None:
        """One request."""
        if isinstance(message, BindRequest):
            self.answer_bind(server, message, connection)
        elif isinstance(message, SearchRequest):
            self.searched.append(message)
            self.answer_search(server, message)


class Connected:
    """One connection of a client."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.context: Any = None
        self.chosen: bytes | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = LDAPServer()
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                sealed = self.chosen is not None
                for message in server.receive(await self._received(reader)):
                    self.directory.answer(server, message, self)
                    reply = server.data_to_send()
                    writer.write(self.directory.seal(self.context, reply) if sealed else reply)
                await writer.drain()
        writer.close()

    async def _received(self, reader: asyncio.StreamReader) -> bytes:
        if self.chosen is None:
            received = await reader.read(65536)
            if not received:
                raise asyncio.IncompleteReadError(b"", 1)
            return received
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        opened = raw.unwrap(self.context, await reader.readexactly(length))
        assert opened.encrypted
        return opened.message


@asynccontextmanager
async def serving(directory: Directory) -> AsyncIterator[Server]:
    """Where it listens."""
    tasks = []

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        directory.connections += 1
        tasks.append(asyncio.get_running_loop().create_task(Connected(directory).serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield Server(*server.sockets[0].getsockname())
    finally:
        server.close()
        await asyncio.gather(*tasks)
