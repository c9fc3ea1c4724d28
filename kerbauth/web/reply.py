"""Writing replies: a verdict in, a status, header fields and bytes out, fitted to what the caller may be told. Pure."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Protocol

from kerbauth.attempt import ChangeResult, LoginResult
from kerbauth.core.codes.model import Code
from kerbauth.core.disclosure import told, told_refusal
from kerbauth.core.outcome import Changed, Granted, Notice, Refused, Severity, Unavailable, Verdict
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason

RETRY_AFTER: Final = 5
"""Seconds in Retry-After: one login's whole time with a realm, by default, so that a retry does not meet the attempt it
repeats.
"""

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"  # RFC 9457 6.1: no charset parameter, it is UTF-8

CHALLENGE: Final = ("WWW-Authenticate", "Negotiate")

COMMON_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Server", "kerbauth"),  # or the library would name itself and its version
)
"""On every reply, unless the reply has its own. `no-store`: no reply may be kept, not even a refusal."""

# Reasons with more than one status: the one that the use case means. What a door itself refuses carries its own status.
_USE_CASE_STATUS: Final[Mapping[Reason, int]] = MappingProxyType(
    {
        Reason.MALFORMED_REQUEST: 422,  # the application is missing
        Reason.CLIENT_NOT_ALLOWED: 403,  # the caller is known, and asked for an application that is not its own
    }
)


class Texts(Protocol):
    """The words, in every language there is (kerbauth.texts.Texts)."""

    def negotiate(self, accept_language: str) -> str:
        """The language that fits an Accept-Language field (RFC 9110 12.5.4) best; the default for an empty or senseless
        one.
        """
        ...

    def title(self, language: str, reason: Reason) -> str:
        """A reason's short title."""
        ...

    def text(self, language: str, message_id: str) -> str:
        """The translation of one message id."""
        ...

    def reason_text(self, language: str, reason: Reason, codes: tuple[Code, ...] = ()) -> str:
        """A reason's text for the user, or an administrator's own text for one of the codes."""
        ...

    def notice(self, language: str, notice: Notice, codes: tuple[Code, ...] = ()) -> str:
        """The text of a notice."""
        ...


@dataclass(frozen=True, slots=True)
class Voice:
    """The texts and the language in which one request is answered."""

    texts: Texts
    language: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. The header fields come on top of COMMON_HEADERS; a reply token may be among them, so they stay out of
    `repr`.
    """

    status: int
    media_type: str
    body: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A refusal by the door itself, with what only the door knows of it: the status, the place, further header fields."""

    verdict: Refused | Unavailable
    status: int
    place: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def login_reply(result: LoginResult, voice: Voice, turned_away: TurnedAway | None = None) -> Reply:
    """The reply to a login attempt.

    `turned_away` is given where the door itself ended the attempt; it does not count if the result says something else
    in the end, that is, if the audit record could not be written.
    """
    verdict = told(result.verdict, result.caller.disclosure)
    correlation_id = result.record.origin.correlation_id
    if isinstance(verdict, Granted):
        return _granted(verdict, voice, correlation_id, _negotiate_fields(result, 200, None))
    away = _away(verdict, result.verdict, turned_away)
    headers = (*away.headers, *_negotiate_fields(result, away.status, verdict.reason))
    return problem(replace(away, headers=headers), voice, correlation_id)


def change_reply(result: ChangeResult, voice: Voice, turned_away: TurnedAway | None = None) -> Reply:
    """The reply to an attempt to change a password. `turned_away` as in `login_reply`."""
    outcome, correlation_id = result.outcome, result.record.origin.correlation_id
    if isinstance(outcome, Changed):
        document = {
            "changed": True,
            "principal": str(outcome.principal),
            "messages": _messages(outcome, voice),
            "correlation_id": correlation_id,
        }
        return Reply(200, JSON, _json(document), _language_fields(voice.language))
    return problem(_away(told_refusal(outcome, result.caller.disclosure), outcome, turned_away), voice, correlation_id)


def _away(told_as: Refused | Unavailable, exact: Verdict | Changed, turned_away: TurnedAway | None) -> TurnedAway:
    """What is told, with what the door knows of it, or else with the status of its reason."""
    if turned_away is not None and exact is turned_away.verdict:
        return replace(turned_away, verdict=told_as)
    return TurnedAway(told_as, _USE_CASE_STATUS.get(told_as.reason, REASONS[told_as.reason].status))


def problem(away: TurnedAway, voice: Voice, correlation_id: str) -> Reply:
    """A problem document (RFC 9457). The verdict in it must be fit for the caller already."""
    verdict, language = away.verdict, voice.language
    info = REASONS[verdict.reason]
    text = voice.texts.reason_text(language, verdict.reason, verdict.codes)
    document: dict[str, Any] = {
        "type": f"urn:kerbauth:reason:{verdict.reason}",
        "title": voice.texts.title(language, verdict.reason),
        "status": away.status,
        "detail": text,
        "verdict": "refused" if isinstance(verdict, Refused) else "unavailable",
        "reason": verdict.reason.value,
        "retryable": info.retryable,
        "messages": [_message(Severity.ERROR, verdict.reason, text), *_messages(verdict, voice)],
        "correlation_id": correlation_id,
    }
    if away.place:
        document["place"] = away.place
    retry = (("Retry-After", str(_seconds(verdict))),) if away.status in {429, 503} else ()
    return Reply(away.status, PROBLEM, _json(document), (*_language_fields(language), *retry, *away.headers))


def _seconds(verdict: Refused | Unavailable) -> int:
    """Retry-After (RFC 9110 10.2.3): whole seconds, rounded up, or a client would come back too early."""
    known = verdict.retry_after if isinstance(verdict, Refused) else None
    return RETRY_AFTER if known is None else max(1, math.ceil(known))


def json_reply(status: int, document: Mapping[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A plain JSON reply, without words for a user."""
    return Reply(status, JSON, _json(document), headers)


def _granted(verdict: Granted, voice: Voice, correlation_id: str, tokens: tuple[tuple[str, str], ...]) -> Reply:
    application = verdict.application
    document = {
        "verdict": "granted",
        "user": verdict.user,
        "principal": str(verdict.principal),
        "realm": verdict.principal.realm,
        "application": None
        if application is None
        else {"name": application.name, "type": application.type, "permissions": list(application.permissions)},
        "messages": _messages(verdict, voice),
        "correlation_id": correlation_id,
    }
    return Reply(200, JSON, _json(document), (*_language_fields(voice.language), *tokens))


def _negotiate_fields(result: LoginResult, status: int, reason: Reason | None) -> tuple[tuple[str, str], ...]:
    """The reply token, whatever the status, or else, on a 401, a challenge if a fresh token can help (RFC 4559 5).

    A client that asked for mutual authentication throws a reply without its token away. `bad-credentials` is never answered with a
    challenge: it may stand for a hidden reason, and two of those must look alike.
    """
    if result.reply:
        return (("WWW-Authenticate", f"Negotiate {base64.b64encode(result.reply).decode('ascii')}"),)
    if result.challenge and status == 401 and reason is not Reason.BAD_CREDENTIALS:
        return (CHALLENGE,)
    return ()


def _language_fields(language: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Language", language), ("Vary", "Accept-Language"))


def _messages(verdict: Verdict | Changed, voice: Voice) -> list[dict[str, str]]:
    codes = () if isinstance(verdict, Granted | Changed) else verdict.codes
    return [_message(notice.severity, notice.reason, voice.texts.notice(voice.language, notice, codes)) for notice in verdict.notices]


def _message(severity: Severity, reason: Reason, text: str) -> dict[str, str]:
    return {"severity": severity.value, "reason": reason.value, "text": text}


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
