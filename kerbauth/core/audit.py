"""The audit record: one per attempt to log in or to change a password, whatever became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kerbauth.core.codes.model import Code, Stage
from kerbauth.core.reasons import Reason
from kerbauth.core.traceparent import TraceParent


class Door(StrEnum):
    """The front end through which an attempt came."""

    HTTP = "http"
    SPNEGO = "spnego"
    CLI = "cli"


class Action(StrEnum):
    """What was attempted: the `kind` of an audit line."""

    LOGIN = "login"
    PASSWORD_CHANGE = "password-change"  # noqa: S105 -- no password


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an attempt came from: the door, the peer's address, the named client (if any), and the attempt's correlation id.

    `parent` is the trace that a named client says it belongs to: for traces, not for the record.
    """

    correlation_id: str
    door: Door
    peer: str = ""
    client: str | None = None
    parent: TraceParent | None = None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What is kept of one attempt: names, verdict, codes and durations; never a password, key or ticket.

    `time` is UTC, ISO 8601 with milliseconds. `principal` is the proved principal once there is one, before that the one asked for, if it
    is known to exist; any other name is in `principal_hash` only. `durations` are milliseconds by stage.
    """

    time: str
    origin: Origin
    verdict: str
    reason: Reason | None
    stage: Stage | None
    principal: str | None = None
    realm: str | None = None
    user: str | None = None
    application: str | None = None
    tenant: str | None = None
    codes: tuple[Code, ...] = ()
    diagnostic: str = ""
    alarm: bool = False
    durations: Mapping[str, float] = field(default_factory=dict)
    principal_hash: str | None = None
    action: Action = Action.LOGIN

    def as_json(self) -> dict[str, Any]:
        """The record as the JSON object that is written, with every field present, in a fixed order. `action` is not in it, but the
        line's kind.
        """
        return {
            "time": self.time,
            "correlation_id": self.origin.correlation_id,
            "door": self.origin.door.value,
            "peer": self.origin.peer,
            "client": self.origin.client,
            "principal": self.principal,
            "principal_hash": self.principal_hash,
            "realm": self.realm,
            "user": self.user,
            "application": self.application,
            "tenant": self.tenant,
            "verdict": self.verdict,
            "reason": self.reason.value if self.reason else None,
            "stage": self.stage.value if self.stage else None,
            "codes": [str(code) for code in self.codes],
            "diagnostic": self.diagnostic,
            "alarm": self.alarm,
            "duration_ms": {stage: round(milliseconds, 3) for stage, milliseconds in self.durations.items()},
        }
