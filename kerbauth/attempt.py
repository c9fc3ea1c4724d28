"""One attempt to log in, or to change a password: what a door hands over, what is learnt on the way, and what the door gets back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kerbauth.core.audit import AuditRecord, Origin
from kerbauth.core.channel import NOT_LOOKED_AT, ChannelBinding
from kerbauth.core.codes.model import Stage
from kerbauth.core.disclosure import Disclosure
from kerbauth.core.outcome import Change, Verdict
from kerbauth.core.principal import Principal
from kerbauth.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, how much they are told, and what they may ask for. The default is a caller without an entry: always guarded.

    `realms` and `applications` None: all. `operations`: may ask for the operators' pages.
    """

    name: str | None = None
    disclosure: Disclosure = Disclosure.GUARDED
    application: str | None = None
    identity_only: bool = False
    realms: frozenset[str] | None = None
    applications: frozenset[str] | None = None
    operations: bool = False

    def may_ask_about(self, realm: str) -> bool:
        """Whether the caller may ask about users of a realm."""
        return self.realms is None or realm in self.realms

    def may_ask_for(self, application: str | None) -> bool:
        """Whether the caller may ask for an application; None: it names none."""
        own = self.application is None or application in {None, self.application}
        return own and (self.applications is None or application is None or application in self.applications)


def _nothing() -> None:
    """What a door does that need not know when the record is being written."""


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """A user name and a password, as they came in at a door. `recorded` is called when the attempt's record is being written."""

    origin: Origin
    caller: Caller
    username: str
    password: Secret
    application: str | None = None
    tenant: str | None = None
    recorded: Callable[[], None] = field(default=_nothing, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TokenLogin:
    """A SPNEGO or raw Kerberos token, as it came in at a door. `recorded` is called when the attempt's record is being written."""

    origin: Origin
    caller: Caller
    token: bytes = field(repr=False)
    application: str | None = None
    tenant: str | None = None
    recorded: Callable[[], None] = field(default=_nothing, repr=False, compare=False)
    binding: ChannelBinding = NOT_LOOKED_AT


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """A user name, the password of now and the one that is to be, as they came in at a door. `recorded` is called when the attempt's
    record is being written.
    """

    origin: Origin
    caller: Caller
    username: str
    password: Secret
    new_password: Secret
    recorded: Callable[[], None] = field(default=_nothing, repr=False, compare=False)


Attempt = PasswordLogin | TokenLogin | PasswordChange


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an attempt, for an explanation to an administrator."""

    stage: Stage
    detail: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class LoginResult:
    """What a door needs: the exact verdict (not yet fitted to the caller's disclosure), and for tokens the reply, the challenge and
    `bound` (see ports.TokenAnswer).
    """

    verdict: Verdict
    caller: Caller
    record: AuditRecord
    steps: tuple[Step, ...]
    reply: bytes | None = field(default=None, repr=False)
    challenge: bool = False
    bound: bool | None = None


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What a door needs: how the change ended (not yet fitted to the caller's disclosure)."""

    outcome: Change
    caller: Caller
    record: AuditRecord
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Trail:
    """What is learnt on the way: for the audit record and the explanation."""

    monotonic: Callable[[], float]
    steps: list[Step] = field(default_factory=list)
    principal: Principal | None = None
    user: str | None = None
    application: str | None = None

    @contextmanager
    def step(self, stage: Stage) -> Iterator[Callable[[str], None]]:
        """Time a step; call what is yielded with a sentence on what came of it."""
        said: list[str] = []
        began = self.monotonic()
        yield said.append
        self.steps.append(Step(stage, " ".join(said), (self.monotonic() - began) * 1000))
