"""Honest small stand-ins for the ports, for faults that real servers cannot be made to show. Each keeps its port's promise."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kerbauth.core.audit import AuditRecord
from kerbauth.core.channel import ChannelBinding
from kerbauth.core.outcome import Application, Change, Proof
from kerbauth.core.principal import Principal
from kerbauth.core.secret import Secret
from kerbauth.ports import (
    Admission,
    Admitted,
    Answer,
    AuditError,
    Permitted,
    Question,
    RealmState,
    Recognise,
    Source,
    TokenAnswer,
)


@dataclass
class FakeVerifier:
    """Answers what it was told to, and remembers who was asked for. `behind` is the account that its KDC shows to be meant."""

    answer: Proof
    token_answer: TokenAnswer | None = None
    asked: list[Principal] = field(default_factory=list)
    late: Proof | None = None
    behind: Principal | None = None

    async def verify_password(
        self, principal: Principal, password: Secret, late: Callable[[Proof], None] | None = None, recognise: Recognise | None = None
    ) -> Proof:
        self.asked.append(principal)
        if self.behind is not None and recognise is not None:
            leave = await recognise(self.behind)
            if not isinstance(leave, Admitted):
                return leave
        if self.late is not None and late is not None:
            late(self.late)
        return self.answer

    async def accept_token(self, token: bytes, binding: ChannelBinding) -> TokenAnswer:
        return self.token_answer or TokenAnswer(self.answer)

    async def realm_states(self) -> tuple[RealmState, ...]:
        return ()


@dataclass
class FakeChanger:
    """Answers what it was told to, and remembers whose password was to be changed. `behind` as with `FakeVerifier`."""

    answer: Change
    asked: list[Principal] = field(default_factory=list)
    late: Proof | None = None
    behind: Principal | None = None

    async def change(
        self,
        principal: Principal,
        old: Secret,
        new: Secret,
        late: Callable[[Proof], None] | None = None,
        recognise: Recognise | None = None,
    ) -> Change:
        self.asked.append(principal)
        if self.behind is not None and recognise is not None:
            leave = await recognise(self.behind)
            if not isinstance(leave, Admitted):
                return leave
        if self.late is not None and late is not None:
            late(self.late)
        return self.answer


@dataclass
class FakeThrottle:
    """Admits everybody, or answers what it was told to, and remembers how attempts ended. `recognised` is the answer for accounts that are
    shown to be behind a name.
    """

    answer: Admission = field(default_factory=lambda: Admitted("ticket"))
    recognised: Admission = field(default_factory=lambda: Admitted("ticket"))
    behind: list[Principal] = field(default_factory=list)
    asked: list[tuple[Principal, Source]] = field(default_factory=list)
    settled: list[Proof] = field(default_factory=list)
    settled_later: list[Proof] = field(default_factory=list)
    forgotten: list[Principal] = field(default_factory=list)

    async def admit(self, principal: Principal, source: Source, password: Secret) -> Admission:
        self.asked.append((principal, source))
        return self.answer

    async def recognise(self, admitted: Admitted, account: Principal) -> Admission:
        self.behind.append(account)
        return self.recognised

    async def settle(self, admitted: Admitted, proof: Proof) -> None:
        self.settled.append(proof)

    def settle_later(self, admitted: Admitted, proof: Proof) -> None:
        self.settled_later.append(proof)

    def forget_password(self, principal: Principal) -> None:
        self.forgotten.append(principal)


@dataclass
class FakePermissions:
    """Answers what it was told to, or lets everybody in, and remembers the questions."""

    answer: Answer | None = None
    asks_application: bool = True
    startup_warnings: tuple[str, ...] = ()
    questions: list[Question] = field(default_factory=list)

    async def may_enter(self, question: Question) -> Answer:
        self.questions.append(question)
        return self.answer or Permitted(question.user, Application(question.application, "agent-desktop", ("read", "execute")))

    async def problem(self) -> str:
        return ""


@dataclass
class FakeAudit:
    """Keeps records in memory, or fails as told."""

    failure: str = ""
    records: list[AuditRecord] = field(default_factory=list)

    async def write(self, record: AuditRecord) -> None:
        if self.failure:
            raise AuditError(self.failure)
        self.records.append(record)


@dataclass
class FakeObserver:
    """Keeps what it observed."""

    seen: list[AuditRecord] = field(default_factory=list)

    def observe(self, record: AuditRecord) -> None:
        self.seen.append(record)
