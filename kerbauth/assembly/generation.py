"""What lives as long as a process, and what lives until the next reload."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from kerbauth.assembly.errors import StartError
from kerbauth.assembly.groups import group_directory, put_down, put_to_work
from kerbauth.assembly.prepare import Prepared, begin
from kerbauth.assembly.throttling import throttle_of
from kerbauth.changing import ChangePorts, PasswordService
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason
from kerbauth.kdc.password_change import KpasswdChanger
from kerbauth.kdc.runtime import KerberosRuntime, reseed
from kerbauth.kdc.verifier import KerberosVerifier
from kerbauth.login import LoginService, Ports
from kerbauth.observe.audit_file import AuditFile, open_audit, settle_audit
from kerbauth.observe.logs import LoginLog
from kerbauth.observe.metrics import Metrics
from kerbauth.observe.tracing import Tracing, TracingError, open_tracing
from kerbauth.ports import AuditError, LoginObserver, PermissionSource
from kerbauth.settings import Settings
from kerbauth.texts import Texts
from kerbauth.throttle.keeper import NoThrottle, PasswordThrottle
from kerbauth.web.exchange import Services
from kerbauth.web.forwarded import TrustedProxies


def metrics_folder(runtime: Path) -> Path:
    """Where the workers' counts are, to be told as one, in the runtime folder."""
    return runtime / "metrics"


def make_room_for_metrics(runtime: KerberosRuntime) -> None:
    """Before the first worker: begin with no counts of an earlier run. Raises StartError."""
    try:
        Metrics.prepare(metrics_folder(runtime.folder))
    except OSError as error:
        raise StartError([f"the metrics cannot be kept in {metrics_folder(runtime.folder)}: {error.strerror}"]) from error


@dataclass(frozen=True, slots=True)
class Foundation:
    """What a process makes for itself, after it was forked, and keeps: reloads do not touch it.

    `seat` tells processes that run at the same time apart, counted from 0.
    """

    seat: int
    audit: AuditFile
    metrics: Metrics
    tracing: Tracing | None
    throttle: PasswordThrottle | NoThrottle

    @classmethod
    def lay(cls, settings: Settings, runtime: KerberosRuntime, seat: int | None = None) -> Self:
        """Open what it needs. Without a seat it is alone, and counts by itself. Raises StartError."""
        reseed()
        with ExitStack() as undo:
            try:
                audit = open_audit(settings.audit)
                undo.callback(audit.close)
                metrics = Metrics(settings.realms) if seat is None else Metrics(settings.realms, metrics_folder(runtime.folder), seat)
                tracing = open_tracing(settings.tracing, settings.realms)
            except (AuditError, TracingError) as error:
                raise StartError([str(error)]) from error
            except OSError as error:
                raise StartError([f"the metrics cannot be kept in {metrics_folder(runtime.folder)}: {error.strerror}"]) from error
            undo.pop_all()
        # A command counts where the service does, although it has a runtime folder of its own.
        there = settings.server.runtime_directory
        folder = there if seat is None and there is not None and there.is_dir() else runtime.folder
        throttle = throttle_of(settings.throttle, folder, metrics, settings.server.workers)
        return cls(seat or 0, audit, metrics, tracing, throttle)

    @property
    def observers(self) -> tuple[LoginObserver, ...]:
        """Who takes note of each attempt."""
        return (self.metrics, LoginLog(), *((self.tracing,) if self.tracing is not None else ()))

    def know_realms(self, settings: Settings) -> None:
        """Tell those who name realms which ones there are from now on."""
        self.metrics.know_realms(settings.realms)
        if self.tracing is not None:
            self.tracing.know_realms(settings.realms)

    def close(self) -> None:
        """Send the last traces, and close the audit file."""
        if self.tracing is not None:
            self.tracing.close()
        self.audit.close()


def settle_start(settings: Settings) -> None:
    """What a start and a reload do once, before any process serves: see `settle_audit`. Raises StartError."""
    try:
        settle_audit(settings.audit)
    except AuditError as error:
        raise StartError([str(error)]) from error


@dataclass(frozen=True, slots=True)
class Generation:
    """A configuration at work in a process. A reload builds the next one beside it, and closes it when its last login has ended."""

    prepared: Prepared
    verifier: KerberosVerifier
    permissions: PermissionSource
    login: LoginService
    passwords: PasswordService
    foundation: Foundation

    @classmethod
    def build(cls, prepared: Prepared, foundation: Foundation, before: Self | None = None) -> Self:
        """Put it to work on its foundation. `before` is the generation it follows, whose logins under way count against the same
        limits. Raises StartError.
        """
        source = prepared.permissions()
        verifier = KerberosVerifier(
            prepared.realms,
            prepared.acceptor,
            before.verifier if before is not None else None,
            workers=prepared.settings.server.workers,
        )
        directory = group_directory(prepared.realms, verifier, prepared.acceptor)
        permissions = put_to_work(source, directory, before.permissions if before is not None else None)
        login = LoginService(
            realms=prepared.names,
            mapper=prepared.mapper,
            ports=Ports(
                verifier=verifier,
                throttle=foundation.throttle,
                permissions=permissions,
                audit=foundation.audit,
                names=foundation.audit.names,
                observers=foundation.observers,
                now=lambda: datetime.now(UTC),
                monotonic=time.monotonic,
            ),
            floor=prepared.settings.server.refusal_floor,
        )
        passwords = PasswordService(
            realms=prepared.names,
            ports=ChangePorts(
                changer=KpasswdChanger(prepared.realms, verifier),
                throttle=foundation.throttle,
                audit=foundation.audit,
                names=foundation.audit.names,
                observers=foundation.observers,
                now=lambda: datetime.now(UTC),
                monotonic=time.monotonic,
            ),
            floor=prepared.settings.server.refusal_floor,
        )
        foundation.know_realms(prepared.settings)
        return cls(prepared, verifier, permissions, login, passwords, foundation)

    def services(self) -> Services:
        """What the HTTP door needs."""
        return Services(
            login=self.login,
            passwords=self.passwords,
            texts=self.prepared.texts,
            clients=self.prepared.clients,
            metrics=self.foundation.metrics,
            realm_states=self.verifier.realm_states,
            permission_problem=self.permissions.problem,
            proxies=TrustedProxies(self.prepared.settings.server.trusted_proxies, self.prepared.settings.server.proxy_header),
            binding=self.prepared.tls.binding,
        )

    def close(self) -> None:
        """Let its threads end, and what it does in the background."""
        put_down(self.permissions)
        self.verifier.close()


@dataclass(frozen=True, slots=True)
class Assembly:
    """A whole service in one process: for the command line, which needs no other."""

    runtime: KerberosRuntime
    foundation: Foundation
    generation: Generation

    @property
    def login(self) -> LoginService:
        """The use case."""
        return self.generation.login

    @property
    def texts(self) -> Texts:
        """The texts."""
        return self.generation.prepared.texts

    def hint(self, reason: Reason) -> str:
        """What an administrator does about a reason, in the default language."""
        return self.texts.text(self.texts.default, REASONS[reason].hint)

    def close(self) -> None:
        """Close files and remove the private runtime folder."""
        self.generation.close()
        self.foundation.close()
        self.runtime.close()


def assemble(settings: Settings) -> Assembly:
    """Put a service together. Sets this process's Kerberos environment, so call it before starting threads.

    Raises StartError with every problem; then nothing is left behind.
    """
    with ExitStack() as undo:
        # A folder of its own: a command must not write the krb5.conf of a service that runs.
        runtime, prepared = begin(settings, private=True)
        undo.callback(runtime.close)
        foundation = Foundation.lay(settings, runtime)
        undo.callback(foundation.close)
        generation = Generation.build(prepared, foundation)
        undo.pop_all()
    return Assembly(runtime, foundation, generation)
