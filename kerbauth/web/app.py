"""The application: its routes, and how its services are replaced."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from kerbauth.web import handlers, operations
from kerbauth.web.exchange import EXCHANGE, Exchange, Limits, Services
from kerbauth.web.frame import Frame, respond
from kerbauth.web.reply import Reply


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path. `operators` marks what only this machine and registered clients may ask for."""

    method: str
    path: str
    handler: Callable[[Exchange, web.Request], Awaitable[Reply]]
    operators: bool = False


ROUTES: Final = (
    Route("POST", "/v1/login", handlers.login),
    Route("GET", "/v1/sso", handlers.sso),
    Route("POST", "/v1/sso", handlers.sso),
    Route("GET", "/healthz", operations.healthz),
    Route("GET", "/readyz", operations.readyz, operators=True),
    Route("GET", "/metrics", operations.metrics, operators=True),
    Route("GET", "/openapi.json", operations.openapi),
    Route("GET", "/docs", operations.docs, operators=True),
)

DEFAULT_LIMITS: Final = Limits()

FRAME: Final = web.AppKey("FRAME", Frame)


def fresh_id() -> str:
    """A new correlation id: 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def make_app(services: Services, *, limits: Limits = DEFAULT_LIMITS, new_id: Callable[[], str] = fresh_id) -> web.Application:
    """The application over these services. `new_id` makes correlation ids."""
    frame = Frame(services, limits, new_id)
    app = web.Application(middlewares=(frame.middleware(),), client_max_size=limits.body_bytes)
    app[FRAME] = frame
    for route in ROUTES:
        if route.method == "GET":
            app.router.add_get(route.path, _adapted(route))  # HEAD goes along with GET (RFC 9110 9.3.2)
        else:
            app.router.add_route(route.method, route.path, _adapted(route))
    return app


def replace_services(app: web.Application, services: Services) -> None:
    """Hand every request from now on to other services (a reload); those under way end with the ones they began with."""
    app[FRAME].services = services


def _adapted(route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        exchange = request[EXCHANGE]
        refused = operations.kept_out(exchange, request) if route.operators else None
        return respond(refused or await route.handler(exchange, request), exchange.correlation_id)

    return handle
