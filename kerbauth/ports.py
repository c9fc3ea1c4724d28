"""The ports of the use cases: what a login and a change of a password need from the outside, as Protocols with a written promise.

Each promise is a suite of tests in tests/contracts that every adapter runs.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from kerbauth.core.account import WindowsAccount
from kerbauth.core.audit import AuditRecord
from kerbauth.core.channel import ChannelBinding
from kerbauth.core.kdc_state import KdcState
from kerbauth.core.outcome import Application, Change, Proof, Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What came of a client's token: the proof or its refusal, and the reply token, if the context was completed.

    `reply` goes back to the client on every status, so that a client that asked for mutual authentication keeps the body; with a refusal
    there is one for such a client only.
    `challenge` says that a fresh token can help, so a 401 may carry a new `Negotiate` challenge. `bound` says whether an accepted token
    was bound to a channel that we know; None where the token was not accepted or there was no channel to compare with.
    """

    proof: Proof
    reply: bytes | None = None
    challenge: bool = False
    bound: bool | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """The attempt may be made. `ticket` is the throttle's own, to settle it with."""

    ticket: object


Recognise = Callable[[Principal], Awaitable[Admitted | Refused | Unavailable]]
"""Is told whose account an attempt is about, and says whether the KDC may be sent a proof of the password.

An account has several names, and a KDC shows by its first answer which of them are one: then, before anything is sent that it could count,
this is called, once at most, with a principal that is the same for all names of the account. Nobody vouches for that answer yet: the
principal is fit for counting, and for nothing else. What is answered instead of `Admitted` is what came of the attempt.
"""


class CredentialVerifier(Protocol):
    """Proves credentials to a KDC, and the KDC with our own key.

    Promise: `Proved` only if the KDC accepted the credentials *and* a ticket for our own service decrypts with our keytab. Nothing
    is raised for an answer; every failure is a `Refused` or an `Unavailable` with its stage and codes. At most one failed password
    check per call at the KDC; none for a token. Ends by the realm's deadline. Never keeps, logs or returns a password, key or ticket.
    """

    async def verify_password(
        self, principal: Principal, password: Secret, late: Callable[[Proof], None] | None = None, recognise: Recognise | None = None
    ) -> Proof:
        """Check `password` for `principal`, whose realm is configured; with the leave of `recognise`, once the KDC shows whose account it
        is.

        If the KDC has the password and has not said what it made of it (the proof is `Unavailable` with `pending`), or whoever waited was
        cancelled, `late` is called once, on the event loop, with what came of it after all. Until then the KDC may or may not have counted
        a wrong password. Otherwise the answer says all there is to say, and `late` is not called.
        """
        ...

    async def accept_token(self, token: bytes, binding: ChannelBinding) -> TokenAnswer:
        """Accept one SPNEGO or raw Kerberos token, single leg. A token whose channel binding is not what `binding` asks for is refused
        with `channel-binding`.
        """
        ...

    async def realm_states(self) -> tuple["RealmState", ...]:
        """Whether each configured realm can answer logins now, and what is known of its KDCs. May answer from the last few seconds, within
        some seconds in all.
        """
        ...


@dataclass(frozen=True, slots=True)
class RealmState:
    """A realm's readiness. `problem` is empty when it is ready. `kdcs` are those that this process knows, in their order."""

    realm: str
    ready: bool
    problem: str = ""
    kdcs: tuple[KdcState, ...] = ()


class PasswordChanger(Protocol):
    """Changes a user's own password with the realm's password-changing service (RFC 3244).

    Promise: `Changed` only if that service said so under the session key of a ticket that the old password gave. Nothing is raised for an
    answer. At most one check of the old password at the KDC per call, and the new one is sent to one server at most once. What ends before
    the old password is proved has the stage CHANGEPW_PROOF; with the stage KPASSWD it was right, and a `Refused` says `proved`.
    `Unavailable` with `pending`: at CHANGEPW_PROOF the KDC may still count the old password as wrong, at KPASSWD the new one may have
    been taken or not. Ends by the realm's deadline, and never blocks the event loop. Never keeps, logs or returns a password, key or
    ticket.
    """

    async def change(
        self,
        principal: Principal,
        old: Secret,
        new: Secret,
        late: Callable[[Proof], None] | None = None,
        recognise: Recognise | None = None,
    ) -> Change:
        """Change the password of `principal`, whose realm is configured, from `old` to `new`.

        `recognise` is asked before the old password is proved. `late` is told what came of it after all, as in
        `CredentialVerifier.verify_password`: if the answer is `pending` at CHANGEPW_PROOF, or whoever waited was cancelled.
        """
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """May this user of this realm enter this application? `application` as the client named it; `tenant` where it named one.

    `account` is what Active Directory says of the user, out of the verified PAC of this very login; None in a realm of kind mit.
    """

    user: str
    realm: str
    application: str
    tenant: str | None = None
    account: WindowsAccount | None = None


@dataclass(frozen=True, slots=True)
class Permitted:
    """Yes. `user` is the source's own spelling of the user name; `application` None only from an adapter that knows none."""

    user: str
    application: Application | None


@dataclass(frozen=True, slots=True)
class NotPermitted:
    """No, for one of the permission source's reasons: unknown-genesys-user, user-disabled, not-external, unknown-application,
    application-disabled, not-permitted.
    """

    reason: Reason
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class SourceFailed:
    """The source did not answer, or not understandably. `problem` is for the log and must hold no secret."""

    problem: str


Answer = Permitted | NotPermitted | SourceFailed


class PermissionSource(Protocol):
    """Answers the Configuration Database's question.

    Promise: `Permitted` only for an enabled person with both Read and Execute on an enabled application that is there; what is not
    granted is refused; user names are compared without case (Unicode case folding), application names exactly; nothing is raised
    for an answer, and a source that cannot answer says `SourceFailed`, never yes or no. Safe to call concurrently, and never blocks
    the event loop.
    """

    @property
    def asks_application(self) -> bool:
        """Whether a login must name an application. False only for an adapter that knows none."""
        ...

    @property
    def startup_warnings(self) -> tuple[str, ...]:
        """What an operator must know at every start; a sentence each."""
        ...

    def may_enter(self, question: Question) -> Awaitable[Answer]:
        """Answer one question."""
        ...

    def problem(self) -> Awaitable[str]:
        """Empty if the source can answer now, else what is wrong, in one sentence."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """Where an attempt comes from, as the throttle counts it: a named client, which speaks for many people, or an address."""

    name: str
    named: bool = False


@dataclass(frozen=True, slots=True)
class Throttled:
    """The attempt may not be made before `retry_after` seconds have passed. `why` is for an administrator."""

    retry_after: float
    why: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """This very password was refused moments ago with this reason: as wrong by the KDC, or held for the account behind the name. The KDC is
    not asked again.
    """

    reason: Reason


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Earlier attempts at the account use its budget up, and the KDC has not answered them: nobody knows whether they were wrong."""


Admission = Admitted | Throttled | Repeated | Unsettled


class Throttle(Protocol):
    """Keeps wrong passwords below the KDC's own lock-out threshold.

    Promise: of the attempts it admits for one account, no more than the configured budget can be counted as failures by the KDC within
    the configured window, however many sources, processes and machines that share its store ask at once; an attempt under way counts until
    it is settled. One account is all spellings of a name, all names that were proved to be its own, and all whose attempts `recognise`
    was told to be about it. It never keeps or passes on a password, and names of which nobody knows that they are accounts only as digests.
    What `admit` answers does not depend on whether there is such an account, but for names that were proved to be another's.
    """

    async def admit(self, principal: Principal, source: Source, password: Secret) -> Admission:
        """Whether the KDC may be asked about this password now. Waits a little for other attempts at the account to be settled."""
        ...

    async def recognise(self, admitted: Admitted, account: Principal) -> Admission:
        """The KDC says that an admitted attempt, which it has not been asked to judge yet, is about `account`: whether it may be now.

        It counts for that account, too, if it is `Admitted`. Otherwise no password may be proved, and a caller who is not to learn which
        accounts there are must not be told why: an unknown name has no account behind it. The attempt is to be settled all the same, with
        the refusal; it counts for the name that was asked, as one for an unknown name does.
        """
        ...

    async def settle(self, admitted: Admitted, proof: Proof) -> None:
        """What came of an admitted attempt: each must be settled once, as soon as that is known."""
        ...

    def settle_later(self, admitted: Admitted, proof: Proof) -> None:
        """The same without waiting, for a proof that came after its answer."""
        ...

    def forget_password(self, principal: Principal) -> None:
        """The account has a new password: what was wrong may be right now."""
        ...


class AuditSink(Protocol):
    """Keeps one record per attempt.

    Promise: when `write` returns, the record is written, and on stable storage where the settings say so; it raises AuditError when it
    is not, and does so within seconds when the storage says nothing. Never blocks the event loop. Once called, a record is written even if
    whoever waits for it is cancelled. One record is one line, whatever the record holds.
    """

    async def write(self, record: AuditRecord) -> None:
        """Write one record, or raise AuditError."""
        ...


class AuditError(Exception):
    """The audit record could not be written. The message says why and names the file."""


class LoginObserver(Protocol):
    """Counts logins and changes of passwords. Must not raise and must not block."""

    def observe(self, record: AuditRecord) -> None:
        """Take note of one attempt."""
        ...
