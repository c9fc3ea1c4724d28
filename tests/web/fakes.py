"""In-memory stand-ins for what the HTTP door is built on: small, honest, and with the promises of kerbauth.ports."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from kerbauth.changing import ChangePorts, PasswordService
from kerbauth.core.audit import AuditRecord
from kerbauth.core.audit_names import AuditNames
from kerbauth.core.channel import NOT_LOOKED_AT, ChannelBinding
from kerbauth.core.codes.model import Stage
from kerbauth.core.disclosure import Disclosure
from kerbauth.core.mapping import Mapped, NotMapped
from kerbauth.core.names import RealmDirectory, RealmNames
from kerbauth.core.outcome import Application, Change, Changed, Proof, Proved, Refused
from kerbauth.core.principal import Principal
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.core.sid import Sid
from kerbauth.login import LoginService, Ports
from kerbauth.ports import Answer, AuditError, NotPermitted, Permitted, Question, RealmState, Recognise, TokenAnswer
from kerbauth.texts import Texts, load_texts
from kerbauth.web.clients import Client, Clients
from kerbauth.web.exchange import Services
from kerbauth.web.forwarded import TrustedProxies
from tests.fakes import FakeThrottle

REALM = "CORP.EXAMPLE"
ALICE = Principal(("alice",), REALM)
PASSWORD = "correct horse"
CLIENT_TOKEN = "token-of-a-trusted-client"
MONITOR_TOKEN = "token-of-the-monitoring"
GUARDED_TOKEN = "token-of-a-guarded-client"


class MemoryVerifier:
    """A KDC's answers: passwords by principal, and prepared answers for principals and tokens."""

    def __init__(self) -> None:
        self.passwords: dict[str, bytes] = {str(ALICE): PASSWORD.encode()}
        self.proofs: dict[str, Proof] = {}
        self.tokens: dict[bytes, TokenAnswer] = {b"alice's ticket": TokenAnswer(Proved(ALICE), reply=b"alice's reply token")}
        self.states: tuple[RealmState, ...] = (RealmState(REALM, ready=True),)
        self.error: Exception | None = None
        self.asked: list[str] = []
        self.bindings: list[ChannelBinding] = []
        self.reached = asyncio.Event()
        self.gate: asyncio.Event | None = None

    async def verify_password(
        self, principal: Principal, password: Secret, late: Callable[[Proof], None] | None = None, recognise: Recognise | None = None
    ) -> Proof:
        self.asked.append(str(principal))
        self.reached.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        if str(principal) in self.proofs:
            return self.proofs[str(principal)]
        if str(principal) not in self.passwords:
            return Refused(Reason.UNKNOWN_USER, Stage.AS)
        right = self.passwords[str(principal)] == password.reveal()
        return Proved(principal) if right else Refused(Reason.BAD_CREDENTIALS, Stage.AS)

    async def accept_token(self, token: bytes, binding: ChannelBinding) -> TokenAnswer:
        self.bindings.append(binding)
        if self.error is not None:
            raise self.error
        return self.tokens.get(token, TokenAnswer(Refused(Reason.BAD_TOKEN, Stage.ACCEPT), challenge=True))

    async def realm_states(self) -> tuple[RealmState, ...]:
        if self.gate is not None:
            await self.gate.wait()
        return self.states


class MemoryChanger:
    """Changes the verifier's passwords, or answers what is prepared."""

    def __init__(self, verifier: MemoryVerifier) -> None:
        self._verifier = verifier
        self.answer: Change | None = None

    async def change(
        self,
        principal: Principal,
        old: Secret,
        new: Secret,
        late: Callable[[Proof], None] | None = None,
        recognise: Recognise | None = None,
    ) -> Change:
        proof = await self._verifier.verify_password(principal, old)
        if self.answer is not None:
            return self.answer
        if not isinstance(proof, Proved):
            return proof
        self._verifier.passwords[str(principal)] = new.reveal()
        return Changed(principal)


class MemoryPermissions:
    """Applications that everybody may enter; no others. Or a prepared answer."""

    def __init__(self) -> None:
        self.asks_application = True
        self.startup_warnings: tuple[str, ...] = ()
        self.answer: Answer | None = None
        self.trouble = ""
        self.error: Exception | None = None
        self.questions: list[Question] = []

    async def may_enter(self, question: Question) -> Answer:
        self.questions.append(question)
        if self.answer is not None:
            return self.answer
        if question.application != "desktop":
            return NotPermitted(Reason.NOT_PERMITTED)
        return Permitted(question.user, Application("desktop", "agent-desktop", ("read", "execute")))

    async def problem(self) -> str:
        if self.error is not None:
            raise self.error
        return self.trouble


class MemoryAudit:
    """Keeps the records, until the disk is full."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.full = False
        self.taken = asyncio.Event()
        self.gate: asyncio.Event | None = None

    async def write(self, record: AuditRecord) -> None:
        if self.full:
            msg = "no space left"
            raise AuditError(msg)
        self.records.append(record)
        self.taken.set()
        if self.gate is not None:
            await self.gate.wait()


class MemoryMetrics:
    """Counts requests."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.ended: Counter[str] = Counter()
        self.bindings: Counter[bool] = Counter()

    def render(self) -> tuple[bytes, str]:
        return b"requests_total 1.0\n", "text/plain; version=0.0.4; charset=utf-8"

    def count_request(self, route: str, method: str, status: int) -> None:
        self.requests[route, method, status] += 1

    def count_ended(self, cause: str) -> None:
        self.ended[cause] += 1

    def count_binding(self, *, bound: bool) -> None:
        self.bindings[bound] += 1


class FirstComponent:
    """Maps a principal to its first component."""

    def map(self, principal: Principal, sid: Sid | None = None) -> Mapped | NotMapped:
        return Mapped(principal.components[0], "the name itself")


GERMAN = {
    REASONS[Reason.BAD_CREDENTIALS].title: "Falscher Name oder falsches Kennwort",
    REASONS[Reason.BAD_CREDENTIALS].text: "Name oder Kennwort ist falsch. Prüfen Sie beides.",
    REASONS[Reason.PASSWORD_EXPIRES_SOON].text: "Ihr Kennwort läuft bald ab.",
}


def english_and_german() -> Texts:
    """English, and a little German."""
    catalogue = Catalog(locale="de")
    for english, german in GERMAN.items():
        catalogue.add(english, german)
    with TemporaryDirectory() as folder:
        with (Path(folder) / "de.po").open("wb") as file:
            write_po(file, catalogue)
        return load_texts(["en", "de"], "en", None, Path(folder))


class Speechless:
    """Texts that fail over every Accept-Language field, or (`always`) over none as well."""

    def __init__(self, message: str, *, always: bool = False) -> None:
        self._texts = english_and_german()
        self._message = message
        self._always = always

    def negotiate(self, accept_language: str) -> str:
        if accept_language or self._always:
            raise RuntimeError(self._message)
        return "en"

    def __getattr__(self, name: str) -> object:
        return getattr(self._texts, name)


@dataclass
class World:
    """Everything behind the door."""

    verifier: MemoryVerifier = field(default_factory=MemoryVerifier)
    throttle: FakeThrottle = field(default_factory=FakeThrottle)
    permissions: MemoryPermissions = field(default_factory=MemoryPermissions)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)
    texts: Texts = field(default_factory=english_and_german)
    require_client: bool = False
    application: str | None = None
    more_clients: tuple[Client, ...] = ()
    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    binding: ChannelBinding = NOT_LOOKED_AT

    def __post_init__(self) -> None:
        self.changer = MemoryChanger(self.verifier)

    def services(self) -> Services:
        realms = RealmDirectory((RealmNames(REALM, default=True),))
        names = AuditNames(Secret(b"a key of the tests"))
        login = LoginService(
            realms=realms,
            mapper=FirstComponent(),  # type: ignore[arg-type]  # the settings' own mapper is not what is tested here
            ports=Ports(
                verifier=self.verifier,
                throttle=self.throttle,
                permissions=self.permissions,
                audit=self.audit,
                names=names,
                observers=(),
                now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
                monotonic=lambda: 0.0,
            ),
        )
        changes = ChangePorts(
            changer=self.changer,
            throttle=self.throttle,
            audit=self.audit,
            names=names,
            observers=(),
            now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            monotonic=lambda: 0.0,
        )
        return Services(
            login=login,
            passwords=PasswordService(realms=realms, ports=changes),
            texts=self.texts,
            clients=Clients(self.clients(), required=self.require_client),
            metrics=self.metrics,
            realm_states=self.verifier.realm_states,
            permission_problem=self.permissions.problem,
            proxies=self.proxies,
            binding=self.binding,
        )

    def clients(self) -> tuple[Client, ...]:
        return (
            Client("trusted", Secret(CLIENT_TOKEN.encode()), Disclosure.FULL, self.application),
            Client("cautious", Secret(GUARDED_TOKEN.encode())),
            Client("monitor", Secret(MONITOR_TOKEN.encode()), operations=True),
            *self.more_clients,
        )
