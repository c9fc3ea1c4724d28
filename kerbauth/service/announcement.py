"""What is said at a start: one line on what runs, and one for everything unsafe that was asked for."""

import logging
from typing import Final

import kerbauth
from kerbauth.assembly import Prepared, library_versions
from kerbauth.observe import logs

_log: Final = logging.getLogger("kerbauth")


def announce(prepared: Prepared, url: str) -> None:
    """Say it, to the log."""
    logs.announce(
        _log,
        kerbauth.__version__,
        doors=[url],
        workers=prepared.settings.server.workers,
        realms={name: realm.kind for name, realm in prepared.settings.realms.items()},
        permissions=prepared.settings.permissions.adapter,
        libraries=library_versions(),
        warnings=prepared.warnings,
    )


def warn(prepared: Prepared) -> None:
    """Say what is not safe by itself, a line each."""
    for warning in prepared.warnings:
        _log.warning("%s", warning)
