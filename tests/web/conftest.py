"""The HTTP door on a free loopback port, over in-memory stand-ins, and a client for it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDictProxy

from kerbauth.web.app import DEFAULT_LIMITS, make_app
from kerbauth.web.connections import ConnectionLimits
from kerbauth.web.exchange import Limits
from kerbauth.web.server import start
from kerbauth.web.tls import TlsSwitch
from tests.certificates import SHA384, Authority, Pair, rsa_key
from tests.web.fakes import PASSWORD, World

LOGIN = {"username": "alice", "password": PASSWORD, "application": "desktop"}
CHANGE = {"username": "alice", "old_password": PASSWORD, "new_password": "battery staple"}


SHORT = ConnectionLimits(header=5.0, keepalive=5.0, reader=5.0, linger=0.05)


@dataclass(frozen=True)
class Got:
    """A whole reply."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Door:
    """A running door."""

    world: World
    app: web.Application
    runner: web.AppRunner
    session: aiohttp.ClientSession

    @property
    def port(self) -> int:
        return self.runner.addresses[0][1]

    async def ask(self, method: str, path: str, **request: Any) -> Got:
        async with self.session.request(method, f"http://127.0.0.1:{self.port}{path}", **request) as response:
            return Got(response.status, response.headers, await response.read())

    async def login(self, body: Any = LOGIN, headers: dict[str, str] | None = None) -> Got:
        return await self.post("/v1/login", body, headers)

    async def change(self, body: Any = CHANGE, headers: dict[str, str] | None = None) -> Got:
        return await self.post("/v1/password", body, headers)

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Got:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.ask("POST", path, data=data, headers={"Content-Type": "application/json", **(headers or {})})

    async def raw(self, sent: bytes, *, hang_up: bool = False) -> bytes:
        """What comes back for these bytes until the server closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(sent)
            await writer.drain()
            if hang_up:
                writer.write_eof()
            async with asyncio.timeout(20):
                return await reader.read()
        finally:
            writer.close()


Opener = Callable[..., Any]


@pytest.fixture
async def open_door() -> AsyncIterator[Opener]:
    """Opens doors, and closes them after the test."""
    async with AsyncExitStack() as stack:

        async def opened(
            world: World | None = None,
            *,
            limits: Limits = DEFAULT_LIMITS,
            shutdown_timeout: float = 1.0,
            connections: ConnectionLimits = SHORT,
            tls: TlsSwitch | None = None,
            **make: Any,
        ) -> Door:
            world = world or World()
            app = make_app(world.services(), limits=limits, **make)
            listeners = [socket.create_server(("127.0.0.1", 0))]
            runner = await start(app, listeners, tls=tls, limits=connections, shutdown_timeout=shutdown_timeout)
            stack.push_async_callback(runner.cleanup)
            session = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(20)))
            return Door(world, app, runner, session)

        yield opened


@pytest.fixture
async def door(open_door: Opener) -> Door:
    """A door with everything at its default."""
    opened: Door = await open_door()
    return opened


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


@pytest.fixture(scope="session")
def successor(authority: Authority) -> Pair:
    return authority.issue("successor", signed=SHA384, key=rsa_key())
