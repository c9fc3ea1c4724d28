"""What one process knows of one KDC, for those who watch."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """What is known of a KDC.

    `ANSWERS` is also where every KDC begins. `PASSED_OVER`: a request went unanswered for a while; others are asked first. `SILENT`:
    nothing came for long, or the connection was refused; no login asks it. The last two end with any answer, and probes look for one.
    """

    ANSWERS = "answers"
    PASSED_OVER = "passed-over"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class KdcState:
    """One KDC. `name` is what it was configured or found as. `active`: it is asked first.

    `latency` is a moving average in seconds, None before the first answer. `clock_offset` is the KDC's clock minus ours in seconds, as it
    was in the last answer that told the KDC's time, None before one. `since` is the beginning of the present standing, `detail` why it is
    not `ANSWERS`. Times are in UTC.
    """

    realm: str
    name: str
    address: str
    standing: Standing
    active: bool
    latency: float | None
    clock_offset: float | None
    last_answer: datetime | None
    since: datetime
    detail: str = ""

    @property
    def open(self) -> bool:
        """Whether its circuit breaker is open: no login waits for it."""
        return self.standing is Standing.SILENT

    def as_json(self) -> dict[str, object]:
        """Its members as JSON has them, but for the realm."""
        return {
            "kdc": self.name,
            "address": self.address,
            "standing": self.standing.value,
            "active": self.active,
            "latency_seconds": _rounded(self.latency),
            "clock_offset_seconds": _rounded(self.clock_offset),
            "last_answer": None if self.last_answer is None else self.last_answer.isoformat(timespec="milliseconds"),
            "since": self.since.isoformat(timespec="milliseconds"),
            "detail": self.detail,
        }


def _rounded(seconds: float | None) -> float | None:
    """To microseconds: what is measured is not more exact."""
    return None if seconds is None else round(seconds, 6)
