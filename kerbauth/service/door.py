"""A worker's duty: the HTTP door over the generation of now."""

import asyncio
import contextlib
from dataclasses import replace
from typing import Final

from aiohttp import web

from kerbauth.assembly import Foundation, Generation, KerberosRuntime, Prepared, StartError, configure_logging, prepare
from kerbauth.core.kdc_state import KdcState
from kerbauth.observe.alarm import watch
from kerbauth.ports import RealmState
from kerbauth.process.worker import CannotServeError
from kerbauth.service.listening import Sockets
from kerbauth.service.source import Loaded, Source, load_whole
from kerbauth.settings import Settings, SettingsError
from kerbauth.web.app import idle, make_app, make_operations_app, replace_services
from kerbauth.web.connections import configured_limits
from kerbauth.web.exchange import Limits
from kerbauth.web.server import start
from kerbauth.web.tenure import Tenure
from kerbauth.web.tls import TlsSwitch

CUT_SECONDS: Final = 1.0
"""What requests that are cut off get to say so in the audit."""

OPERATORS_CONNECTIONS: Final = 100
"""Open connections to `server.operations_listen`: more than monitoring needs, and fewer than are spared for it."""

_NO_LIMIT: Final = 86_400.0  # seconds: the web server's own limit, beyond any that a setting can ask for


class HttpDoor:
    """Implements `process.worker.Duty`."""

    def __init__(self, source: Source, loaded: Loaded, runtime: KerberosRuntime, sockets: Sockets, seat: int) -> None:
        self._source = source
        self._loaded = loaded
        self._runtime = runtime
        self._sockets = sockets
        self._seat = seat
        self._workers = loaded.prepared.settings.server.workers  # a running service does not change their number
        self._foundation: Foundation | None = None
        self._generation: Generation | None = None
        self._app: web.Application | None = None
        self._tls: TlsSwitch | None = None
        self._runners: list[web.AppRunner] = []
        self._watching: asyncio.Task[None] | None = None
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def memory_limit(self) -> int:
        """See Duty."""
        return self._settings.server.worker_memory_mb << 20

    async def begin(self) -> None:
        """See Duty."""
        try:
            self._runtime.leave_to_parent()
            self._foundation = Foundation.lay(self._settings, self._runtime, self._seat)
            self._generation = Generation.build(self._loaded.prepared, self._foundation)
            await self._open(self._generation)
            self._watching = asyncio.create_task(self._watch(self._foundation, self._generation))
        except StartError as error:
            raise CannotServeError(error.problems) from error
        except OSError as error:
            msg = f"cannot listen: {error.strerror or error}"
            raise CannotServeError([msg]) from error

    async def _open(self, generation: Generation) -> None:
        """Begin to listen. Raises OSError."""
        server, context = self._settings.server, generation.prepared.tls.context
        limits = configured_limits(server, sum(realm.max_concurrent for realm in self._settings.realms.values()))
        apart = bool(self._sockets.operators)
        self._app = make_app(generation.services(), limits=Limits(body_seconds=server.body_timeout), operations_apart=apart)
        self._tls = None if context is None else TlsSwitch(context)
        self._runners = [await start(self._app, self._sockets.public, tls=self._tls, limits=limits, shutdown_timeout=_NO_LIMIT)]
        if apart:
            few = replace(limits, total=OPERATORS_CONNECTIONS)
            operations = make_operations_app(self._app)
            self._runners.append(await start(operations, self._sockets.operators, limits=few, shutdown_timeout=_NO_LIMIT))

    async def load(self, order: str) -> None:
        """See Duty. `order` is the fingerprint of the configuration that the supervisor has loaded."""
        if self._app is None or self._generation is None or self._foundation is None:
            raise CannotServeError(["it has not begun to serve"])
        try:
            loaded = await asyncio.to_thread(load_whole, self._source, self._loaded.digests, self._prepare)
            if loaded.fingerprint != order:
                raise CannotServeError(["its files have changed again since the supervisor read them"])
            generation = Generation.build(loaded.prepared, self._foundation, self._generation)
        except (SettingsError, StartError) as error:
            raise CannotServeError([str(problem) for problem in error.problems]) from error
        before, self._generation, self._loaded = self._generation, generation, loaded
        tenure = replace_services(self._app, generation.services())
        if self._tls is not None and loaded.prepared.tls.context is not None:
            self._tls.use(loaded.prepared.tls.context)
        configure_logging(self._settings.server.log_level, form=self._settings.server.log_format)
        self._foundation.metrics.reloaded(ok=True)
        task = asyncio.create_task(_retire(before, tenure))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def kept(self) -> None:
        """See Duty."""
        if self._foundation is not None:
            self._foundation.metrics.reloaded(ok=False)

    async def drain(self) -> None:
        """See Duty."""
        if self._app is None:
            return
        try:
            async with asyncio.timeout(self._settings.server.drain):
                await asyncio.gather(*(runner.cleanup() for runner in self._runners))
        except (TimeoutError, asyncio.CancelledError):
            await self._cut(self._app)

    async def _cut(self, app: web.Application) -> None:
        """Break off what is under way. Each attempt that was begun is on record all the same."""
        for runner in self._runners:
            if runner.server is not None:
                await runner.server.shutdown(0.01)  # 0 would mean no limit (aiohttp.helpers.ceil_timeout)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CUT_SECONDS):
                await asyncio.gather(idle(app), *self._retiring)

    async def close(self) -> None:
        """See Duty."""
        if self._watching is not None:
            self._watching.cancel()
        if self._generation is not None:
            self._generation.close()
        if self._foundation is not None:
            await self._foundation.throttle.close()
            self._foundation.close()

    async def _watch(self, foundation: Foundation, generation: Generation) -> None:
        """Look after failure rate and realms, always with the generation of now."""

        async def realm_states() -> tuple[RealmState, ...]:
            return await (self._generation or generation).verifier.realm_states()

        def kdc_states() -> tuple[KdcState, ...]:
            return (self._generation or generation).verifier.kdc_states()

        await watch(foundation.metrics, lambda: self._settings.alarm, realm_states, kdc_states, slot=self._seat)

    @property
    def _settings(self) -> Settings:
        return self._loaded.prepared.settings

    def _prepare(self, settings: Settings) -> Prepared:
        return prepare(settings, self._workers)


async def _retire(generation: Generation, tenure: Tenure) -> None:
    """Let a generation go when the last request that began with it has its answer."""
    await tenure.idle()
    generation.close()
