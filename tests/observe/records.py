"""Audit records for tests, and metrics that have counted everything there is."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kerbauth.core.audit import Action, AuditRecord, Door, Origin
from kerbauth.core.codes.model import Code, Family, Stage
from kerbauth.core.kdc_state import KdcState, Standing
from kerbauth.core.reasons import Reason
from kerbauth.observe.metrics import Metrics
from kerbauth.ports import RealmState

ORIGIN = Origin("0123456789abcdef", Door.HTTP, "192.0.2.7", "gax")
TIME = "2026-01-01T00:00:00.000+00:00"


def granted(**changes: Any) -> AuditRecord:
    fields: dict[str, Any] = {
        "time": TIME,
        "origin": ORIGIN,
        "verdict": "granted",
        "reason": None,
        "stage": None,
        "principal": "alice@CORP.EXAMPLE",
        "realm": "CORP.EXAMPLE",
        "user": "alice",
        "application": "desktop",
        "durations": {"as": 12.5, "permission": 1.25},
    }
    return AuditRecord(**{**fields, **changes})


def refused(**changes: Any) -> AuditRecord:
    fields = {
        "verdict": "refused",
        "reason": Reason.BAD_CREDENTIALS,
        "stage": Stage.AS,
        "codes": (Code(Family.KRB5, -1765328360),),
        "user": None,
        "diagnostic": "Preauthentication failed",
    }
    return granted(**{**fields, **changes})


def changed(**changes: Any) -> AuditRecord:
    fields = {"action": Action.PASSWORD_CHANGE, "verdict": "changed", "user": None, "application": None}
    return granted(**{**fields, **changes})


def unavailable(**changes: Any) -> AuditRecord:
    fields = {"verdict": "unavailable", "reason": Reason.KDC_NOT_TRUSTED, "stage": Stage.VERIFY, "alarm": True}
    return refused(**{**fields, **changes})


def kdc_state(name: str = "dc1.corp.example", **changes: Any) -> KdcState:
    answered = datetime(2026, 1, 1, tzinfo=UTC)
    state = KdcState("CORP.EXAMPLE", name, "192.0.2.1:88", Standing.ANSWERS, True, 0.002, -0.35, answered, answered)
    return replace(state, **changes)


def use(metrics: Metrics) -> None:
    """Have something of everything counted, so that every series there can be is there."""
    for record in (granted(), refused(), unavailable(), changed()):
        metrics.observe(record)
    metrics.count_request("/v1/login", "POST", 200)
    metrics.count_ended("limit")
    metrics.realm_states([RealmState("CORP.EXAMPLE", ready=True)])
    metrics.kdc_states([kdc_state()])
    metrics.throttle_held("account")
    metrics.throttle_repeated()
    metrics.count_binding(bound=True)
    metrics.throttle_degraded(False)
    metrics.failure_rate_alarm(False)
    metrics.reloaded(True)
