"""Prometheus metrics. No label ever carries a user name, an address or anything else that a caller may choose freely."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

import kerbauth
from kerbauth.core.audit import AuditRecord
from kerbauth.core.codes.model import Stage

BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds: a name is read in microseconds, a near KDC answers in milliseconds, a silent one costs a realm's deadline."""

_STAGES: Final = frozenset(stage.value for stage in Stage)


class Metrics:
    """Implements `ports.LoginObserver`. Every object has a registry of its own and counts from nought.

    The number of series is bounded: doors, verdicts, reasons, stages and routes are closed lists, and a realm that is not among
    `realms`, the configured ones, is counted under the empty label.
    """

    def __init__(self, realms: Iterable[str]) -> None:
        self._realms = frozenset(realms)
        self._registry = CollectorRegistry()
        self._logins = Counter(
            "kerbauth_logins_total",
            "Login attempts by door, realm, verdict and reason.",
            ("door", "realm", "verdict", "reason"),
            registry=self._registry,
        )
        self._stages = Histogram(
            "kerbauth_stage_seconds",
            "Time that a login spent in a stage, in seconds.",
            ("stage", "realm"),
            buckets=BUCKETS,
            registry=self._registry,
        )
        # Without labels, so that it is there with 0 from the start and the first alarm is an increase that an alert can see.
        self._alarms = Counter("kerbauth_alarms_total", "Login attempts that an operator must look at now.", registry=self._registry)
        self._held = Counter(
            "kerbauth_throttle_held_total",
            "Attempts that were not admitted, by what stood in the way.",
            ("why",),
            registry=self._registry,
        )
        self._repeated = Counter(
            "kerbauth_throttle_repeated_total", "Wrong passwords that were known again and not put to a KDC.", registry=self._registry
        )
        self._degraded = Gauge(
            "kerbauth_throttle_degraded", "1 while a store of the throttle cannot be used and another counts.", registry=self._registry
        )
        self._requests = Counter(
            "kerbauth_http_requests_total",
            "HTTP requests by route, method and status.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        build = Gauge("kerbauth_build_info", "1; the version is in the label.", ("version",), registry=self._registry)
        build.labels(kerbauth.__version__).set(1)
        ProcessCollector(registry=self._registry)

    def know_realms(self, realms: Iterable[str]) -> None:
        """Take `realms` for the configured ones from now on (a reload); what was counted stays."""
        self._realms = frozenset(realms)

    def observe(self, record: AuditRecord) -> None:
        """Count one attempt."""
        realm = record.realm if record.realm is not None and record.realm in self._realms else ""
        reason = record.reason.value if record.reason is not None else ""
        self._logins.labels(record.origin.door.value, realm, record.verdict, reason).inc()
        for stage, milliseconds in record.durations.items():
            if stage in _STAGES:
                self._stages.labels(stage, realm).observe(milliseconds / 1000)
        if record.alarm:
            self._alarms.inc()

    def held(self, why: str) -> None:
        """Count an attempt that the throttle did not admit: `account`, `pause`, `source` or `overall`."""
        self._held.labels(why).inc()

    def repeated(self) -> None:
        """Count a wrong password that was known again."""
        self._repeated.inc()

    def degraded(self, *, degraded: bool) -> None:
        """Note whether the throttle counts in another store than the first."""
        self._degraded.set(int(degraded))

    def count_request(self, route: str, method: str, status: int) -> None:
        """Count one HTTP request. `route` is the pattern that matched, never the path that was sent; `method` one of a closed list."""
        self._requests.labels(route, method, str(status)).inc()

    def render(self) -> tuple[bytes, str]:
        """The metrics in Prometheus' text format 0.0.4, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4
