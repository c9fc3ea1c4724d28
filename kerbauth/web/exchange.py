"""One request and its answer: what is known while it is worked on, and what it can be answered with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiohttp import web

from kerbauth.attempt import Attempt, ChangeResult, LoginResult, PasswordChange, PasswordLogin, TokenLogin
from kerbauth.core.channel import NOT_LOOKED_AT, ChannelBinding
from kerbauth.core.outcome import Refused, Unavailable
from kerbauth.ports import RealmState
from kerbauth.web.clients import Clients
from kerbauth.web.forwarded import TrustedProxies
from kerbauth.web.reply import Texts, Voice
from kerbauth.web.wire import BODY_LIMIT


class Logins(Protocol):
    """The use case, as a door sees it (kerbauth.login.LoginService)."""

    async def password(self, request: PasswordLogin) -> LoginResult:
        """Decide a login by user name and password."""
        ...

    async def token(self, request: TokenLogin) -> LoginResult:
        """Decide a login by a client's Kerberos ticket."""
        ...

    async def turned_away(self, request: PasswordLogin | TokenLogin, verdict: Refused | Unavailable) -> LoginResult:
        """Record an attempt that the door ended."""
        ...


class Passwords(Protocol):
    """The use case of a change of a password, as a door sees it (kerbauth.changing.PasswordService)."""

    async def change(self, request: PasswordChange) -> ChangeResult:
        """Change a password."""
        ...

    async def turned_away(self, request: PasswordChange, verdict: Refused | Unavailable) -> ChangeResult:
        """Record an attempt that the door ended."""
        ...


class Metrics(Protocol):
    """What is counted. Must not raise and must not block."""

    def render(self) -> tuple[bytes, str]:
        """The Prometheus text and its content type."""
        ...

    def count_request(self, route: str, method: str, status: int) -> None:
        """Count one request; `route` is one of the app's paths or `other`, so that strangers cannot make up new ones."""
        ...

    def count_ended(self, cause: str) -> None:
        """Count one connection that was refused or cut; `cause` is one of kerbauth.web.connections.Ended."""
        ...

    def count_binding(self, *, bound: bool) -> None:
        """Count one accepted token by whether it was bound to the TLS channel."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the door hands requests on to. A reload builds a new one; a request keeps the one it began with.

    `realm_states` and `permission_problem` are CredentialVerifier.realm_states and PermissionSource.problem. `binding` is what tokens may
    be bound to besides the certificate of their own connection.
    """

    login: Logins
    passwords: Passwords
    texts: Texts
    clients: Clients
    metrics: Metrics
    realm_states: Callable[[], Awaitable[tuple[RealmState, ...]]]
    permission_problem: Callable[[], Awaitable[str]]
    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    binding: ChannelBinding = NOT_LOOKED_AT


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a request, in bytes and seconds. The defaults are the service's; tests shorten the times."""

    body_bytes: int = BODY_LIMIT
    body_seconds: float = 10.0
    readiness_seconds: float = 5.0


@dataclass(slots=True)
class Exchange:
    """One request on its way. `peer` is the address it came from, behind trusted proxies; `unknown` if that cannot be told.

    `attempt` is set as soon as the request counts as an attempt to log in or to change a password, `concluded` once its audit record
    is being written.
    """

    services: Services
    limits: Limits
    correlation_id: str
    peer: str
    voice: Voice
    attempt: Attempt | None = field(default=None, repr=False)
    concluded: bool = False

    def conclude(self) -> None:
        """Its record is being written: whatever happens now, there must be no second one."""
        self.concluded = True


EXCHANGE: Final = web.RequestKey("EXCHANGE", Exchange)
