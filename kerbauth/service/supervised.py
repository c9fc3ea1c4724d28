"""What the supervisor does for this service: load, check, hand over, and say what has changed."""

import logging
from collections.abc import Callable
from typing import Final

from kerbauth.assembly import KerberosRuntime, StartError, configure_logging, prepare, restore_config, settle_start
from kerbauth.process.work import Policy
from kerbauth.process.worker import Seat, attend
from kerbauth.service.announcement import announce, warn
from kerbauth.service.changes import changed_files, changed_settings, needing_restart
from kerbauth.service.door import HttpDoor
from kerbauth.service.listening import Sockets, url_of
from kerbauth.service.source import Loaded, Source, load_whole, signature
from kerbauth.settings import SettingsError

_log: Final = logging.getLogger("kerbauth")


class Service:
    """Implements `process.work.Work`."""

    def __init__(self, source: Source, loaded: Loaded, runtime: KerberosRuntime, sockets: Sockets, ready: Callable[[str], None]) -> None:
        self._source = source
        self._loaded = loaded
        self._runtime = runtime
        self._sockets = sockets
        self._ready = ready
        self._begun_with = loaded.prepared.settings  # what a reload does not change is as it was then
        self._workers = loaded.prepared.settings.server.workers
        self._tried = self._signature()  # what was there when the configuration was last read, for good or ill
        self._seen = self._tried
        self._news = ""

    @property
    def policy(self) -> Policy:
        """See Work."""
        server = self._loaded.prepared.settings.server
        return Policy(self._workers, server.worker_timeout, server.drain)

    def serve(self, seat: Seat) -> int:
        """See Work."""
        return attend(seat, HttpDoor(self._source, self._loaded, self._runtime, self._sockets, seat.number))

    def serving(self) -> None:
        """See Work."""
        prepared = self._loaded.prepared
        url = url_of(self._sockets.public[0], "http" if prepared.tls.context is None else "https")
        announce(prepared, url)
        if self._sockets.operators:
            _log.info("operators' pages on %s", url_of(self._sockets.operators[0], "http"))
        self._ready(url)

    def reload(self) -> str | None:
        """See Work."""
        self._tried = self._seen = self._signature()
        before = self._loaded
        try:
            loaded = load_whole(self._source, before.digests, lambda settings: prepare(settings, self._workers))
            settle_start(self._begun_with)
            restore_config(self._runtime)
        except (SettingsError, StartError) as error:
            for problem in error.problems:
                _log.error("reload refused: %s", problem)
            _log.error("the new configuration is refused as a whole; the last good one stays")
            return None
        names = changed_settings(before, loaded)
        for name in needing_restart(before, loaded):
            _log.warning("%s has changed: that takes effect at the next restart", name)
        self._news = ", ".join((*names, *changed_files(before, loaded))) or "nothing"
        self._loaded = loaded
        configure_logging(loaded.prepared.settings.server.log_level, form=loaded.prepared.settings.server.log_format)
        return loaded.fingerprint

    def reloaded(self, workers: int) -> None:
        """See Work."""
        _log.info("reloaded: %d workers serve the new configuration; changed: %s", workers, self._news)
        warn(self._loaded.prepared)

    def changed(self) -> bool:
        """See Work. A change counts once it has lasted from one look to the next: what is being written is left alone."""
        if not self._loaded.prepared.settings.server.watch:
            return False
        now, seen = self._signature(), self._seen
        self._seen = now
        return now == seen and now != self._tried

    def stop_listening(self) -> None:
        """See Work."""
        self._sockets.close()

    def _signature(self) -> object:
        return signature(self._source.files(self._loaded.prepared.settings))
