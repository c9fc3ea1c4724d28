"""An adapter of another package, held to the port's promise while the service runs."""

import inspect
import traceback
from typing import Final

from kerbauth.core.outcome import Application
from kerbauth.core.reasons import Reason
from kerbauth.core.text import caseless
from kerbauth.permissions.model import NEEDED
from kerbauth.ports import Answer, NotPermitted, PermissionSource, Permitted, Question, SourceFailed

REFUSALS: Final = frozenset(
    {
        Reason.UNKNOWN_GENESYS_USER,
        Reason.USER_DISABLED,
        Reason.NOT_EXTERNAL,
        Reason.UNKNOWN_APPLICATION,
        Reason.APPLICATION_DISABLED,
        Reason.NOT_PERMITTED,
    }
)
"""The reasons with which a permission source may refuse."""


def lacking(source: object) -> str:
    """What an object lacks to be a PermissionSource; empty if it lacks nothing. May raise what the object's properties raise."""
    if inspect.iscoroutine(source):
        source.close()
        return "the factory must not be a coroutine function"
    if not isinstance(getattr(source, "asks_application", None), bool):
        return "`asks_application` must be true or false"
    warnings = getattr(source, "startup_warnings", None)
    if not isinstance(warnings, tuple) or not all(isinstance(warning, str) for warning in warnings):
        return "`startup_warnings` must be a tuple of text"
    for method in ("may_enter", "problem"):
        if not callable(getattr(source, method, None)):
            return f"`{method}` must be a method"
    return ""


class ForeignSource:
    """Passes an adapter's answers on if they are answers to the question; everything else becomes SourceFailed, never yes.

    What an adapter raises is told by the exception's name and place only: its text may hold what a connection string holds.
    Cancellation passes through: it is how a login's deadline ends a question.
    """

    def __init__(self, source: PermissionSource) -> None:
        self._source = source
        # Read once: a login must not depend on whether a property of somebody else's raises today.
        self._asks_application = source.asks_application
        self._startup_warnings = source.startup_warnings

    @property
    def asks_application(self) -> bool:
        """As the adapter said when it was opened."""
        return self._asks_application

    @property
    def startup_warnings(self) -> tuple[str, ...]:
        """As the adapter said when it was opened."""
        return self._startup_warnings

    async def may_enter(self, question: Question) -> Answer:
        """The adapter's answer, or SourceFailed."""
        try:
            answer: object = await self._source.may_enter(question)
        except Exception as error:  # noqa: BLE001 -- foreign code; see the class
            return SourceFailed(_raised(error))
        match answer:
            case Permitted():
                wrong = self._wrong(answer, question)
                return SourceFailed(f"the permission adapter's yes is no answer to the question: {wrong}") if wrong else answer
            case NotPermitted() if isinstance(answer.reason, Reason) and answer.reason in REFUSALS and isinstance(answer.explanation, str):
                return answer
            case SourceFailed() if isinstance(answer.problem, str):
                return answer
        return SourceFailed("the permission adapter gave no answer that is known here")

    async def problem(self) -> str:
        """The adapter's own word, or that it raised an exception."""
        try:
            problem: object = await self._source.problem()
        except Exception as error:  # noqa: BLE001 -- foreign code; see the class
            return _raised(error)
        return problem if isinstance(problem, str) else "the permission adapter gave no text when asked for its state"

    def _wrong(self, answer: Permitted, question: Question) -> str:
        """Why a yes cannot be believed: it is about somebody or something else, or lacks a permission. Empty if it can."""
        if not isinstance(answer.user, str) or not answer.user or caseless(answer.user) != caseless(question.user):
            return "it is about another user"
        if answer.application is None:
            return "it names no application" if self._asks_application else ""
        application: object = answer.application
        if not isinstance(application, Application) or application.name != question.application:
            return "it is about another application"
        permissions: object = application.permissions
        if not isinstance(permissions, tuple) or not all(isinstance(each, str) for each in permissions):
            return "its permissions are no tuple of text"
        if application.type is not None and not isinstance(application.type, str):
            return "its application's type is no text"
        return "" if NEEDED.issubset(permissions) else "it lacks read or execute"


def _raised(error: Exception) -> str:
    return f"the permission adapter raised {place_of(error)}"


def place_of(error: BaseException) -> str:
    """An exception's name and the line it was raised on, without its text."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in line {frames[-1].lineno} of {frames[-1].filename}" if frames else type(error).__name__
