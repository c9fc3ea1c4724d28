import dataclasses
import math
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

import kerbauth
from kerbauth.core.audit import Action, AuditRecord, Door, Origin
from kerbauth.core.codes.model import Stage
from kerbauth.core.failure_rate import Totals
from kerbauth.core.reasons import Reason
from kerbauth.observe.metrics import Metrics
from kerbauth.ports import RealmState
from tests.observe.records import ORIGIN, changed, granted, refused, unavailable

REALM = "CORP.EXAMPLE"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics([REALM])


def samples(metrics: Metrics, name: str) -> list[tuple[dict[str, str], float]]:
    body, _ = metrics.render()
    families = text_string_to_metric_families(body.decode())
    return [(sample.labels, sample.value) for family in families for sample in family.samples if sample.name == name]


def test_logins_are_counted_by_door_realm_verdict_and_reason(metrics: Metrics) -> None:
    for record in (granted(), granted(), refused(), granted(origin=Origin("1", Door.CLI))):
        metrics.observe(record)
    assert samples(metrics, "kerbauth_logins_total") == [
        ({"door": "http", "realm": REALM, "verdict": "granted", "reason": ""}, 2),
        ({"door": "http", "realm": REALM, "verdict": "refused", "reason": "bad-credentials"}, 1),
        ({"door": "cli", "realm": REALM, "verdict": "granted", "reason": ""}, 1),
    ]


@pytest.mark.parametrize("realm", ["OTHER.EXAMPLE", "corp.example", "", None])
def test_a_realm_that_is_not_configured_is_no_label(realm: str | None, metrics: Metrics) -> None:
    metrics.observe(refused(realm=realm))
    ((login, _),) = samples(metrics, "kerbauth_logins_total")
    ((stage, _), _) = samples(metrics, "kerbauth_stage_seconds_count")
    assert login["realm"] == stage["realm"] == ""


def test_stages_are_timed_in_seconds(metrics: Metrics) -> None:
    metrics.observe(granted(durations={"as": 30.0, "permission": 1.5}))
    metrics.observe(granted(durations={"as": 50.0}))
    sums = {labels["stage"]: value for labels, value in samples(metrics, "kerbauth_stage_seconds_sum")}
    assert sums == pytest.approx({"as": 0.08, "permission": 0.0015})
    assert samples(metrics, "kerbauth_stage_seconds_count") == [
        ({"stage": "as", "realm": REALM}, 2),
        ({"stage": "permission", "realm": REALM}, 1),
    ]
    assert ({"stage": "as", "realm": REALM, "le": "0.05"}, 2) in samples(metrics, "kerbauth_stage_seconds_bucket")
    assert ({"stage": "as", "realm": REALM, "le": "0.025"}, 0) in samples(metrics, "kerbauth_stage_seconds_bucket")


def test_a_duration_of_no_stage_is_not_counted(metrics: Metrics) -> None:
    metrics.observe(granted(durations={"alice": 1.0}))
    assert samples(metrics, "kerbauth_stage_seconds_count") == []


def test_alarms_are_there_before_the_first(metrics: Metrics) -> None:
    assert samples(metrics, "kerbauth_alarms_total") == [({}, 0)]
    metrics.observe(unavailable(alarm=False))
    assert samples(metrics, "kerbauth_alarms_total") == [({}, 0)]
    metrics.observe(unavailable())
    assert samples(metrics, "kerbauth_alarms_total") == [({}, 1)]


def test_records_that_could_not_be_written_are_there_before_the_first(metrics: Metrics) -> None:
    metrics.observe(unavailable())
    assert samples(metrics, "kerbauth_audit_failures_total") == [({}, 0)]
    metrics.observe(unavailable(reason=Reason.AUDIT, stage=Stage.AUDIT))
    assert samples(metrics, "kerbauth_audit_failures_total") == [({}, 1)]


def test_requests_are_counted_by_route_method_and_status(metrics: Metrics) -> None:
    for status in (200, 200, 401):
        metrics.count_request("/v1/login", "POST", status)
    assert samples(metrics, "kerbauth_http_requests_total") == [
        ({"route": "/v1/login", "method": "POST", "status": "200"}, 2),
        ({"route": "/v1/login", "method": "POST", "status": "401"}, 1),
    ]


def test_tokens_are_counted_by_whether_they_were_bound(metrics: Metrics) -> None:
    for bound in (True, False, True):
        metrics.count_binding(bound=bound)
    assert samples(metrics, "kerbauth_channel_bindings_total") == [({"bound": "yes"}, 2), ({"bound": "no"}, 1)]


def test_the_version_is_told(metrics: Metrics) -> None:
    assert samples(metrics, "kerbauth_build_info") == [({"version": kerbauth.__version__}, 1)]


def test_the_process_is_measured(metrics: Metrics) -> None:
    ((labels, resident),) = samples(metrics, "process_resident_memory_bytes")
    assert labels == {"worker": "0"}
    assert resident > 1_000_000


def test_processor_time_grows_with_every_look(metrics: Metrics) -> None:
    ((_, before),) = samples(metrics, "process_cpu_seconds_total")
    ends = time.process_time() + 0.05  # the kernel counts in hundredths of a second
    while time.process_time() < ends:
        pass
    ((_, after),) = samples(metrics, "process_cpu_seconds_total")
    assert before < after <= time.process_time() + 0.02


def test_reloads_are_counted_by_result_and_there_before_the_first(metrics: Metrics) -> None:
    assert samples(metrics, "kerbauth_reloads_total") == [({"result": "ok"}, 0), ({"result": "refused"}, 0)]
    metrics.reloaded(True)
    metrics.reloaded(False)
    metrics.reloaded(False)
    assert samples(metrics, "kerbauth_reloads_total") == [({"result": "ok"}, 1), ({"result": "refused"}, 2)]


def test_the_last_reload_tells_whether_the_configuration_is_the_one_in_the_file(metrics: Metrics) -> None:
    told = []
    for ok in (True, False, True):
        told += samples(metrics, "kerbauth_config_last_reload_successful")
        metrics.reloaded(ok)
    assert [value for _, value in (*told, *samples(metrics, "kerbauth_config_last_reload_successful"))] == [1, 1, 0, 1]


def test_only_a_good_reload_moves_the_time_of_the_configuration(metrics: Metrics) -> None:
    name = "kerbauth_config_last_reload_success_timestamp_seconds"
    started = samples(metrics, name)
    assert time.time() - 60 < started[0][1] <= time.time()
    metrics.reloaded(False)
    assert samples(metrics, name) == started
    metrics.reloaded(True)
    assert samples(metrics, name)[0][1] > started[0][1]


def test_realms_of_a_new_configuration_become_labels_and_old_ones_no_longer(metrics: Metrics) -> None:
    metrics.know_realms({"NEW.EXAMPLE"})
    metrics.observe(granted(realm="NEW.EXAMPLE"))
    metrics.observe(granted(realm=REALM))
    assert [labels["realm"] for labels, _ in samples(metrics, "kerbauth_logins_total")] == ["NEW.EXAMPLE", ""]


def test_each_realm_tells_whether_it_is_ready(metrics: Metrics) -> None:
    metrics.know_realms({REALM, "B.EXAMPLE"})
    metrics.realm_states([RealmState(REALM, ready=True), RealmState("B.EXAMPLE", ready=False), RealmState("C.EXAMPLE", ready=False)])
    assert samples(metrics, "kerbauth_realm_ready") == [({"realm": REALM}, 1), ({"realm": "B.EXAMPLE"}, 0)]


def test_a_realm_that_was_taken_out_is_neither_ready_nor_not(metrics: Metrics) -> None:
    metrics.realm_states([RealmState(REALM, ready=False)])
    metrics.know_realms({"NEW.EXAMPLE"})
    ((_, value),) = samples(metrics, "kerbauth_realm_ready")
    assert math.isnan(value)


def test_a_worker_tells_that_it_counts_alone(metrics: Metrics) -> None:
    metrics.throttle_degraded(True)
    assert samples(metrics, "kerbauth_throttle_degraded") == [({"worker": "0"}, 1)]


def test_totals_are_of_decided_attempts(metrics: Metrics) -> None:
    for record in (granted(), refused(), refused(), unavailable()):
        metrics.observe(record)
    assert metrics.totals() == Totals(attempts=3, failures=2)


def test_a_change_of_a_password_is_counted_apart_from_logins(metrics: Metrics) -> None:
    metrics.observe(changed())
    assert samples(metrics, "kerbauth_password_changes_total") == [({"realm": REALM, "verdict": "changed", "reason": ""}, 1)]
    assert samples(metrics, "kerbauth_logins_total") == []


def test_a_wrong_old_password_is_a_failure_and_a_rejected_new_one_is_none(metrics: Metrics) -> None:
    wrong = refused(action=Action.PASSWORD_CHANGE)
    for record in (changed(), wrong, refused(action=Action.PASSWORD_CHANGE, reason=Reason.PASSWORD_REJECTED)):
        metrics.observe(record)
    assert metrics.totals() == Totals(attempts=2, failures=1)


def test_the_content_type_is_that_of_the_text_format(metrics: Metrics) -> None:
    assert metrics.render()[1] == "text/plain; version=0.0.4; charset=utf-8"


def test_two_services_in_one_process_count_apart(metrics: Metrics) -> None:
    Metrics([REALM]).observe(granted())
    assert samples(metrics, "kerbauth_logins_total") == []


def test_nothing_that_a_caller_may_choose_becomes_a_label(metrics: Metrics) -> None:
    canary = "canary"
    record = refused(origin=dataclasses.replace(ORIGIN, correlation_id=canary, peer=canary, client=canary))
    names = ("principal", "realm", "user", "application", "tenant", "diagnostic", "time")
    metrics.observe(dataclasses.replace(record, **dict.fromkeys(names, canary)))  # type: ignore[arg-type]  # keyword arguments of several types
    assert canary.encode() not in metrics.render()[0]


def test_every_record_there_can_be_is_counted(metrics: Metrics) -> None:
    """Observing must not raise, and the series stay few."""
    for reason in (None, *Reason):
        for stage in (None, *Stage):
            metrics.observe(AuditRecord("", ORIGIN, "unavailable", reason, stage, durations=dict.fromkeys(Stage, 1e12)))
    assert len(samples(metrics, "kerbauth_logins_total")) == len(Reason) + 1
    assert len(samples(metrics, "kerbauth_stage_seconds_count")) == len(Stage)
