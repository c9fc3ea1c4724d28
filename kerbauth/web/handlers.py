"""The two ways to log in: parse, ask the use case, answer. And what they share with other questions about an account."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from aiohttp import web

from kerbauth.attempt import Attempt, Caller, PasswordChange, PasswordLogin, TokenLogin
from kerbauth.changing import MAY_BE_CHANGED
from kerbauth.core.audit import Door, Origin
from kerbauth.core.codes.model import Stage
from kerbauth.core.messages import N_
from kerbauth.core.outcome import Notice, Refused, Severity, Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.web import wire
from kerbauth.web.body import read_login
from kerbauth.web.clients import ANONYMOUS, NoClient, Shown
from kerbauth.web.exchange import Exchange, Limits
from kerbauth.web.reply import CHALLENGE, Reply, TurnedAway, change_reply, login_reply, problem
from kerbauth.web.tls import end_point_of, peer_names
from kerbauth.web.wire import Malformed, NoToken, SsoFields

# RFC 6750 3: a Bearer challenge has at least one parameter
BEARER: Final = ("WWW-Authenticate", 'Bearer realm="kerbauth"')
CLOSE: Final = ("Connection", "close")

_Fields = TypeVar("_Fields")

NO_TOKEN: Final = N_("The request carries no Kerberos token.")


async def login(exchange: Exchange, request: web.Request) -> Reply:
    """POST /v1/login: a user name and a password."""
    attempt = PasswordLogin(
        Origin(exchange.correlation_id, Door.HTTP, exchange.peer), ANONYMOUS, "", Secret(b""), recorded=exchange.conclude
    )
    exchange.attempt = attempt
    # 1 who asks
    caller = who_asks(exchange, request, Door.HTTP)
    if not isinstance(caller, Caller):
        return await turn_away(exchange, attempt, not_allowed(caller, BEARER))
    attempt = replace(attempt, origin=known_origin(attempt.origin, caller, request), caller=caller)
    exchange.attempt = attempt
    # 2 what they ask
    fields = await body_fields(request, exchange.limits, read_login)
    if isinstance(fields, Malformed):
        return await turn_away(exchange, attempt, malformed(fields))
    attempt = replace(
        attempt,
        username=fields.username,
        password=fields.password,
        application=fields.application,
        tenant=fields.tenant,
    )
    exchange.attempt = attempt
    # 3 the answer
    return login_reply(await exchange.services.login.password(attempt), exchange.voice)


async def sso(exchange: Exchange, request: web.Request) -> Reply:
    """GET or POST /v1/sso: a Kerberos ticket in Authorization: Negotiate. Every request stands for itself; there is no
    second leg.
    """
    attempt = TokenLogin(Origin(exchange.correlation_id, Door.SPNEGO, exchange.peer), ANONYMOUS, b"", recorded=exchange.conclude)
    exchange.attempt = attempt
    # 1 who asks: Authorization is taken, so a client's own token has its own header
    caller = who_asks(exchange, request, Door.SPNEGO)
    if not isinstance(caller, Caller):
        return await turn_away(exchange, attempt, not_allowed(caller))
    attempt = replace(attempt, origin=known_origin(attempt.origin, caller, request), caller=caller)
    exchange.attempt = attempt
    # 2 what they ask
    fields = wire.read_query(request.rel_url.raw_query_string)
    token = wire.read_negotiate(_values(request, "Authorization"))
    if isinstance(fields, SsoFields) and isinstance(token, bytes):
        binding = exchange.services.binding.with_first(end_point_of(request))
        attempt = replace(attempt, token=token, application=fields.application, tenant=fields.tenant, binding=binding)
        exchange.attempt = attempt
        # 3 the answer
        result = await exchange.services.login.token(attempt)
        if result.bound is not None:
            exchange.services.metrics.count_binding(bound=result.bound)
        return login_reply(result, exchange.voice)
    if token is NoToken.MISSING and isinstance(fields, SsoFields):
        return _challenge(exchange)
    return await turn_away(exchange, attempt, _unusable(fields, token))


async def turn_away(exchange: Exchange, attempt: Attempt, away: TurnedAway) -> Reply:
    """End an attempt at the door: audited like any other."""
    if isinstance(attempt, PasswordChange):
        if isinstance(away.verdict, Unavailable):  # broken off, wherever it was: nobody knows what became of the new password
            notice = Notice(Severity.WARNING, away.verdict.reason, MAY_BE_CHANGED)
            away = replace(away, verdict=replace(away.verdict, notices=(*away.verdict.notices, notice)))
        return change_reply(await exchange.services.passwords.turned_away(attempt, away.verdict), exchange.voice, away)
    result = await exchange.services.login.turned_away(attempt, away.verdict)
    return login_reply(result, exchange.voice, away)


def malformed(what: Malformed) -> TurnedAway:
    """The refusal of a request that was not understood."""
    notice = Notice(Severity.INFO, Reason.MALFORMED_REQUEST, what.detail)
    verdict = Refused(Reason.MALFORMED_REQUEST, Stage.REQUEST, diagnostic=what.detail, notices=(notice,))
    return TurnedAway(verdict, what.status, what.place, what.headers)


def _values(request: web.Request, name: str) -> Sequence[str]:
    return request.headers.getall(name, ())


def who_asks(exchange: Exchange, request: web.Request, door: Door | None = None) -> Caller | NoClient | Malformed:
    """The caller that a request shows: by a token, by the certificate of its connection, or by nothing. `door` None: no login."""
    authorizations = () if door is Door.SPNEGO else _values(request, "Authorization")
    token = wire.read_client_token(authorizations, _values(request, "X-Kerbauth-Client"))
    if isinstance(token, Malformed):
        return token
    return exchange.services.clients.identify(Shown(token, peer_names(request), exchange.peer), door)


def known_origin(origin: Origin, caller: Caller, request: web.Request) -> Origin:
    """The origin with who asks. Only a registered client's request goes on with its trace: anybody could have us fill up somebody's."""
    parent = wire.trace_parent(_values(request, "traceparent")) if caller.name is not None else None
    return replace(origin, client=caller.name, parent=parent)


def not_allowed(why: NoClient | Malformed, *challenge: tuple[str, str]) -> TurnedAway:
    """The refusal of a caller: 401 with the challenge where it is not known, 403 where it is, and may not ask like this."""
    if isinstance(why, Malformed):
        return malformed(why)
    notice = Notice(Severity.INFO, Reason.CLIENT_NOT_ALLOWED, why.text)
    verdict = Refused(Reason.CLIENT_NOT_ALLOWED, Stage.REQUEST, diagnostic=why.text, notices=(notice,))
    return TurnedAway(verdict, 403) if why.known else TurnedAway(verdict, 401, headers=challenge)


def _challenge(exchange: Exchange) -> Reply:
    """What a client without a token is told: that it needs one. No attempt yet, so no audit record: every browser
    starts like this.
    """
    notice = Notice(Severity.INFO, Reason.BAD_TOKEN, NO_TOKEN)
    away = TurnedAway(Refused(Reason.BAD_TOKEN, Stage.REQUEST, notices=(notice,)), 401, headers=(CHALLENGE,))
    return problem(away, exchange.voice, exchange.correlation_id)


def _unusable(fields: SsoFields | Malformed, token: bytes | NoToken | Malformed) -> TurnedAway:
    """The refusal of a single sign-on that could not be read; the query's problem first, for it needs no new ticket to
    mend.
    """
    if isinstance(fields, Malformed):
        return malformed(fields)
    if isinstance(token, Malformed):
        return malformed(token)
    if token is NoToken.TOO_LARGE:  # the next ticket of the same user is as large: no challenge
        return TurnedAway(Refused(Reason.TOKEN_TOO_LARGE, Stage.REQUEST, diagnostic="the token is over the limit"), 401)
    return TurnedAway(Refused(Reason.BAD_TOKEN, Stage.REQUEST, diagnostic="the token is not base64"), 401, headers=(CHALLENGE,))


async def body_fields(request: web.Request, limits: Limits, read: Callable[[bytes], _Fields | Malformed]) -> _Fields | Malformed:
    """What the body holds, as `read` reads it."""
    wrong_media = wire.check_media(_values(request, "Content-Type"), _values(request, "Content-Encoding"))
    if wrong_media is not None:
        return wrong_media
    body = await _body(request, limits)
    return body if isinstance(body, Malformed) else read(body)


async def _body(request: web.Request, limits: Limits) -> bytes | Malformed:
    """Read the body, within its limits of size and time: the server itself would wait for a slow one for ever."""
    too_large = Malformed(413, wire.BODY_TOO_LARGE, headers=(CLOSE,))
    if (request.content_length or 0) > limits.body_bytes:
        return too_large
    received = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            while chunk := await request.content.readany():
                received += chunk
                if len(received) > limits.body_bytes:
                    return too_large
    except (TimeoutError, web.RequestPayloadError, ConnectionError):
        return Malformed(400, wire.BODY_CUT, headers=(CLOSE,))
    return bytes(received)
