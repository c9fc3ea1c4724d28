"""The application log: one line per record, whatever a name in it holds."""

import logging
import sys
import time
from typing import Final, TextIO

from kerbauth.core.audit import AuditRecord
from kerbauth.core.text import is_control

_log: Final = logging.getLogger("kerbauth.login")

LEVELS: Final = ("debug", "info", "warning", "error")


class OneLineFormatter(logging.Formatter):
    """UTC time, level, logger, message; every control character and line break (but those of a traceback) shown as its escape."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)-8s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's own name
        """The line without a traceback, escaped."""
        line = super().formatMessage(record)
        return "".join(character.encode("unicode_escape").decode() if is_control(character) else character for character in line)


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Log to standard error (or `stream`) from `level` on. Replaces what was configured before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(OneLineFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class LoginLog:
    """Implements `ports.LoginObserver`: one line per attempt. The codes go here; the user reads the description."""

    def observe(self, record: AuditRecord) -> None:
        """Log one attempt: INFO, WARNING for unavailable, CRITICAL for an alarm."""
        if record.alarm:
            level = logging.CRITICAL
        elif record.verdict == "unavailable":
            level = logging.WARNING
        else:
            level = logging.INFO
        _log.log(
            level,
            "%s%s door=%s realm=%s principal=%s user=%s application=%s reason=%s stage=%s codes=%s correlation_id=%s%s",
            "ALARM " if record.alarm else "",
            record.verdict,
            record.origin.door.value,
            record.realm or "-",
            record.principal or "-",
            record.user or "-",
            record.application or "-",
            record.reason.value if record.reason else "-",
            record.stage.value if record.stage else "-",
            ",".join(str(code) for code in record.codes) or "-",
            record.origin.correlation_id,
            f": {record.diagnostic}" if record.diagnostic else "",
        )
