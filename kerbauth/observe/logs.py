"""The log: one line per entry, as text or as JSON, whatever a name in it holds."""

import json
import logging
import re
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from kerbauth import correlation
from kerbauth.core.audit import Action, AuditRecord
from kerbauth.core.text import is_control
from kerbauth.observe.flood import Flood, Kind

LOGIN_LOGGER: Final = "kerbauth.login"
"""The logger of `LoginLog`'s lines."""

ANCHOR_LOGGER: Final = "kerbauth.audit"
"""The logger of the audit file's anchors and of what happened to it."""

NOISY: Final = ("aiohttp", "asyncio", "opentelemetry", "urllib3", "valkey", "limits")
"""Libraries that are heard from WARNING on, even where we ask ourselves for more: the rest is about sockets, and may quote what came."""

# Loggers whose lines are never left out: one per attempt, which is audited as well; and the anchors of the audit.
_UNLIMITED: Final = frozenset({LOGIN_LOGGER, ANCHOR_LOGGER})
# What needs no quotes in a field. Blanks, quotes and `=` do: a user name must not look like a field of its own.
_PLAIN: Final = re.compile(r"[\w.@/:+,()-]+")
_log: Final = logging.getLogger(LOGIN_LOGGER)


def log_event(logger: logging.Logger, level: int, message: str, members: Mapping[str, Any], line: str | None = None) -> None:
    """Log a message with members: in JSON members of their own, on a console `name=value` behind the message, or `line` instead of all."""
    logger.log(level, "%s", message, extra={"members": members, "line": line})


class OneLineFormatter(logging.Formatter):
    r"""UTC time, level, logger and message on one line; a traceback stands on the same line.

    Control characters, line breaks and bidi formatting are written as escapes (`\n`, `\x1b`, `\u202e`), so that a hostile name can
    neither begin a line nor change how one is read.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = super().format(record)
        if line.isprintable():
            return line
        return "".join(_escaped(character) if is_control(character) else character for character in line)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's own name
        """Time, level, logger, message, its fields, and the request's correlation id if none of them has it."""
        text = getattr(record, "line", None) or " ".join([record.message, *_console_fields(_members(record))])
        request = correlation.current()
        if request and request not in text:
            text = f"{text} correlation_id={request}"
        return f"{_time(record)} {record.levelname} {record.name}: {text}"


class JsonFormatter(logging.Formatter):
    """A JSON object in ASCII on one line: time, level, logger, message, correlation_id in a request, then the entry's own members."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        entry: dict[str, Any] = {"time": _time(record), "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        request = correlation.current()
        if request:
            entry["correlation_id"] = request
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        entry |= {name: value for name, value in _members(record).items() if name not in entry and value not in (None, "", [])}
        return json.dumps(entry, ensure_ascii=True, default=str)


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, to be told from others' when logging is configured again. Leaves out floods."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._flood = Flood()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the entry, unless it is one too many of its kind; and what has to be said about those."""
        now = time.monotonic()
        for kind, left_out in self._flood.ended(now):
            super().emit(self._left_out(kind, left_out))
        limited = logging.DEBUG < record.levelno < logging.CRITICAL and record.name not in _UNLIMITED
        if not limited or self._flood.admit(Kind(record.name, str(record.msg)), now):
            super().emit(record)

    def _left_out(self, kind: Kind, count: int) -> logging.LogRecord:
        text = f"{count} more lines like this were left out within {self._flood.seconds:g} seconds"
        entry = logging.LogRecord(kind.logger, logging.WARNING, "", 0, "%s", (text,), None)
        entry.members = {"left_out": count, "template": kind.template}
        return entry


def configure_logging(level: str, stream: TextIO | None = None, *, form: str = "console") -> None:
    """Log entries from `level` (debug, info, warning, error) on to `stream`, by default standard error, as `console` or `json`.

    Replaces what an earlier call configured and leaves other handlers alone. Raises ValueError for another level or form.
    """
    formatter = {"console": OneLineFormatter, "json": JsonFormatter}.get(form)
    if formatter is None:
        msg = f"no such form of the log: {form!r}; there are console and json"
        raise ValueError(msg)
    handler = _Handler(stream if stream is not None else sys.stderr)
    handler.setFormatter(formatter())
    root = logging.getLogger()
    root.setLevel(level.upper())
    for earlier in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def announce(
    logger: logging.Logger,
    version: str,
    *,
    doors: Sequence[str],
    workers: int,
    realms: Mapping[str, str],
    permissions: str,
    libraries: Mapping[str, str],
    warnings: Sequence[str],
) -> None:
    """Say in one line what starts: version, doors, workers, realms with their kinds, permission adapter, libraries, everything unsafe.

    Each warning is also an entry of its own at WARNING, for those who read from there on only.
    """
    members = {
        "version": version,
        "doors": list(doors),
        "workers": workers,
        "realms": dict(realms),
        "permissions": permissions,
        "libraries": dict(libraries),
        "warnings": list(warnings),
    }
    kinds = ", ".join(f"{name} ({kind})" for name, kind in realms.items())
    versions = ", ".join(f"{name} {each}" for name, each in libraries.items())
    line = f"kerbauth {version} on {', '.join(doors)}; workers: {workers}; realms: {kinds}; permissions: {permissions}; {versions}"
    log_event(logger, logging.INFO, f"kerbauth {version} starts", members, "; ".join([line, *(f"unsafe: {each}" for each in warnings)]))
    for warning in warnings:
        logger.warning("%s", warning)


_PREFIX: Final = {Action.LOGIN: "", Action.PASSWORD_CHANGE: "password change: "}


class LoginLog:
    """Implements `ports.LoginObserver`: one line per attempt. Codes and diagnostics go here; the user reads the description."""

    def observe(self, record: AuditRecord) -> None:
        """Log one attempt: at INFO; at WARNING if we could not find out; at CRITICAL, and with the word ALARM, if it is an alarm."""
        level = logging.WARNING if record.verdict == "unavailable" else logging.INFO
        alarm = ""
        if record.alarm:
            level, alarm = logging.CRITICAL, "ALARM "
        log_event(_log, level, f"{alarm}{_PREFIX[record.action]}{record.verdict}", _fields(record))


def _fields(record: AuditRecord) -> dict[str, Any]:
    """What is said of an attempt, in order; what is empty is left out."""
    return {
        "correlation_id": record.origin.correlation_id,
        "door": record.origin.door.value,
        "peer": record.origin.peer,
        "client": record.origin.client,
        "realm": record.realm,
        "principal": record.principal,
        "principal_hash": record.principal_hash,
        "user": record.user,
        "application": record.application,
        "reason": record.reason.value if record.reason is not None else None,
        "stage": record.stage.value if record.stage is not None else None,
        "codes": [str(code) for code in record.codes],
        "ms": round(float(sum(record.durations.values())), 1),
        "diagnostic": record.diagnostic,
    }


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _members(record: logging.LogRecord) -> Mapping[str, Any]:
    return getattr(record, "members", None) or {}


def _console_fields(members: Mapping[str, Any]) -> list[str]:
    texts = {name: ",".join(value) if isinstance(value, list) else value for name, value in members.items()}
    return [f"{name}={_field(str(text))}" for name, text in texts.items() if text not in (None, "")]


def _field(value: str) -> str:
    """A value as it is, or as a JSON string where it could be taken for something else."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
