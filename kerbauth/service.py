"""Running an assembled service: its doors from start to drain."""

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Final

import kerbauth
from kerbauth.assembly import Assembly, StartError, library_versions
from kerbauth.observe.alarm import watch
from kerbauth.observe.logs import announce
from kerbauth.process.sockets import listen
from kerbauth.web.app import make_app
from kerbauth.web.server import BACKLOG, start
from kerbauth.web.tls import TlsSwitch

_log: Final = logging.getLogger("kerbauth")

DRAIN_SECONDS: Final = 30.0
"""How long logins under way may take after SIGTERM. No login is given more than its realm's deadline, and that is less by default."""


async def run(assembly: Assembly, ready: Callable[[str], None] = lambda _url: None) -> None:
    """Serve until SIGTERM or SIGINT, then drain: no new connections, logins under way end.

    `ready` is called with the service's URL once it accepts connections. Raises StartError if the address cannot be had.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, _log.warning, "SIGHUP: a changed configuration is taken up by a restart, not by a signal")
    settings = assembly.generation.prepared.settings
    host, port = settings.server.address
    app = make_app(assembly.generation.services())
    context = assembly.generation.prepared.tls.context
    tls = None if context is None else TlsSwitch(context)
    try:
        runner = await start(app, listen(host, port, BACKLOG), tls=tls, shutdown_timeout=DRAIN_SECONDS)
    except OSError as error:
        msg = f"cannot listen on {settings.server.listen}: {error.strerror or error}. Stop what uses it, or change server.listen"
        raise StartError([msg]) from error
    generation, foundation = assembly.generation, assembly.foundation
    watching = asyncio.create_task(
        watch(foundation.metrics, lambda: settings.alarm, generation.verifier.realm_states, slot=foundation.seat)
    )
    try:
        bound_host, bound_port = runner.addresses[0][:2]
        scheme = "http" if tls is None else "https"
        url = f"{scheme}://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}"
        _announce(assembly, url)
        ready(url)
        await stop.wait()
        _log.info("stopping: no new connections; logins under way end")
    finally:
        watching.cancel()
        await runner.cleanup()
        await assembly.foundation.throttle.close()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
    _log.info("stopped")


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
