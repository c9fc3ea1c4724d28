"""From a configuration to everything that needs no event loop, no thread and no open file: checked as a whole, or not at all."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from kerbauth.assembly.clients import registered_clients
from kerbauth.assembly.errors import StartError
from kerbauth.assembly.groups import domains
from kerbauth.assembly.realms import kerberos_realms, name_mapper, realm_directory
from kerbauth.core.mapping import NameMapper
from kerbauth.core.names import RealmDirectory
from kerbauth.kdc import keytab as keytabs
from kerbauth.kdc.accept import Acceptor, load_acceptor
from kerbauth.kdc.keytab import KeytabError, KeytabKey
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.runtime import KerberosRuntime, RuntimeFolderError, isolate
from kerbauth.observe.audit_file import unsafe_audit
from kerbauth.observe.tracing import TracingError, check_tracing
from kerbauth.permissions.adapter import AdapterContext, AdapterOptionsError
from kerbauth.permissions.registry import BUILT_IN, open_source
from kerbauth.ports import PermissionSource
from kerbauth.settings import Settings
from kerbauth.texts import Texts, TextsError, load_texts
from kerbauth.web.clients import Clients
from kerbauth.web.tls import Tls, TlsError, open_tls


@dataclass(frozen=True, slots=True)
class Prepared:
    """A configuration that can be served. Processes forked from the one that prepared it go on with the same objects.

    `keys` are the keys in each realm's keytab, without the keys: what a log can say of them.
    """

    settings: Settings
    realms: tuple[KerberosRealm, ...]
    names: RealmDirectory
    mapper: NameMapper
    acceptor: Acceptor
    keys: dict[str, tuple[KeytabKey, ...]]
    clients: Clients
    texts: Texts
    tls: Tls
    warnings: tuple[str, ...]
    source: PermissionSource
    _made_by: int

    def permissions(self) -> PermissionSource:
        """The permission source for this process. Raises StartError.

        One of another package may hold connections or threads, which two processes cannot share: a forked process opens its own.
        """
        if self._made_by == os.getpid() or self.settings.permissions.adapter in BUILT_IN:
            return self.source
        return _permissions(self.settings)


@dataclass(frozen=True, slots=True)
class _Checked:
    keys: dict[str, tuple[KeytabKey, ...]]
    permissions: PermissionSource
    texts: Texts
    clients: Clients
    tls: Tls
    warnings: tuple[str, ...]


def verify_start(settings: Settings) -> tuple[str, ...]:
    """Check everything a start needs and that is on this machine. The warnings; raises StartError with every problem."""
    isolate()
    return _check(settings).warnings


def begin(settings: Settings, workers: int = 1, *, private: bool = False) -> tuple[KerberosRuntime, Prepared]:
    """Make the runtime folder, set this process's Kerberos environment, and prepare: once, before any thread starts.

    A `private` folder is of our own making and gone at the end. Raises StartError with every problem; then nothing is left behind.
    """
    isolate()
    checked = _check(settings)
    with ExitStack() as undo:
        try:
            runtime = KerberosRuntime.open(None if private else settings.server.runtime_directory)
            undo.callback(runtime.close)
            runtime.write_config()
            runtime.activate()
        except (RuntimeFolderError, ValueError) as error:
            raise StartError([str(error)]) from error
        prepared = _load(settings, checked, workers)
        undo.pop_all()
    return runtime, prepared


def prepare(settings: Settings, workers: int = 1) -> Prepared:
    """Check a configuration and load what it names, in a process that has `begin` behind it.

    `workers` is the number of processes that share a realm's limits. Blocks; may run in a thread. Raises StartError with every problem.
    """
    return _load(settings, _check(settings), workers)


def restore_config(runtime: KerberosRuntime) -> None:
    """Write krb5.conf again if somebody has changed it or taken it away. Raises StartError."""
    try:
        runtime.write_config()
    except (RuntimeFolderError, ValueError) as error:
        raise StartError([str(error)]) from error


def _load(settings: Settings, checked: _Checked, workers: int) -> Prepared:
    realms = kerberos_realms(settings, workers)
    try:
        acceptor = load_acceptor(realms)
    except KeytabError as error:
        raise StartError([str(error)]) from error
    return Prepared(
        settings=settings,
        realms=realms,
        names=realm_directory(settings),
        mapper=name_mapper(settings),
        acceptor=acceptor,
        keys=checked.keys,
        clients=checked.clients,
        texts=checked.texts,
        tls=checked.tls,
        warnings=checked.warnings,
        source=checked.permissions,
        _made_by=os.getpid(),
    )


def _check(settings: Settings) -> _Checked:
    """Check the keytabs, and open what is read once. Raises StartError with every problem."""
    problems: list[str] = []
    warnings: list[str] = []
    keys: dict[str, tuple[KeytabKey, ...]] = {}
    permissions, texts, clients, tls = None, None, None, None
    for realm in kerberos_realms(settings):
        try:
            warnings += keytabs.check(realm)
            keys[str(realm.keytab)] = keytabs.list_keys(realm.keytab)
        except KeytabError as error:
            problems.append(f"realm {realm.name}: {error}")
    try:
        permissions = _permissions(settings)
        warnings += permissions.startup_warnings
    except StartError as error:
        problems += error.problems
    try:
        texts = _texts(settings)
    except StartError as error:
        problems += error.problems
    try:
        clients = registered_clients(settings)
    except ValueError as error:
        problems.append(f"clients: {error}")
    try:
        check_tracing(settings.tracing)
    except TracingError as error:
        problems.append(str(error))
    try:
        tls = open_tls(settings.server)
        warnings += tls.warnings(datetime.now(UTC))
    except TlsError as error:
        problems.append(str(error))
    if problems or permissions is None or texts is None or clients is None or tls is None:
        raise StartError(problems)
    return _Checked(keys, permissions, texts, clients, tls, (*warnings, *_unsafe(settings)))


def _permissions(settings: Settings) -> PermissionSource:
    """Raises StartError."""
    try:
        context = AdapterContext(settings.permissions.base, domains(settings))
        return open_source(settings.permissions.adapter, settings.permissions.options, context)
    except AdapterOptionsError as error:
        raise StartError([f"permissions: {place}: {sentence}" for place, sentence in error.problems]) from error


def _texts(settings: Settings) -> Texts:
    """Raises StartError."""
    try:
        return load_texts(settings.messages.languages, settings.messages.default, settings.messages.overrides)
    except TextsError as error:
        raise StartError([str(problem) for problem in error.problems]) from error


def _unsafe(settings: Settings) -> Iterator[str]:
    """What was asked for and is not safe by itself; said at every start."""
    yield from unsafe_audit(settings.audit)
    if settings.server.insecure_http and settings.server.tls_certificate is None:
        yield (
            "server.insecure_http = true: passwords and tickets cross the network unprotected unless a TLS proxy on this machine "
            "stands in front"
        )
    if settings.server.operations_exposed:
        yield (
            f"server.operations_listen = {settings.server.operations_listen!r}: other machines can ask there for /metrics, /readyz and "
            "/docs, which name the realms and say how they fare; let a firewall decide which"
        )
    if not settings.throttle.enabled:
        yield "throttle.enabled = false: nothing here keeps strangers from locking accounts at the KDC"
    if settings.server.refusal_floor == 0:
        yield "server.refusal_floor = 0: how long a refusal takes tells strangers which accounts exist"
    if settings.server.runtime_directory is None:
        yield (
            "server.runtime_directory is not set: a restart forgets the replay cache, and a ticket seen on the network shortly before "
            "could be used once more"
        )
