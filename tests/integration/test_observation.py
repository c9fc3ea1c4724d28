"""What the running service lets an operator see: its log as JSON, its metrics, its alarm, its traces."""

import json
import time
from collections.abc import Callable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.conftest import CANARY, REALM
from tests.integration.kdc import LabRealm
from tests.integration.service import RunningService, Setup
from tests.observe.collector import collecting

Start = Callable[..., RunningService]


def lines(service: RunningService) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.log().splitlines()]


def metric(service: RunningService, name: str) -> dict[tuple[str, ...], float]:
    text = service.request("GET", "/metrics").text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples if sample.name == name]
    return {tuple(sample.labels.values()): sample.value for sample in samples}


def wait_for(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)  # polling another process


def with_server(setup: Setup, server: str, extra: str = "") -> Setup:
    return Setup(setup.realms, setup.permissions, server=server, extra=extra)


def test_every_line_of_the_log_is_json_and_a_login_can_be_followed(main_setup: Setup, start: Start, fresh: Callable[[], str]) -> None:
    service = start(with_server(main_setup, 'log_format = "json"'))
    user = fresh()
    reply = service.login(user, CANARY, headers={"X-Correlation-ID": "follow-this-one"})
    assert reply.status_code == 200
    service.request("GET", "/v1/login")
    service.stop()
    entries = lines(service)
    assert all({"time", "level", "logger", "message"} <= set(entry) for entry in entries)
    first = next(entry for entry in entries if "doors" in entry)
    assert first["doors"] == [service.url]
    assert first["realms"] == {"KA.TEST": "mit", "KB.TEST": "mit"}
    assert {"gssapi", "libkrb5"} <= set(first["libraries"])
    (login,) = [entry for entry in entries if entry.get("correlation_id") == "follow-this-one"]
    assert (login["message"], login["user"], login["realm"]) == ("granted", user, REALM)


def test_too_many_failed_logins_raise_the_alarm(main_setup: Setup, start: Start, fresh: Callable[[], str]) -> None:
    alarm = "[alarm]\nfailures = 3\nperiod = 2"
    service = start(with_server(main_setup, 'log_format = "json"', alarm))
    user = fresh()
    for _ in range(3):
        assert service.login(user, "wrong").status_code == 401
    wait_for(lambda: "the alarm is over" in service.log())
    told = [(entry["level"], entry["message"].split(":")[0]) for entry in lines(service) if entry["logger"] == "kerbauth.alarm"]
    assert told == [("CRITICAL", "ALARM"), ("INFO", "the alarm is over")]
    assert metric(service, "kerbauth_failure_rate_alarms_total") == {(): 1}
    assert metric(service, "kerbauth_failure_rate_alarm") == {(): 0}


def test_the_metrics_say_which_realms_are_ready(service: RunningService) -> None:
    wait_for(lambda: len(metric(service, "kerbauth_realm_ready")) == 2)
    assert metric(service, "kerbauth_realm_ready") == {("KA.TEST",): 1, ("KB.TEST",): 1}


def test_the_metrics_say_what_is_known_of_each_kdc(service: RunningService, realm: LabRealm, other_realm: LabRealm) -> None:
    wait_for(lambda: len(metric(service, "kerbauth_kdc_up")) == 2)
    assert set(metric(service, "kerbauth_kdc_up").values()) == {1}
    assert {address for labels in metric(service, "kerbauth_kdc_active") for address in labels} >= {realm.kdc, other_realm.kdc}
    assert all(0 < seconds < 5 for seconds in metric(service, "kerbauth_kdc_latency_seconds").values())
    assert all(abs(seconds) < 5 for seconds in metric(service, "kerbauth_kdc_clock_offset_seconds").values())


def test_an_attempt_arrives_at_a_collector_without_a_name_in_it(main_setup: Setup, start: Start, fresh: Callable[[], str]) -> None:
    with collecting() as (collector, url):
        service = start(with_server(main_setup, "", f'[tracing]\nenabled = true\nendpoint = "{url}"'))
        user = fresh()
        trace = "0af7651916cd43dd8448eb211c80319c"
        service.login(user, CANARY, headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        service.stop()
    spans = {span.name: span for span in collector.spans()}
    assert set(spans) >= {"login", "as", "mapping", "permission"}
    assert {span.trace_id.hex() for span in spans.values()} == {trace}
    sent = b"".join(request.SerializeToString() for _, request in collector.requests)
    assert user.encode() not in sent
    assert CANARY.encode() not in sent


def test_logins_go_on_without_the_collector(main_setup: Setup, start: Start, fresh: Callable[[], str]) -> None:
    service = start(with_server(main_setup, "", '[tracing]\nenabled = true\nendpoint = "http://127.0.0.1:9/v1/traces"'))
    began = time.monotonic()
    assert service.login(fresh(), CANARY).status_code == 200
    assert time.monotonic() - began < 2
    assert service.stop() == 0
