"""What a connection's TLS says of its peer."""

from aiohttp import web


def peer_names(request: web.Request) -> tuple[str, ...]:  # noqa: ARG001 -- no listener asks for certificates yet
    """The DNS names and URIs in the verified certificate of whoever is at the other end; none without one."""
    return ()
