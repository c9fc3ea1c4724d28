"""What the commands need besides a service: keytabs, KDCs one by one, a ticket of one's own, versions."""

import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from kerbauth.assembly.errors import StartError, UnknownRealmError
from kerbauth.assembly.generation import metrics_folder
from kerbauth.assembly.realms import default_realm, kerberos_realms
from kerbauth.core.kdc_state import KdcState
from kerbauth.kdc import keytab as keytabs
from kerbauth.kdc.client import make_token
from kerbauth.kdc.each import KdcAnswer, ask_each
from kerbauth.kdc.keytab import KeytabKey
from kerbauth.kdc.runtime import KerberosRuntime, RuntimeFolderError, isolate, libkrb5_version
from kerbauth.observe.kdc_views import read_views
from kerbauth.settings import Settings


def list_keytab(path: Path) -> tuple[KeytabKey, ...]:
    """What a keytab holds. Raises KeytabError."""
    isolate()
    return keytabs.list_keys(path)


def make_sso_token(settings: Settings, realm: str | None) -> bytes:
    """A token for our service of `realm` (default: the default realm, or the only one). Raises UnknownRealmError, NoTicketError."""
    realms = {each.name: each for each in kerberos_realms(settings)}
    chosen = realm or default_realm(settings) or (next(iter(realms)) if len(realms) == 1 else None)
    if chosen not in realms:
        names = ", ".join(realms)
        raise UnknownRealmError([f"--realm must name one of the configured realms: {names}"])
    return make_token(realms[chosen].services[0])


async def ask_kdcs(settings: Settings, names: Iterable[str]) -> Mapping[str, Sequence[KdcAnswer]]:
    """Ask each KDC of some configured realms for a sign of life, with a krb5.conf of our own making. Raises StartError.

    Sets this process's Kerberos environment, so it is for a command that does nothing else.
    """
    realms = {realm.name: realm for realm in kerberos_realms(settings)}
    try:
        runtime = KerberosRuntime.open(None)
        try:
            runtime.write_config()
            runtime.activate()
            return {name: await ask_each(realms[name]) for name in names}
        finally:
            runtime.close()
    except (RuntimeFolderError, ValueError) as error:
        raise StartError([str(error)]) from error


def known_kdcs(settings: Settings, name: str) -> Mapping[str, Sequence[KdcState]]:
    """What each worker of the service that runs with these settings knows of a realm's KDCs, by the worker's number. Asks nobody.

    Empty without a service, without `server.runtime_directory`, and for whoever may not read that.
    """
    folder = settings.server.runtime_directory
    views = read_views(metrics_folder(folder), time.time()) if folder is not None else {}
    return {worker: [state for state in states if state.realm == name] for worker, states in views.items()}


def library_versions() -> dict[str, str]:
    """The libraries a security notice would be about, with their versions."""
    return {name: version(name) for name in ("gssapi", "krb5", "aiohttp")} | {"libkrb5": libkrb5_version()}
