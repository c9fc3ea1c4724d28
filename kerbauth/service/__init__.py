"""Running the service: a supervisor, its workers, and their doors from start to drain."""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from kerbauth.assembly import begin, make_room_for_metrics, settle_start
from kerbauth.process.supervisor import Supervisor
from kerbauth.process.systemd import Notifier
from kerbauth.process.work import NoWorkerError
from kerbauth.service.listening import Sockets
from kerbauth.service.source import Loaded, Source, digests
from kerbauth.service.supervised import Service
from kerbauth.settings import Settings

__all__ = ["NoWorkerError", "Source", "run"]

_log: Final = logging.getLogger("kerbauth")


def run(source: Source, settings: Settings, ready: Callable[[str], None] = lambda _url: None) -> None:
    """Serve until SIGTERM or SIGINT, then drain: no new connections, logins under way end.

    `settings` are what `source` holds now. `ready` is called with the service's URL once all workers accept connections. Raises
    StartError, or NoWorkerError if it is only when they run that workers cannot serve. Call it in the main thread of a process without
    other threads.
    """
    notifier = Notifier(os.environ)
    with ExitStack() as undo:
        runtime, prepared = begin(settings, settings.server.workers)
        undo.callback(runtime.close)
        loaded = Loaded(prepared, digests(source.files(settings)))
        sockets = Sockets.open(settings.server, os.environ)
        undo.callback(sockets.close)
        # Last, when the address and the folder are ours: a start that fails touches neither counts nor audit.
        make_room_for_metrics(runtime)
        settle_start(settings)
        if threading.active_count() > 1:
            _log.warning("the permission adapter started threads when it was opened; workers are forked without them, and may hang")
        Supervisor(Service(source, loaded, runtime, sockets, ready), notifier).run()
