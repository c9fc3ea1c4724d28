"""What stands around every request: correlation id, language, the one broad handler, common header fields, counting."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from pathlib import PurePath
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from multidict import CIMultiDict

from kerbauth import correlation
from kerbauth.core.codes.model import Stage
from kerbauth.core.messages import N_
from kerbauth.core.outcome import Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.web import wire
from kerbauth.web.exchange import EXCHANGE, Exchange, Limits, Services
from kerbauth.web.handlers import CLOSE, malformed, turn_away
from kerbauth.web.reply import COMMON_HEADERS, Reply, TurnedAway, Voice, problem
from kerbauth.web.tenure import Tenure
from kerbauth.web.wire import Malformed

logger = logging.getLogger(__name__)

NOTHING_HERE: Final = N_("There is nothing at this address.")
OTHER_METHOD: Final = N_("This address does not take this method.")

ACCEPT_LANGUAGE_LIMIT: Final = 1024
"""Characters of Accept-Language that are looked at; a browser sends some fifty."""

# What is counted by name: strangers must not be able to make up new time series.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "other"


class Frame:
    """Stands around every request of one application. `tenure` holds what the next request will be handed to: assign to
    replace.
    """

    def __init__(self, services: Services, limits: Limits, new_id: Callable[[], str]) -> None:
        self.tenure = Tenure(services)
        self._limits = limits
        self._new_id = new_id

    @property
    def services(self) -> Services:
        """What the next request will be handed to."""
        return self.tenure.services

    def middleware(self) -> Middleware:
        """The middleware to give to the application: the outermost one."""

        @web.middleware
        async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
            with self.tenure as services:
                return await attended(services, request, handler)

        async def attended(services: Services, request: web.Request, handler: Handler) -> web.StreamResponse:
            exchange = self._begin(services, request)
            request[EXCHANGE] = exchange
            correlation.begin(exchange.correlation_id)
            try:
                response = await handler(request)
            except web.HTTPException as answer:  # the router's 404 and 405
                response = respond(_unrouted(answer, request, exchange), exchange.correlation_id)
            except asyncio.CancelledError:
                await _cut_short(exchange)
                raise
            except Exception as error:  # noqa: BLE001 -- the one broad handler: an unforeseen error is an answer, too, and never a grant
                response = respond(await _failed(exchange, error), exchange.correlation_id)
            if request.method == "CONNECT" or "Upgrade" in request.headers:
                response.force_close()  # declined; what follows may be the other protocol, and aiohttp drops a part of it
            resource = request.match_info.route.resource
            exchange.services.metrics.count_request(
                resource.canonical if resource else _OTHER,
                request.method if request.method in _METHODS else _OTHER,
                response.status,
            )
            return response

        return around

    def unread(self, refusal: Malformed | None, peer: str, what: str) -> web.Response:
        """The reply to what never became a request: it could not be parsed, or (`refusal` None) the server itself
        failed.

        `what` goes to the log and holds nothing that came in.
        """
        services = self.tenure.services
        exchange = Exchange(services, self._limits, self._new_id(), peer, self._voice(services, ""))
        correlation.begin(exchange.correlation_id)
        if refusal is None:
            logger.error("%s: failed outside the application, peer %s: %s", exchange.correlation_id, peer, what)
            away = TurnedAway(_internal(what), 500, headers=(CLOSE,))
        else:
            logger.warning("%s: not understood, peer %s: %s", exchange.correlation_id, peer, what)
            away = malformed(refusal)
        exchange.services.metrics.count_request(_OTHER, _OTHER, away.status)
        return respond(problem(away, exchange.voice, exchange.correlation_id), exchange.correlation_id)

    def crowded(self, peer: str) -> web.Response:
        """The reply to a connection above the limits. Nothing of it was read, so it is no attempt and leaves no audit record."""
        exchange = Exchange(self.services, self._limits, self._new_id(), peer, self._voice(self.services, ""))
        exchange.services.metrics.count_request(_OTHER, _OTHER, 503)
        away = TurnedAway(Unavailable(Reason.OVERLOADED, Stage.REQUEST), 503, headers=(CLOSE,))
        return respond(problem(away, exchange.voice, exchange.correlation_id), exchange.correlation_id)

    def _begin(self, services: Services, request: web.Request) -> Exchange:
        own_id = wire.correlation_id(request.headers.getall("X-Correlation-ID", ()))
        languages = ", ".join(request.headers.getall("Accept-Language", ()))
        peer = services.proxies.peer(request.remote or "", request.headers.getall(services.proxies.header, ()))
        return Exchange(services, self._limits, own_id or self._new_id(), peer, self._voice(services, languages))

    @staticmethod
    def _voice(services: Services, accept_language: str) -> Voice:
        readable = accept_language.isascii() and len(accept_language) <= ACCEPT_LANGUAGE_LIMIT
        return Voice(services.texts, services.texts.negotiate(accept_language if readable else ""))


def respond(reply: Reply, correlation_id: str) -> web.Response:
    """The reply as the web server's response, with the header fields that every reply has."""
    headers = CIMultiDict([("X-Correlation-ID", correlation_id), *reply.headers])
    if reply.media_type:
        headers["Content-Type"] = reply.media_type
    for name, value in COMMON_HEADERS:
        headers.setdefault(name, value)
    response = web.Response(status=reply.status, body=reply.body, headers=headers)
    if CLOSE in reply.headers:
        response.force_close()
    return response


def described(error: BaseException) -> str:
    """An exception for the log: its type and where it came from, innermost first. Not its message: that may quote the
    request.
    """
    stack = traceback.extract_tb(error.__traceback__)[-12:]
    places = (f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(stack))
    return f"{type(error).__qualname__} at {', '.join(places)}"


def _internal(diagnostic: str) -> Unavailable:
    return Unavailable(Reason.INTERNAL, Stage.REQUEST, diagnostic=diagnostic)


async def _failed(exchange: Exchange, error: Exception) -> Reply:
    what = described(error)
    logger.error("%s: unexpected error: %s", exchange.correlation_id, what)
    return await _broken_off(exchange, TurnedAway(_internal(what), 500))


async def _cut_short(exchange: Exchange) -> None:
    """The service stops before the answer is there: nobody hears one any more, but the attempt is on record."""
    await _broken_off(exchange, TurnedAway(_internal("the service was stopped before there was an answer"), 503))


async def _broken_off(exchange: Exchange, away: TurnedAway) -> Reply:
    if exchange.attempt is not None and not exchange.concluded:
        return await turn_away(exchange, exchange.attempt, away)
    return problem(away, exchange.voice, exchange.correlation_id)


def _unrouted(answer: web.HTTPException, request: web.Request, exchange: Exchange) -> Reply:
    """The router found no handler: another path (404) or another method (405)."""
    if not isinstance(answer, web.HTTPMethodNotAllowed):
        return problem(malformed(Malformed(404, NOTHING_HERE)), exchange.voice, exchange.correlation_id)
    allow = ("Allow", ", ".join(sorted({*answer.allowed_methods, "OPTIONS"})))
    if request.method == "OPTIONS":
        return Reply(204, "", b"", (allow,))
    return problem(malformed(Malformed(405, OTHER_METHOD, headers=(allow,))), exchange.voice, exchange.correlation_id)
