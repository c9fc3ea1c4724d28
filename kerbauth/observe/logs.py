"""The log: one line per entry, whatever a name in it holds."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Final, TextIO

from kerbauth.core.audit import AuditRecord
from kerbauth.core.text import is_control

LOGIN_LOGGER: Final = "kerbauth.login"
"""The logger of `LoginLog`'s lines."""

# What needs no quotes in a field. Blanks, quotes and `=` do: a user name must not look like a field of its own.
_PLAIN: Final = re.compile(r"[\w.@/:+,()-]+")
_log: Final = logging.getLogger(LOGIN_LOGGER)


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
        """Time, level, logger and message."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return f"{time} {record.levelname} {record.name}: {record.message}"


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, to be told from others' when logging is configured again."""


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Log entries from `level` (debug, info, warning, error) on to `stream`, by default standard error.

    Replaces what an earlier call configured and leaves other handlers alone. Raises ValueError for another level.
    """
    handler = _Handler(stream if stream is not None else sys.stderr)
    handler.setFormatter(OneLineFormatter())
    root = logging.getLogger()
    root.setLevel(level.upper())
    for earlier in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(earlier)
    root.addHandler(handler)


class LoginLog:
    """Implements `ports.LoginObserver`: one line per attempt. Codes and diagnostics go here; the user reads the description."""

    def observe(self, record: AuditRecord) -> None:
        """Log one attempt: at INFO; at WARNING if we could not find out; at CRITICAL, and with the word ALARM, if it is an alarm."""
        level = logging.WARNING if record.verdict == "unavailable" else logging.INFO
        alarm = ""
        if record.alarm:
            level, alarm = logging.CRITICAL, "ALARM "
        fields = " ".join(f"{name}={_field(value)}" for name, value in _fields(record).items() if value)
        _log.log(level, "%s%s %s", alarm, record.verdict, fields)


def _fields(record: AuditRecord) -> dict[str, str | None]:
    """What is said of an attempt, in order; what is empty is left out."""
    return {
        "correlation_id": record.origin.correlation_id,
        "door": record.origin.door.value,
        "peer": record.origin.peer,
        "client": record.origin.client,
        "realm": record.realm,
        "principal": record.principal,
        "user": record.user,
        "application": record.application,
        "reason": record.reason.value if record.reason is not None else None,
        "stage": record.stage.value if record.stage is not None else None,
        "codes": ",".join(map(str, record.codes)),
        "ms": f"{sum(record.durations.values()):.1f}",
        "diagnostic": record.diagnostic,
    }


def _field(value: str) -> str:
    """A value as it is, or as a JSON string where it could be taken for something else."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
