"""Putting the service together: the only module that names concrete classes."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from kerbauth.core.mapping import NameMapper
from kerbauth.core.names import RealmDirectory
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason
from kerbauth.kdc import keytab as keytabs
from kerbauth.kdc.client import NoTicketError, make_token
from kerbauth.kdc.each import KdcAnswer, ask_each
from kerbauth.kdc.keytab import KeytabError, KeytabKey
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.runtime import KerberosRuntime, RuntimeFolderError, isolate, libkrb5_version
from kerbauth.kdc.verifier import GssapiVerifier
from kerbauth.login import LoginService, Ports
from kerbauth.observe.audit_file import AuditFile
from kerbauth.observe.logs import LoginLog, configure_logging
from kerbauth.observe.metrics import Metrics
from kerbauth.permissions.adapter import AdapterContext, AdapterOptionsError
from kerbauth.permissions.registry import open_source
from kerbauth.ports import AuditError, AuditSink, PermissionSource
from kerbauth.settings import Settings, name_rules, realm_names
from kerbauth.settings.secret_files import read_secret_file
from kerbauth.texts import Texts, TextsError, load_texts
from kerbauth.web.clients import Client, Clients
from kerbauth.web.exchange import Services

__all__ = [
    "Assembly",
    "KdcAnswer",
    "KeytabError",
    "NoTicketError",
    "StartError",
    "UnknownRealmError",
    "ask_kdcs",
    "assemble",
    "configure_logging",
    "library_versions",
    "list_keytab",
    "make_sso_token",
    "name_mapper",
    "realm_directory",
    "verify_start",
]


class StartError(Exception):
    """The service cannot be safe and does not start. `problems` are all the reasons, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class UnknownRealmError(StartError):
    """A realm was named that is not configured."""


@dataclass(slots=True)
class Assembly:
    """A service, put together: what a door needs, and what has to be closed at the end."""

    settings: Settings
    runtime: KerberosRuntime
    verifier: GssapiVerifier
    permissions: PermissionSource
    texts: Texts
    audit: AuditFile
    metrics: Metrics
    login: LoginService
    clients: Clients
    warnings: tuple[str, ...]

    def services(self) -> Services:
        """What the HTTP door needs."""
        return Services(
            login=self.login,
            texts=self.texts,
            clients=self.clients,
            metrics=self.metrics,
            realm_states=self.verifier.realm_states,
            permission_problem=self.permissions.problem,
        )

    def hint(self, reason: Reason) -> str:
        """What an administrator does about a reason, in the default language."""
        return self.texts.text(self.texts.default, REASONS[reason].hint)

    def close(self) -> None:
        """Close files and remove the private runtime folder."""
        self.verifier.close()
        self.audit.close()
        self.runtime.close()


def kerberos_realms(settings: Settings) -> tuple[KerberosRealm, ...]:
    """The configured realms as the Kerberos side knows them."""
    return tuple(
        KerberosRealm(
            name=name,
            kdcs=realm.kdcs,
            keytab=realm.keytab,
            service=realm.service,
            also_accept=realm.also_accept,
            keytab_group=realm.keytab_group,
            deadline=realm.deadline,
            max_concurrent=realm.max_concurrent,
            max_waiting=realm.max_waiting,
        )
        for name, realm in settings.realms.items()
    )


def realm_directory(settings: Settings) -> RealmDirectory:
    """The configured realms as typed names point at them."""
    return RealmDirectory(realm_names(settings))


def name_mapper(settings: Settings) -> NameMapper:
    """All realms' mapping rules."""
    return NameMapper(name_rules(settings))


def list_keytab(path: Path) -> tuple[KeytabKey, ...]:
    """What a keytab holds. Raises KeytabError."""
    isolate()
    return keytabs.list_keys(path)


def make_sso_token(settings: Settings, realm: str | None) -> bytes:
    """A token for our service of `realm` (default: the default realm, or the only one). Raises UnknownRealmError, NoTicketError."""
    realms = {each.name: each for each in kerberos_realms(settings)}
    chosen = realm or _default_realm(settings) or (next(iter(realms)) if len(realms) == 1 else None)
    if chosen not in realms:
        names = ", ".join(realms)
        raise UnknownRealmError([f"--realm must name one of the configured realms: {names}"])
    return make_token(realms[chosen].services[0])


async def ask_kdcs(settings: Settings, name: str) -> AsyncIterator[KdcAnswer]:
    """Ask each KDC of a configured realm for a sign of life, with a krb5.conf of our own making. Raises StartError.

    Sets this process's Kerberos environment, so it is for a command that does nothing else.
    """
    realm = next(each for each in kerberos_realms(settings) if each.name == name)
    try:
        runtime = KerberosRuntime.open(None)
        try:
            runtime.activate()
            async for answer in ask_each(realm, runtime):
                yield answer
        finally:
            runtime.close()
    except (RuntimeFolderError, ValueError) as error:
        raise StartError([str(error)]) from error


def verify_start(settings: Settings) -> tuple[str, ...]:
    """Check everything a start needs and that is on this machine. The warnings; raises StartError with every problem."""
    return _prepare(settings).warnings


@dataclass(frozen=True, slots=True)
class _Prepared:
    permissions: PermissionSource
    texts: Texts
    warnings: tuple[str, ...]


def _prepare(settings: Settings) -> _Prepared:
    """Check the keytabs, and open what is read once. Raises StartError with every problem."""
    isolate()
    problems: list[str] = []
    warnings: list[str] = []
    permissions, texts = None, None
    for realm in kerberos_realms(settings):
        try:
            warnings += keytabs.check(realm)
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
    if problems or permissions is None or texts is None:
        raise StartError(problems)
    return _Prepared(permissions, texts, (*warnings, *_unsafe(settings)))


def assemble(settings: Settings) -> Assembly:
    """Put a service together. Sets this process's Kerberos environment, so call it before starting threads.

    Raises StartError with every problem; then nothing is left behind.
    """
    ready = _prepare(settings)
    realms, clients = kerberos_realms(settings), _clients(settings)
    with ExitStack() as undo:
        try:
            audit = AuditFile(settings.audit.file)
            undo.callback(audit.close)
            runtime = KerberosRuntime.open(settings.server.runtime_directory)
            undo.callback(runtime.close)
            runtime.write_config(realms, _default_realm(settings))
            runtime.activate()
            verifier = GssapiVerifier(realms)
        except (AuditError, RuntimeFolderError, KeytabError, ValueError) as error:
            raise StartError([str(error)]) from error
        undo.pop_all()
    metrics = Metrics([realm.name for realm in realms])
    login = _login(settings, verifier, ready.permissions, audit, metrics)
    return Assembly(settings, runtime, verifier, ready.permissions, ready.texts, audit, metrics, login, clients, ready.warnings)


def _login(settings: Settings, verifier: GssapiVerifier, permissions: PermissionSource, audit: AuditSink, metrics: Metrics) -> LoginService:
    return LoginService(
        realms=realm_directory(settings),
        mapper=name_mapper(settings),
        ports=Ports(
            verifier=verifier,
            permissions=permissions,
            audit=audit,
            observers=(metrics, LoginLog()),
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
        ),
        floor=settings.server.refusal_floor,
    )


def _clients(settings: Settings) -> Clients:
    return Clients(
        (
            Client(name, read_secret_file(client.token_file), client.disclosure, client.application, client.identity_only)
            for name, client in settings.clients.items()
        ),
        required=settings.server.require_client,
    )


def _permissions(settings: Settings) -> PermissionSource:
    """Raises StartError."""
    try:
        return open_source(settings.permissions.adapter, settings.permissions.options, AdapterContext(settings.permissions.base))
    except AdapterOptionsError as error:
        raise StartError([f"permissions: {place}: {sentence}" for place, sentence in error.problems]) from error


def _texts(settings: Settings) -> Texts:
    """Raises StartError."""
    try:
        return load_texts(settings.messages.languages, settings.messages.default, settings.messages.overrides)
    except TextsError as error:
        raise StartError([str(problem) for problem in error.problems]) from error


def _default_realm(settings: Settings) -> str | None:
    return next((name for name, realm in settings.realms.items() if realm.default), None)


def _unsafe(settings: Settings) -> Iterator[str]:
    """What was asked for and is not safe by itself; said at every start."""
    if settings.server.insecure_http:
        yield (
            "server.insecure_http = true: passwords and tickets cross the network unprotected unless a TLS proxy on this machine "
            "stands in front"
        )
    if settings.server.runtime_directory is None:
        yield (
            "server.runtime_directory is not set: a restart forgets the replay cache, and a ticket seen on the network shortly before "
            "could be used once more"
        )


def library_versions() -> dict[str, str]:
    """The libraries a security notice would be about, with their versions."""
    return {name: version(name) for name in ("gssapi", "krb5", "aiohttp")} | {"libkrb5": libkrb5_version()}
