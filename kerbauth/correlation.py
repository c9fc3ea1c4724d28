"""The correlation id of the request that is being worked on, for whatever is logged on its way."""

from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("correlation_id", default="")


def begin(correlation_id: str) -> None:
    """What this task logs from now on belongs to the request with this id, until it begins the next one."""
    _current.set(correlation_id)


def current() -> str:
    """The id of the request that this task works on; empty if it never began one."""
    return _current.get()
