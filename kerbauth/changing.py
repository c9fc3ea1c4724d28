"""The use case: one change of a password, from what somebody typed to one outcome, one audit record and one result.

It differs from a login in two things. There is no user and no application: whoever knows the old password may have a new one. And there may
be no going back: once the new password has been sent, an answer that does not come leaves open which of the two is the right one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from kerbauth import proving
from kerbauth.attempt import ChangeResult, PasswordChange, Trail
from kerbauth.concluding import Concluder
from kerbauth.core import names
from kerbauth.core.audit_names import AuditNames
from kerbauth.core.codes.model import Stage
from kerbauth.core.disclosure import looks_alike, rest
from kerbauth.core.messages import N_
from kerbauth.core.names import Asked, NotAsked, RealmDirectory
from kerbauth.core.outcome import Change, Changed, Notice, Proof, Proved, Refused, Severity, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.ports import Admitted, AuditSink, LoginObserver, PasswordChanger, Throttle
from kerbauth.record import Recorder

OTHER_REALM: Final = N_("This client may not ask about users of this realm.")
NUL_IN_OLD: Final = N_("The old password holds a NUL character, at which Kerberos would cut it off.")
NUL_IN_NEW: Final = N_("The new password holds a NUL character, at which Kerberos would cut it off.")
NEW_EMPTY: Final = N_("The new password is missing.")
NEW_TOO_LONG: Final = N_("It is the new password that is too long.")
NOT_NEW: Final = N_("The new password is the old one.")
NOT_CHANGED: Final = N_("Your password was not changed.")
MAY_BE_CHANGED: Final = N_(
    "It is not known whether your password was changed. Try the new password first, and the old one if it is not accepted."
)
CHANGED_ALL_THE_SAME: Final = N_("Your password was changed all the same. Use the new one from now on.")


@dataclass(frozen=True, slots=True)
class ChangePorts:
    """What decides a change from outside: who makes it, who counts wrong passwords, who keeps the record and how it names people; and the
    clocks, as in `kerbauth.login.Ports`.
    """

    changer: PasswordChanger
    throttle: Throttle
    audit: AuditSink
    names: AuditNames
    observers: Sequence[LoginObserver]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class PasswordService:
    """Changes passwords. Immutable, as `kerbauth.login.LoginService` is, and with the same `floor` (seconds)."""

    def __init__(self, *, realms: RealmDirectory, ports: ChangePorts, floor: float = 0.0) -> None:
        self._realms = realms
        self._changer = ports.changer
        self._throttle = ports.throttle
        self._concluder = Concluder(Recorder(ports.names, realms), ports.audit, ports.observers, ports.now)
        self._monotonic = ports.monotonic
        self._sleep = ports.sleep
        self._floor = floor

    async def change(self, request: PasswordChange) -> ChangeResult:
        """Change a password."""
        began = self._monotonic()
        trail = Trail(self._monotonic)
        result = await self._conclude(request, _told(await self._change(request, trail)), trail)
        if looks_alike(result.outcome, request.caller.disclosure):
            await self._sleep(rest(self._monotonic() - began, self._floor))
        return result

    async def turned_away(self, request: PasswordChange, verdict: Refused | Unavailable) -> ChangeResult:
        """Record an attempt that a door ended before it became one."""
        return await self._conclude(request, verdict, Trail(self._monotonic))

    async def _change(self, request: PasswordChange, trail: Trail) -> Change:
        # 1 which realm is meant, and which principal's password
        with trail.step(Stage.NAME) as say:
            asked = names.read(request.username, self._realms)
            say(asked.how if isinstance(asked, Asked) else asked.problem)
        if isinstance(asked, NotAsked):
            return Refused(asked.reason, Stage.NAME, diagnostic=asked.problem, notices=_detail(asked.reason, asked.problem))
        trail.principal = asked.principal
        # 2 whether the caller may ask about it
        if not request.caller.may_ask_about(asked.principal.realm):
            notices = _detail(Reason.CLIENT_NOT_ALLOWED, OTHER_REALM)
            return Refused(Reason.CLIENT_NOT_ALLOWED, Stage.NAME, diagnostic=OTHER_REALM, notices=notices)
        # 3 whether both passwords can be put to a KDC
        unfit = _unfit(request.password, request.new_password)
        if unfit is not None:
            return unfit
        # 4 count wrong passwords, below what the KDC would lock the account for
        with trail.step(Stage.THROTTLE) as say:
            admitted = await proving.admit(self._throttle, asked.principal, request)
            say("the KDC may be asked" if isinstance(admitted, Admitted) else f"{admitted.reason}: {admitted.diagnostic}")
        if not isinstance(admitted, Admitted):
            return admitted
        # 5 prove the old password and set the new one, 6 tell the throttle
        with trail.step(Stage.KPASSWD) as say:
            outcome = await self._changer.change(
                asked.principal,
                request.password,
                request.new_password,
                lambda late: self._throttle.settle_later(admitted, late),
                proving.recogniser(self._throttle, admitted, Stage.CHANGEPW_PROOF),
            )
            say(f"changed: {outcome.principal}" if isinstance(outcome, Changed) else f"{outcome.reason} at {outcome.stage}")
        if isinstance(outcome, Changed):
            trail.principal = outcome.principal
        await self._settle(admitted, asked.principal, outcome)
        return outcome

    async def _settle(self, admitted: Admitted, principal: Principal, outcome: Change) -> None:
        """Tell the throttle what came of the old password, and to forget wrong ones where the account has, or may have, another one now.

        Where a KDC may still count the old password as wrong, the attempt stays written down.
        """
        proof = _proof_of_old(principal, outcome)
        if not (isinstance(proof, Unavailable) and proof.pending):
            await self._throttle.settle(admitted, proof)
        if isinstance(outcome, Changed) or (isinstance(outcome, Unavailable) and _may_be_changed(outcome)):
            for known_as in {principal, outcome.principal if isinstance(outcome, Changed) else principal}:
                self._throttle.forget_password(known_as)

    async def _conclude(self, request: PasswordChange, outcome: Change, trail: Trail) -> ChangeResult:
        ends, record = await self._concluder.conclude(request, outcome, trail, _anyway(outcome))
        return ChangeResult(ends, request.caller, record, tuple(trail.steps))


def _unfit(old: Secret, new: Secret) -> Refused | None:
    """Why these two cannot be put to a KDC; nothing is known of the account then."""
    problem = names.check_password(old)
    if problem is not None:
        return Refused(problem, Stage.NAME, notices=_detail(problem, NUL_IN_OLD) if problem is Reason.MALFORMED_REQUEST else ())
    problem = names.check_password(new)
    if problem is not None:
        told = {Reason.EMPTY_PASSWORD: NEW_EMPTY, Reason.PASSWORD_TOO_LONG: NEW_TOO_LONG}.get(problem, NUL_IN_NEW)
        return Refused(problem, Stage.NAME, notices=_detail(problem, told))
    if new.same_as(old):
        return Refused(Reason.PASSWORD_REJECTED, Stage.NAME, diagnostic=NOT_NEW, notices=_detail(Reason.PASSWORD_REJECTED, NOT_NEW))
    return None


def _proof_of_old(principal: Principal, outcome: Change) -> Proof:
    """What the outcome says of the old password: behind its proof, that it was right."""
    if isinstance(outcome, Changed):
        return Proved(outcome.principal)
    return Proved(principal) if outcome.stage is Stage.KPASSWD else outcome


def _may_be_changed(outcome: Unavailable) -> bool:
    return outcome.pending and outcome.stage is Stage.KPASSWD


def _told(outcome: Change) -> Change:
    """Where it could not be found out, say which password counts: the reasons' own texts speak of signing in."""
    if not isinstance(outcome, Unavailable):
        return outcome
    told = MAY_BE_CHANGED if _may_be_changed(outcome) else NOT_CHANGED
    return replace(outcome, notices=(*outcome.notices, Notice(Severity.WARNING, outcome.reason, told)))


def _anyway(outcome: Change) -> tuple[Notice, ...]:
    """What must be told even if the record could not be written: there is no taking back."""
    if isinstance(outcome, Changed):
        return (Notice(Severity.WARNING, Reason.AUDIT, CHANGED_ALL_THE_SAME),)
    return outcome.notices if isinstance(outcome, Unavailable) and _may_be_changed(outcome) else ()


def _detail(reason: Reason, text: str) -> tuple[Notice, ...]:
    return (Notice(Severity.INFO, reason, text),)
