"""The application: its routes, and how its services are replaced."""

import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from kerbauth.web import handlers, operations, passwords
from kerbauth.web.exchange import EXCHANGE, Exchange, Limits, Services
from kerbauth.web.frame import Frame, respond
from kerbauth.web.reply import Reply
from kerbauth.web.tenure import Tenure


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path. `operators` marks what only this machine and clients with `operations` may ask for."""

    method: str
    path: str
    handler: Callable[[Exchange, web.Request], Awaitable[Reply]]
    operators: bool = False


ROUTES: Final = (
    Route("POST", "/v1/login", handlers.login),
    Route("POST", "/v1/password", passwords.change),
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


def make_app(
    services: Services, *, limits: Limits = DEFAULT_LIMITS, new_id: Callable[[], str] = fresh_id, operations_apart: bool = False
) -> web.Application:
    """The application over these services. `new_id` makes correlation ids.

    With `operations_apart` it leaves the operators' pages to `make_operations_app`.
    """
    routes = (route for route in ROUTES if not (operations_apart and route.operators))
    return _app(Frame(services, limits, new_id), limits, ((route, _guarded(route)) for route in routes))


def make_operations_app(app: web.Application, *, limits: Limits = DEFAULT_LIMITS) -> web.Application:
    """The operators' pages of an application, and its sign of life, for a listener of their own: they answer everybody who reaches it.

    Both have the same services, also after `replace_services` of one.
    """
    routes = (route for route in ROUTES if route.operators or route.path == "/healthz")
    return _app(app[FRAME], limits, ((route, _open(route)) for route in routes))


def replace_services(app: web.Application, services: Services) -> Tenure:
    """Hand every request from now on to other services (a reload); those under way end with the ones they began with.

    What is returned tells when the last of them has ended.
    """
    before = app[FRAME].tenure
    app[FRAME].tenure = Tenure(services)
    return before


async def idle(app: web.Application) -> None:
    """Return when no request is under way with the services of now."""
    await app[FRAME].tenure.idle()


def _app(frame: Frame, limits: Limits, routes: Iterable[tuple[Route, Handler]]) -> web.Application:
    app = web.Application(middlewares=(frame.middleware(),), client_max_size=limits.body_bytes)
    app[FRAME] = frame
    for route, handler in routes:
        if route.method == "GET":
            app.router.add_get(route.path, handler)  # HEAD goes along with GET (RFC 9110 9.3.2)
        else:
            app.router.add_route(route.method, route.path, handler)
    return app


def _guarded(route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        exchange = request[EXCHANGE]
        refused = operations.kept_out(exchange, request) if route.operators else None
        return respond(refused or await route.handler(exchange, request), exchange.correlation_id)

    return handle


def _open(route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        exchange = request[EXCHANGE]
        return respond(await route.handler(exchange, request), exchange.correlation_id)

    return handle
