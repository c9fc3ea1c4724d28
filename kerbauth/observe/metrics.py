"""Prometheus metrics. No label ever carries a user name, an address or anything else a caller may choose freely."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

import kerbauth
from kerbauth.core.audit import AuditRecord

# Seconds. An accept takes under a millisecond, a password login some ten, a silent KDC the whole deadline.
_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Implements `ports.LoginObserver`. Each object has a registry of its own."""

    def __init__(self, realms: Iterable[str]) -> None:
        """`realms` are the configured ones: a realm that only a ticket named is counted under the empty label."""
        self._realms = frozenset(realms)
        self.registry = CollectorRegistry()
        self._logins = Counter(
            "kerbauth_logins",
            "Login attempts by door, realm, verdict and reason (empty when granted).",
            ("door", "realm", "verdict", "reason"),
            registry=self.registry,
        )
        self._stages = Histogram(
            "kerbauth_stage_seconds", "Time spent in each stage of a login.", ("stage",), buckets=_BUCKETS, registry=self.registry
        )
        self._alarms = Counter(
            "kerbauth_alarms", "Attempts an operator must look at, by reason: kdc-not-trusted, audit.", ("reason",), registry=self.registry
        )
        self._requests = Counter(
            "kerbauth_http_requests", "HTTP requests by route, method and status.", ("route", "method", "status"), registry=self.registry
        )
        build = Gauge("kerbauth_build_info", "Always 1; the label says which version runs.", ("version",), registry=self.registry)
        build.labels(kerbauth.__version__).set(1)

    def observe(self, record: AuditRecord) -> None:
        """Count one attempt."""
        realm = record.realm if record.realm in self._realms else ""
        reason = record.reason.value if record.reason else ""
        self._logins.labels(record.origin.door.value, realm, record.verdict, reason).inc()
        for stage, milliseconds in record.durations.items():
            self._stages.labels(stage).observe(milliseconds / 1000)
        if record.alarm:
            self._alarms.labels(reason).inc()

    def count_request(self, route: str, method: str, status: int) -> None:
        """Count one HTTP request. `route` is the pattern it matched, never the path a caller sent."""
        self._requests.labels(route, method, str(status)).inc()

    def render(self) -> tuple[bytes, str]:
        """The metrics in Prometheus' text format, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
