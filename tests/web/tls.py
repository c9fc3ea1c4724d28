"""Both ends of TLS for tests: contexts of the service from files, and of clients."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.x509 import load_der_x509_certificate as load_der

from kerbauth.settings import ServerSettings
from kerbauth.web.app import make_app
from kerbauth.web.connections import ConnectionLimits
from kerbauth.web.server import start
from kerbauth.web.tls import ServerContext, Tls, TlsSwitch, end_point_of, open_tls, peer_names
from tests.certificates import Authority, Pair
from tests.web.fakes import World


def tls_of(pair: Pair | None, **settings: Any) -> Tls:
    """What is read for these settings, which are not checked before: files may have changed since."""
    files: dict[str, Path] = {} if pair is None else {"tls_certificate": pair.certificate_file, "tls_key": pair.key_file}
    return open_tls(ServerSettings.model_construct(**{**ServerSettings().model_dump(), **files, **settings}))


def opened(pair: Pair, *, client_ca: Authority | None = None) -> ServerContext:
    """The context that connections are made with."""
    context = tls_of(pair, client_ca=client_ca.file if client_ca is not None else None).context
    assert context is not None
    return context


def client_context(authority: Authority, own: Pair | None = None) -> ssl.SSLContext:
    """A client that trusts this CA, and shows this certificate if it is asked for one."""
    context = ssl.create_default_context(cafile=str(authority.file))
    if own is not None:
        context.load_cert_chain(*own.files)
    return context


@dataclass
class TlsClient:
    """A TLS client of one connection that stays open."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def tls(self) -> ssl.SSLObject:
        tls = self.writer.get_extra_info("ssl_object")
        assert isinstance(tls, ssl.SSLObject)
        return tls

    @property
    def shown(self) -> str:
        """The common name of the certificate that the server showed."""
        plain = self.tls.getpeercert(binary_form=True)
        assert plain
        return load_der(plain).subject.rfc4514_string().removeprefix("CN=")

    async def ask(self, path: str = "/healthz", *fields: str) -> tuple[str, bytes]:
        """The head and the body of the reply."""
        self.writer.write("\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode())
        async with asyncio.timeout(20):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            length = next(line for line in head.splitlines() if line.lower().startswith("content-length:"))
            return head, await self.reader.readexactly(int(length.partition(":")[2]))


@asynccontextmanager
async def connected(port: int, context: ssl.SSLContext, address: str = "127.0.0.1") -> AsyncIterator[TlsClient]:
    """A client from this address."""
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost", local_addr=(address, 0))
    try:
        yield TlsClient(reader, writer)
    finally:
        writer.close()


def show(request: web.Request) -> web.Response:
    bound = end_point_of(request)
    return web.json_response({"names": list(peer_names(request)), "bound": bound.hex() if bound is not None else None})


async def shown(request: web.Request) -> web.StreamResponse:
    return show(request)


@asynccontextmanager
async def telling(tls: TlsSwitch | None, world: World | None = None, count: int = 1) -> AsyncIterator[list[int]]:
    """A door with one page more, /shown, which says what the connection tells of itself; the ports it listens on."""
    app = make_app((world or World()).services())
    app.router.add_get("/shown", shown)
    runner = await start(
        app,
        [socket.create_server(("127.0.0.1", 0)) for _ in range(count)],
        tls=tls,
        limits=ConnectionLimits(linger=0.05),
        shutdown_timeout=1.0,
    )
    try:
        yield [address[1] for address in runner.addresses]
    finally:
        await runner.cleanup()


async def what_it_tells(client: TlsClient) -> dict[str, object]:
    _, body = await client.ask("/shown")
    told: dict[str, object] = json.loads(body)
    return told
