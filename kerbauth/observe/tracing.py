"""Switching on traces. OpenTelemetry is imported here and only if it is asked for: it is an extra, and adds 10 MB to a process."""

import importlib
from collections.abc import Iterable
from types import ModuleType
from typing import Protocol

from kerbauth.core.audit import AuditRecord
from kerbauth.settings.tracing import TracingSettings


class TracingError(Exception):
    """Traces are asked for and cannot be had. The message says what to do."""


class Tracing(Protocol):
    """What makes spans of attempts: a `ports.LoginObserver` that has to be closed."""

    def know_realms(self, realms: Iterable[str]) -> None:
        """Take `realms` for the configured ones from now on (a reload)."""
        ...

    def observe(self, record: AuditRecord) -> None:
        """Make a span of one attempt."""
        ...

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        ...


def check_tracing(settings: TracingSettings) -> None:
    """Raise TracingError if traces are asked for and their packages are not there."""
    if settings.enabled:
        _spans()


def open_tracing(settings: TracingSettings, realms: Iterable[str]) -> Tracing | None:
    """What makes spans, or None if it is not enabled. Starts a thread: call it after the fork. Raises TracingError."""
    if not settings.enabled:
        return None
    tracing: Tracing = _spans().LoginSpans.exporting(settings, realms)
    return tracing


def _spans() -> ModuleType:
    try:
        return importlib.import_module("kerbauth.observe.spans")
    except ImportError as error:
        msg = f"tracing.enabled = true, but {error.name} is not installed; pip install 'kerbauth[tracing]', or take the setting out"
        raise TracingError(msg) from error
