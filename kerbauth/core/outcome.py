"""How a login, or a change of a password, ends: closed unions, and the messages that go with it.

`Granted` is the only value that lets somebody in; it cannot be built without a user name and a proved principal. `Refused` means
the answer is no, `Unavailable` that we could not find out, which is never a grant and never a refusal.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from kerbauth.core.account import WindowsAccount
from kerbauth.core.codes.model import Code, Stage
from kerbauth.core.messages import Counted
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason


class Severity(StrEnum):
    """How much a message matters to the person who reads it."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the user, before it is put into words.

    Either a reason's own text, or (`detail`) a text of its own: a message id of the catalogue, one with a number in it (`Counted`: of a
    warning it is the reason's text, only more exact), or, with `foreign`, somebody else's words (the KDC's e-text), which are never
    translated and are shown stripped of control characters and cut at 200 characters.
    """

    severity: Severity
    reason: Reason
    detail: str | Counted | None = None
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Application:
    """The Genesys application a user was let into, as the permission source describes it."""

    name: str
    type: str | None = None
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """The user is who they claim to be and may enter. `application` is None where no permission question was asked."""

    user: str
    principal: Principal
    application: Application | None
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for an empty user name: nothing means no."""
        if not self.user:
            msg = "a grant needs a user name"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer is no.

    `proved` says that the right password (or a good ticket) had been shown before: then the exact reason may be told to everybody.
    `codes` are for the log and the audit only. `diagnostic` is for administrators and must not hold a secret. `retry_after`: seconds
    before which asking again is of no use, where that is known.
    """

    reason: Reason
    stage: Stage
    proved: bool = False
    retry_after: float | None = None
    codes: tuple[Code, ...] = ()
    diagnostic: str = ""
    notices: tuple[Notice, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Unavailable:
    """We could not find out. `alarm` marks what an operator must look at now (a KDC that does not know our key), `pending` that a KDC
    may still be checking the password: it may yet count as wrong there.
    """

    reason: Reason
    stage: Stage
    codes: tuple[Code, ...] = ()
    diagnostic: str = ""
    alarm: bool = False
    pending: bool = False
    notices: tuple[Notice, ...] = field(default=())


Verdict = Granted | Refused | Unavailable


@dataclass(frozen=True, slots=True)
class Changed:
    """The account has the new password: the realm's own password-changing service said so, under the key that the old password gave."""

    principal: Principal
    notices: tuple[Notice, ...] = ()


Change = Changed | Refused | Unavailable
"""How a change of a password ends. `Unavailable` with `pending` at Stage.KPASSWD: the new password may have been taken or not."""


@dataclass(frozen=True, slots=True)
class Proved:
    """What a KDC vouched for, checked against our own keytab: the canonical principal.

    `account` is what Active Directory says of its owner, out of a verified PAC; None in a realm that has no such thing.
    """

    principal: Principal
    notices: tuple[Notice, ...] = ()
    account: WindowsAccount | None = None


Proof = Proved | Refused | Unavailable
