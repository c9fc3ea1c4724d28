"""Prometheus metrics. No label ever carries a user name, a caller's address or anything else that a caller may choose freely."""

import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

import kerbauth
from kerbauth.core.audit import Action, AuditRecord
from kerbauth.core.codes.model import Stage
from kerbauth.core.failure_rate import Totals
from kerbauth.core.kdc_state import KdcState
from kerbauth.core.reasons import Reason
from kerbauth.observe import shared
from kerbauth.observe.kdc_views import KdcViews
from kerbauth.observe.shared import SharedValues, SumOfWorkers
from kerbauth.ports import RealmState

BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds: a name is read in microseconds, a near KDC answers in milliseconds, a silent one costs a realm's deadline."""

_STAGES: Final = frozenset(stage.value for stage in Stage)
_LOGINS: Final = "kerbauth_logins_total"
_CHANGES: Final = "kerbauth_password_changes_total"
_RATE_ALARM: Final = "kerbauth_failure_rate_alarm"
_CPU: Final = "process_cpu_seconds"
_GAUGES: Final = ("process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds", "process_max_fds")
_START: Final = "process_start_time_seconds"


class Metrics:
    """Implements `ports.LoginObserver`. Without a folder every object counts by itself, from nought.

    With `folder` the counts of all workers of a service are kept there and told as one, whichever worker is asked. Then make one per
    process, after the fork: `slot` is the worker's number, which its successor takes over. Raises OSError if the folder cannot be used.

    The number of series is bounded: doors, verdicts, reasons, stages and routes are closed lists, workers are numbered, a realm that is
    not among `realms`, the configured ones, is counted under the empty label, and KDCs that have gone disappear. `know_realms` replaces the
    realms.
    """

    def __init__(self, realms: Iterable[str], folder: Path | None = None, slot: int = 0) -> None:
        self._realms = frozenset(realms)
        self._worker = str(slot)
        # The library's series on when each series began say nothing here that a counter's own reset does not, and the sum over
        # workers cannot have them. It is a switch of the whole library.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # without types
        self._registry = CollectorRegistry()
        self._counts = self._registry
        self._target: CollectorRegistry | None = self._registry  # where a new metric is registered
        self._kdcs = KdcViews(None, self._worker)
        if folder is not None:
            self._shared = SharedValues(folder, slot)
            self._kdcs = KdcViews(folder, self._shared.identifier)
            self._registry.register(SumOfWorkers(folder))
            self._counts = CollectorRegistry()
            self._counts.register(SumOfWorkers(folder, "counter"))
            self._target = None
        self._registry.register(self._kdcs)
        self._declare()
        self._declare_process()
        self.measure()

    @staticmethod
    def prepare(folder: Path) -> None:
        """Make the folder of a service's workers, or empty it of an earlier run's counts. Before the first worker. Raises OSError."""
        shared.prepare(folder)

    def know_realms(self, realms: Iterable[str]) -> None:
        """Take `realms` for the configured ones from now on (a reload); what was counted stays."""
        now = frozenset(realms)
        for gone in self._realms - now:
            self._realm_ready.labels(gone).set(math.nan)  # not "not ready": a realm that was taken out is no alarm
        self._realms = now

    def _declare(self) -> None:
        """Every metric of logins and of the service; each has a row in docs/reference/metrics.md."""
        self._logins = self._counter(_LOGINS, "Login attempts by door, realm, verdict and reason.", "door", "realm", "verdict", "reason")
        self._changes = self._counter(_CHANGES, "Attempts to change a password by realm, verdict, reason.", "realm", "verdict", "reason")
        self._stages = Histogram(
            "kerbauth_stage_seconds",
            "Time that an attempt spent in a stage, in seconds.",
            ("stage", "realm"),
            buckets=BUCKETS,
            registry=self._target,
        )
        # Counters that alerts watch are there with 0 from the start: the first event must be an increase.
        self._alarms = self._counter("kerbauth_alarms_total", "Attempts that an operator must look at now.")
        self._audit_failures = self._counter("kerbauth_audit_failures_total", "Attempts whose audit record could not be written.")
        self._requests = self._counter(
            "kerbauth_http_requests_total", "HTTP requests by route, method and status.", "route", "method", "status"
        )
        self._ended = self._counter(
            "kerbauth_http_connections_ended_total", "HTTP connections that were refused above a limit, or cut.", "cause"
        )
        self._bindings = self._counter("kerbauth_channel_bindings_total", "Accepted tokens by whether they were bound.", "bound")
        self._rate_alarm = self._gauge(_RATE_ALARM, "1 while too many logins fail.")
        self._rate_alarms = self._counter("kerbauth_failure_rate_alarms_total", "How often too many logins began to fail.")
        self._realm_ready = self._gauge("kerbauth_realm_ready", "1 if the realm's KDC answered when it was asked last.", "realm")
        self._throttle_held = self._counter(
            "kerbauth_throttle_held_total", "Attempts that were not admitted, by what stood in the way.", "why"
        )
        self._throttle_repeated = self._counter("kerbauth_throttle_repeated_total", "Wrong passwords that were known again.")
        self._throttle_degraded = self._gauge("kerbauth_throttle_degraded", "1 while a store of the throttle is away.", "worker")
        self._reloads = self._counter("kerbauth_reloads_total", "Reloads of the configuration by result, in each worker.", "result")
        for result in ("ok", "refused"):
            self._reloads.labels(result)
        self._reload_fine = self._gauge("kerbauth_config_last_reload_successful", "0 after a reload that was refused.")
        self._reload_fine.set(1)
        self._reloaded = self._gauge(
            "kerbauth_config_last_reload_success_timestamp_seconds", "When the configuration in use was read, in seconds since 1970."
        )
        self._reloaded.set(time.time())

    def _declare_process(self) -> None:
        self._gauge("kerbauth_build_info", "1; the version is in the label.", "version").labels(kerbauth.__version__).set(1)
        self._counter("kerbauth_worker_starts_total", "Starts of a worker process.", "worker").labels(self._worker).inc()
        # ProcessCollector cannot speak for other workers, but reads our own numbers; the names are its, the label is added.
        self._process = ProcessCollector(registry=None)
        self._cpu_counted = 0.0
        self._cpu = self._counter(f"{_CPU}_total", "Processor time of a worker and its predecessors, in seconds.", "worker")
        helps = {family.name: family.documentation for family in self._process.collect()}
        self._measured = {name: self._gauge(name, text, "worker") for name, text in helps.items() if name in {*_GAUGES, _START}}

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        """A counter, summed over the workers."""
        return Counter(name, text, labels, registry=self._target)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """A gauge. Of several workers' values the last that was set is told; what differs by worker has the label `worker`."""
        return Gauge(name, text, labels, registry=self._target, multiprocess_mode="mostrecent")

    def observe(self, record: AuditRecord) -> None:
        """Count one attempt."""
        realm = record.realm if record.realm is not None and record.realm in self._realms else ""
        reason = record.reason.value if record.reason is not None else ""
        if record.action is Action.PASSWORD_CHANGE:
            self._changes.labels(realm, record.verdict, reason).inc()
        else:
            self._logins.labels(record.origin.door.value, realm, record.verdict, reason).inc()
        for stage, milliseconds in record.durations.items():
            if stage in _STAGES:
                self._stages.labels(stage, realm).observe(milliseconds / 1000)
        if record.alarm:
            self._alarms.inc()
        if record.reason is Reason.AUDIT:
            self._audit_failures.inc()

    def count_request(self, route: str, method: str, status: int) -> None:
        """Count one HTTP request. `route` is the pattern that matched, never the path that was sent; `method` one of a closed list."""
        self._requests.labels(route, method, str(status)).inc()

    def count_ended(self, cause: str) -> None:
        """Count one connection that was refused or cut. `cause` is one of a closed list."""
        self._ended.labels(cause).inc()

    def count_binding(self, *, bound: bool) -> None:
        """Count one accepted token by whether it was bound to the TLS channel."""
        self._bindings.labels("yes" if bound else "no").inc()

    def reloaded(self, ok: bool) -> None:  # noqa: FBT001 -- the one thing that is told
        """Count one reload: taken up, or refused with the last good configuration still in use."""
        self._reloads.labels("ok" if ok else "refused").inc()
        self._reload_fine.set(ok)
        if ok:
            self._reloaded.set(time.time())

    def throttle_held(self, why: str) -> None:
        """Count an attempt that the throttle did not admit: `account`, `pause`, `source`, `overall` or `unsettled`."""
        self._throttle_held.labels(why).inc()

    def throttle_repeated(self) -> None:
        """Count a wrong password that was known again."""
        self._throttle_repeated.inc()

    def throttle_degraded(self, degraded: bool) -> None:  # noqa: FBT001 -- the one thing that is told
        """Tell whether a store of the throttle is away, and another counts in its place."""
        self._throttle_degraded.labels(self._worker).set(degraded)

    def realm_states(self, states: Iterable[RealmState]) -> None:
        """Tell which realms can answer."""
        for state in states:
            if state.realm in self._realms:
                self._realm_ready.labels(state.realm).set(state.ready)

    def kdc_states(self, states: Iterable[KdcState]) -> None:
        """Tell all that this worker knows of the KDCs of all realms; one that is not among them has gone."""
        self._kdcs.tell(state for state in states if state.realm in self._realms)

    def failure_rate_alarm(self, active: bool, *, begins: bool = False) -> None:  # noqa: FBT001 -- the one thing that is told
        """Tell whether too many logins fail, and whether that begins now."""
        self._rate_alarm.set(active)
        if begins:
            self._rate_alarms.inc()

    def failure_rate_alarm_is_on(self) -> bool:
        """What was told last, by whichever worker."""
        return bool(self._registry.get_sample_value(_RATE_ALARM))

    def totals(self) -> Totals:
        """The attempts so far that were decided, and those of them that were refused, over all workers.

        A wrong old password is a failure like any other. A new one that policy refuses is none: people try until they find one.
        """
        counts = {"granted": 0.0, "changed": 0.0, "refused": 0.0}
        for family in self._counts.collect():
            for sample in family.samples:
                if sample.name not in {_LOGINS, _CHANGES} or sample.labels["reason"] == Reason.PASSWORD_REJECTED:
                    continue
                if sample.labels["verdict"] in counts:
                    counts[sample.labels["verdict"]] += sample.value
        return Totals(int(sum(counts.values())), int(counts["refused"]))

    def measure(self) -> None:
        """Take this worker's memory, processor time and open files."""
        now = {family.name: family.samples[0].value for family in self._process.collect()}
        used = now.get(_CPU, self._cpu_counted)
        self._cpu.labels(self._worker).inc(used - self._cpu_counted)
        self._cpu_counted = used
        for name in self._measured.keys() & now.keys():
            self._measured[name].labels(self._worker).set(now[name])

    def render(self) -> tuple[bytes, str]:
        """The metrics in Prometheus' text format 0.0.4, and its content type."""
        self.measure()
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4
