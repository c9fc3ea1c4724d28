"""Changing a password: parse, ask the use case, answer."""

from dataclasses import replace

from aiohttp import web

from kerbauth.attempt import Caller, PasswordChange
from kerbauth.core.audit import Door, Origin
from kerbauth.core.secret import Secret
from kerbauth.web.body import read_change
from kerbauth.web.clients import ANONYMOUS
from kerbauth.web.exchange import Exchange
from kerbauth.web.handlers import BEARER, body_fields, known_origin, malformed, not_allowed, turn_away, who_asks
from kerbauth.web.reply import Reply, change_reply
from kerbauth.web.wire import Malformed


async def change(exchange: Exchange, request: web.Request) -> Reply:
    """POST /v1/password: a user name, the password of now and the one that is to be."""
    origin = Origin(exchange.correlation_id, Door.HTTP, exchange.peer)
    attempt = PasswordChange(origin, ANONYMOUS, "", Secret(b""), Secret(b""), recorded=exchange.conclude)
    exchange.attempt = attempt
    # 1 who asks
    caller = who_asks(exchange, request, Door.HTTP)
    if not isinstance(caller, Caller):
        return await turn_away(exchange, attempt, not_allowed(caller, BEARER))
    attempt = replace(attempt, origin=known_origin(attempt.origin, caller, request), caller=caller)
    exchange.attempt = attempt
    # 2 what they ask
    fields = await body_fields(request, exchange.limits, read_change)
    if isinstance(fields, Malformed):
        return await turn_away(exchange, attempt, malformed(fields))
    attempt = replace(attempt, username=fields.username, password=fields.old_password, new_password=fields.new_password)
    exchange.attempt = attempt
    # 3 the answer
    return change_reply(await exchange.services.passwords.change(attempt), exchange.voice)
