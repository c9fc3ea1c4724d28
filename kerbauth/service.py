"""Running an assembled service: its doors from start to drain."""

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from aiohttp import web

import kerbauth
from kerbauth.assembly import Assembly, StartError, library_versions
from kerbauth.observe.alarm import watch
from kerbauth.observe.logs import announce
from kerbauth.process.sockets import listen
from kerbauth.web.app import make_app, make_operations_app
from kerbauth.web.connections import ConnectionLimits, configured_limits
from kerbauth.web.exchange import Limits
from kerbauth.web.server import BACKLOG, start
from kerbauth.web.tls import TlsSwitch

_log: Final = logging.getLogger("kerbauth")

DRAIN_SECONDS: Final = 30.0
"""How long logins under way may take after SIGTERM. No login is given more than its realm's deadline, and that is less by default."""

OPERATORS_CONNECTIONS: Final = 100
"""Open connections to `server.operations_listen`: more than monitoring needs, and fewer than are spared for it."""


async def run(assembly: Assembly, ready: Callable[[str], None] = lambda _url: None) -> None:
    """Serve until SIGTERM or SIGINT, then drain: no new connections, logins under way end.

    `ready` is called with the service's URL once it accepts connections. Raises StartError if the address cannot be had.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, _log.warning, "SIGHUP: a changed configuration is taken up by a restart, not by a signal")
    settings = assembly.generation.prepared.settings.server
    limits = configured_limits(settings)
    app = make_app(
        assembly.generation.services(),
        limits=Limits(body_seconds=settings.body_timeout),
        operations_apart=settings.operations_address is not None,
    )
    generation, foundation = assembly.generation, assembly.foundation
    alarm = generation.prepared.settings.alarm
    watching = asyncio.create_task(watch(foundation.metrics, lambda: alarm, generation.verifier.realm_states, slot=foundation.seat))
    context = generation.prepared.tls.context
    tls = None if context is None else TlsSwitch(context)
    runners: list[web.AppRunner] = []
    try:
        url = await _serve(runners, app, settings.address, limits, "server.listen", tls)
        operations_url = ""
        if settings.operations_address is not None:
            operations = make_operations_app(app)
            few = replace(limits, total=OPERATORS_CONNECTIONS)
            operations_url = await _serve(runners, operations, settings.operations_address, few, "server.operations_listen")
        _announce(assembly, url)
        if operations_url:
            _log.info("operators' pages on %s", operations_url)
        ready(url)
        await stop.wait()
        _log.info("stopping: no new connections; logins under way end")
    finally:
        watching.cancel()
        for runner in runners:
            await runner.cleanup()
        await assembly.foundation.throttle.close()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
    _log.info("stopped")


async def _serve(
    runners: list[web.AppRunner],
    app: web.Application,
    address: tuple[str, int],
    limits: ConnectionLimits,
    setting: str,
    tls: TlsSwitch | None = None,
) -> str:
    """Listen, add what listens to `runners`, and return the URL. Raises StartError, which names the setting."""
    try:
        runner = await start(app, listen(*address, BACKLOG), tls=tls, limits=limits, shutdown_timeout=DRAIN_SECONDS)
    except OSError as error:
        msg = f"cannot listen on {address[0]} port {address[1]}: {error.strerror or error}. Stop what uses it, or change {setting}"
        raise StartError([msg]) from error
    runners.append(runner)
    host, port = runner.addresses[0][:2]
    return f"{'http' if tls is None else 'https'}://{f'[{host}]' if ':' in host else host}:{port}"


def _announce(assembly: Assembly, url: str) -> None:
    """Say what runs, and everything unsafe that was asked for."""
    prepared = assembly.generation.prepared
    announce(
        _log,
        kerbauth.__version__,
        doors=[url],
        realms={name: realm.kind for name, realm in prepared.settings.realms.items()},
        permissions=prepared.settings.permissions.adapter,
        libraries=library_versions(),
        warnings=prepared.warnings,
    )
