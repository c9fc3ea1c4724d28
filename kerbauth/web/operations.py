"""What an operator or a monitoring system asks: is it alive, is it ready, how much does it do, what can it do."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

from aiohttp import web

from kerbauth.attempt import Caller
from kerbauth.core.addresses import read_address
from kerbauth.core.codes.model import Stage
from kerbauth.core.messages import N_
from kerbauth.core.outcome import Notice, Refused, Severity
from kerbauth.core.reasons import Reason
from kerbauth.ports import RealmState
from kerbauth.web.clients import NoClient
from kerbauth.web.exchange import Exchange
from kerbauth.web.handlers import malformed, who_asks
from kerbauth.web.openapi import document
from kerbauth.web.page import STYLE_HASH, render
from kerbauth.web.reply import RETRY_AFTER, Reply, TurnedAway, json_reply, problem
from kerbauth.web.wire import Malformed

OPERATORS_ONLY: Final = N_("Only the machine itself and clients with operations = true may ask for this.")

# A request that came through a proxy on this machine has a loopback peer, and is not from this machine for all that.
_PROXY_FIELDS: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")

_T = TypeVar("_T")


async def healthz(exchange: Exchange, request: web.Request) -> Reply:
    """GET /healthz: the process lives and its event loop turns. Asks nobody anything."""
    return json_reply(200, {"status": "ok"})


async def readyz(exchange: Exchange, request: web.Request) -> Reply:
    """GET /readyz: whether a login can be answered: at least one realm works, and so does the permission source."""
    seconds, services = exchange.limits.readiness_seconds, exchange.services
    realms, problem_found = await asyncio.gather(_within(seconds, services.realm_states()), _within(seconds, services.permission_problem()))
    states: Sequence[RealmState] = realms or ()  # none: not known in time
    permissions = f"no answer within {seconds:g} seconds" if problem_found is None else problem_found
    ready = any(state.ready for state in states) and not permissions
    body = {
        "ready": ready,
        "realms": [
            {"realm": state.realm, "ready": state.ready, "problem": state.problem, "kdcs": [kdc.as_json() for kdc in state.kdcs]}
            for state in states
        ],
        "permissions": {"ready": not permissions, "problem": permissions},
    }
    return json_reply(200, body) if ready else json_reply(503, body, (("Retry-After", str(RETRY_AFTER)),))


async def metrics(exchange: Exchange, request: web.Request) -> Reply:
    """GET /metrics: counters and histograms in Prometheus' text format."""
    body, content_type = exchange.services.metrics.render()
    return Reply(200, content_type, body)


async def openapi(exchange: Exchange, request: web.Request) -> Reply:
    """GET /openapi.json: this interface as an OpenAPI 3.1 document."""
    return json_reply(200, document())


async def docs(exchange: Exchange, request: web.Request) -> Reply:
    """GET /docs: the same document, readable: one page without scripts and without anything from elsewhere."""
    policy = f"default-src 'none'; style-src '{STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    headers = (("Content-Security-Policy", policy), ("Content-Language", "en"))
    return Reply(200, "text/html; charset=utf-8", render(document()).encode("utf-8"), headers)


def kept_out(exchange: Exchange, request: web.Request) -> Reply | None:
    """The refusal of a peer that is neither this machine nor a client that may ask for operators' pages; None for those."""
    caller = who_asks(exchange, request)
    if isinstance(caller, Malformed):
        return problem(malformed(caller), exchange.voice, exchange.correlation_id)
    if isinstance(caller, Caller) and caller.operations:
        return None
    known = isinstance(caller, Caller) or caller is NoClient.MISSING  # who shows nothing is known by being here
    if known and is_local(exchange.peer) and not any(field in request.headers for field in _PROXY_FIELDS):
        return None
    notice = Notice(Severity.INFO, Reason.CLIENT_NOT_ALLOWED, OPERATORS_ONLY)
    away = TurnedAway(Refused(Reason.CLIENT_NOT_ALLOWED, Stage.REQUEST, notices=(notice,)), 403)
    return problem(away, exchange.voice, exchange.correlation_id)


def is_local(peer: str) -> bool:
    """Whether an address is this machine's own loopback, in IPv4, IPv6 or IPv4 written as IPv6 (RFC 4291 2.5.5.2)."""
    address = read_address(peer)
    return address is not None and address.is_loopback


async def _within(seconds: float, asked: Awaitable[_T]) -> _T | None:
    """The answer, or None if it does not come in time."""
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError:
        return None
