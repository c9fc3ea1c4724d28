"""The use case: one login, from what somebody typed or sent to one verdict, one audit record and one result.

Every door calls this and nothing else. Nothing is raised for an answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

from kerbauth import proving
from kerbauth.attempt import LoginResult, PasswordLogin, TokenLogin, Trail
from kerbauth.concluding import Concluder
from kerbauth.core import names
from kerbauth.core.audit_names import AuditNames
from kerbauth.core.codes.model import Stage
from kerbauth.core.disclosure import looks_alike, rest
from kerbauth.core.mapping import Mapped, NameMapper, NotMapped
from kerbauth.core.messages import N_
from kerbauth.core.names import Asked, NotAsked, RealmDirectory
from kerbauth.core.outcome import Granted, Notice, Proof, Proved, Refused, Severity, Unavailable, Verdict
from kerbauth.core.reasons import Reason
from kerbauth.ports import (
    Admitted,
    AuditSink,
    CredentialVerifier,
    LoginObserver,
    NotPermitted,
    PermissionSource,
    Permitted,
    Question,
    SourceFailed,
    Throttle,
)
from kerbauth.record import Recorder

PERMISSION_DEADLINE: Final = 5.0
"""Seconds within which the permission source must have answered; later is `permission-source`, never yes or no."""

NO_APPLICATION: Final = N_("The request names no application, and one is needed here.")
NUL_IN_PASSWORD: Final = N_("The password holds a NUL character, at which Kerberos would cut it off.")
OTHER_APPLICATION: Final = N_("This client may not ask for this application.")
OTHER_REALM: Final = N_("This client may not ask about users of this realm.")


@dataclass(frozen=True, slots=True)
class Ports:
    """What decides a login from outside: who proves, who counts wrong passwords, who permits, who keeps the record and how it names people;
    and the clocks.

    `now` is the time of day (UTC) for the record; `monotonic` and `sleep` measure and wait in seconds.
    """

    verifier: CredentialVerifier
    throttle: Throttle
    permissions: PermissionSource
    audit: AuditSink
    names: AuditNames
    observers: Sequence[LoginObserver]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class LoginService:
    """Decides logins. Immutable: a reload builds a new one, and attempts under way end with the old.

    `floor`: seconds; refusals of a password that a stranger must not tell apart are answered at whole multiples of it.
    `patience`: seconds that the permission source is given.
    """

    def __init__(
        self, *, realms: RealmDirectory, mapper: NameMapper, ports: Ports, floor: float = 0.0, patience: float = PERMISSION_DEADLINE
    ) -> None:
        self._realms = realms
        self._mapper = mapper
        self._verifier = ports.verifier
        self._throttle = ports.throttle
        self._permissions = ports.permissions
        self._concluder = Concluder(Recorder(ports.names, realms), ports.audit, ports.observers, ports.now)
        self._monotonic = ports.monotonic
        self._sleep = ports.sleep
        self._floor = floor
        self._patience = patience

    async def password(self, request: PasswordLogin) -> LoginResult:
        """Decide a login by user name and password."""
        began = self._monotonic()
        trail = Trail(self._monotonic)
        result = await self._conclude(request, await self._by_password(request, trail), trail)
        if looks_alike(result.verdict, request.caller.disclosure):
            await self._sleep(rest(self._monotonic() - began, self._floor))
        return result

    async def token(self, request: TokenLogin) -> LoginResult:
        """Decide a login by a client's Kerberos ticket."""
        trail = Trail(self._monotonic)
        application = self._application(request, trail)
        if isinstance(application, Refused):
            return await self._conclude(request, application, trail)
        with trail.step(Stage.ACCEPT) as say:
            answer = await self._verifier.accept_token(request.token, request.binding)
            say(_outcome_of(answer.proof))
        verdict = await self._admit(answer.proof, Reason.UNKNOWN_REALM, request, application, trail)
        return await self._conclude(request, verdict, trail, reply=answer.reply, challenge=answer.challenge, bound=answer.bound)

    async def turned_away(self, request: PasswordLogin | TokenLogin, verdict: Refused | Unavailable) -> LoginResult:
        """Record an attempt that a door ended before it became a login: a caller that may not ask, a token that is none."""
        return await self._conclude(request, verdict, Trail(self._monotonic))

    async def _by_password(self, request: PasswordLogin, trail: Trail) -> Verdict:
        # 0 which application the caller may ask for
        application = self._application(request, trail)
        if isinstance(application, Refused):
            return application
        # 1 which realm is meant, and which principal to ask its KDC for
        with trail.step(Stage.NAME) as say:
            asked = names.read(request.username, self._realms)
            say(asked.how if isinstance(asked, Asked) else asked.problem)
        if isinstance(asked, NotAsked):
            return Refused(asked.reason, Stage.NAME, diagnostic=asked.problem, notices=_detail(asked.reason, asked.problem))
        trail.principal = asked.principal
        if not request.caller.may_ask_about(asked.principal.realm):
            return _not_allowed(Stage.NAME, OTHER_REALM)
        unfit = names.check_password(request.password)
        if unfit is not None:
            detail = _detail(unfit, NUL_IN_PASSWORD) if unfit is Reason.MALFORMED_REQUEST else ()
            return Refused(unfit, Stage.NAME, notices=detail)
        # 2 count wrong passwords, below what the KDC would lock the account for
        with trail.step(Stage.THROTTLE) as say:
            admitted = await proving.admit(self._throttle, asked.principal, request)
            say("the KDC may be asked" if isinstance(admitted, Admitted) else _outcome_of(admitted))
        if not isinstance(admitted, Admitted):
            return admitted
        # 3 prove it to the KDC, and prove the KDC with our keytab
        with trail.step(Stage.AS) as say:
            proof = await proving.prove(self._verifier, self._throttle, admitted, asked.principal, request)
            say(_outcome_of(proof))
        # 4 map what was proved, 5 ask the permission source
        return await self._admit(proof, Reason.WRONG_REALM, request, application, trail)

    async def _admit(
        self, proof: Proof, foreign: Reason, request: PasswordLogin | TokenLogin, application: str | None, trail: Trail
    ) -> Verdict:
        """From a proof to a verdict: the proved principal's user name, and the permission source's answer."""
        if not isinstance(proof, Proved):
            return proof
        trail.principal = proof.principal
        if self._realms.get(proof.principal.realm) is None:
            return Refused(
                foreign,
                Stage.MAPPING,
                proved=True,
                diagnostic=f"the KDC vouches for {proof.principal}, whose realm is not configured",
            )
        if not request.caller.may_ask_about(proof.principal.realm):
            return _not_allowed(Stage.MAPPING, OTHER_REALM)
        with trail.step(Stage.MAPPING) as say:
            mapped = self._mapper.map(proof.principal, proof.account.sid if proof.account is not None else None)
            say(mapped.how if isinstance(mapped, Mapped) else mapped.why)
        if isinstance(mapped, NotMapped):
            return Refused(Reason.NO_USER_MAPPING, Stage.MAPPING, proved=True, diagnostic=mapped.why)
        trail.user = mapped.user
        if request.caller.identity_only:
            return Granted(mapped.user, proof.principal, None, proof.notices)
        question = Question(mapped.user, proof.principal.realm, application or "", request.tenant, proof.account)
        return await self._permission(question, proof, trail)

    async def _permission(self, question: Question, proof: Proved, trail: Trail) -> Verdict:
        with trail.step(Stage.PERMISSION) as say:
            try:
                async with asyncio.timeout(self._patience):
                    answer = await self._permissions.may_enter(question)
            except TimeoutError:
                answer = SourceFailed(f"no answer within {self._patience:g} seconds")
            match answer:
                case Permitted():
                    say("the permission source lets the user in")
                    trail.user = answer.user
                    return Granted(answer.user, proof.principal, answer.application, proof.notices)
                case NotPermitted():
                    say(f"the permission source refuses: {answer.reason}. {answer.explanation}".strip())
                    return Refused(answer.reason, Stage.PERMISSION, proved=True, diagnostic=answer.explanation)
                case SourceFailed():
                    say(f"the permission source failed: {answer.problem}")
                    return Unavailable(Reason.PERMISSION_SOURCE, Stage.PERMISSION, diagnostic=answer.problem)
            assert_never(answer)

    def _application(self, request: PasswordLogin | TokenLogin, trail: Trail) -> str | Refused | None:
        """The application to ask about: the caller's own, or the one named. None where no question will be asked."""
        caller, named = request.caller, request.application
        if not caller.may_ask_for(named):
            return _not_allowed(Stage.REQUEST, OTHER_APPLICATION)
        trail.application = caller.application or named
        needed = (self._permissions.asks_application or caller.applications is not None) and not caller.identity_only
        if trail.application is None and needed:
            return Refused(Reason.MALFORMED_REQUEST, Stage.REQUEST, notices=_detail(Reason.MALFORMED_REQUEST, NO_APPLICATION))
        return trail.application

    async def _conclude(
        self,
        request: PasswordLogin | TokenLogin,
        verdict: Verdict,
        trail: Trail,
        *,
        reply: bytes | None = None,
        challenge: bool = False,
        bound: bool | None = None,
    ) -> LoginResult:
        ends, record = await self._concluder.conclude(request, verdict, trail)
        return LoginResult(ends, request.caller, record, tuple(trail.steps), reply, challenge, bound)


def _not_allowed(stage: Stage, limit: str) -> Refused:
    """The refusal of a caller that asks beyond its entry. It says nothing of any user, so it is no guarded answer."""
    notices = _detail(Reason.CLIENT_NOT_ALLOWED, limit)
    return Refused(Reason.CLIENT_NOT_ALLOWED, stage, diagnostic=limit, notices=notices, proved=stage is Stage.MAPPING)


def _detail(reason: Reason, text: str) -> tuple[Notice, ...]:
    return (Notice(Severity.INFO, reason, text),)


def _outcome_of(proof: Proof) -> str:
    """A sentence for an administrator on what came of a proof."""
    match proof:
        case Proved():
            return f"proved: {proof.principal}"
        case Refused():
            kind = "refused"
        case Unavailable():
            kind = "unavailable"
        case _:
            assert_never(proof)
    codes = ", ".join(str(code) for code in proof.codes)
    return f"{kind}: {proof.reason} at {proof.stage}{f' ({codes})' if codes else ''}. {proof.diagnostic}".rstrip()
