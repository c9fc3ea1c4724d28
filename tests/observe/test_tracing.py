"""Traces: what is in a span, where it goes, and that no login ever waits for it."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from kerbauth.core.audit import Door, Origin
from kerbauth.core.traceparent import TraceParent
from kerbauth.observe.spans import LoginSpans
from kerbauth.observe.tracing import open_tracing
from kerbauth.settings import TracingSettings
from tests.observe.collector import collecting
from tests.observe.records import ORIGIN, changed, granted, refused, unavailable

ROOT = Path(__file__).parents[2]
REALM = "CORP.EXAMPLE"
PARENT = TraceParent(trace_id=0xABC, span_id=0xDEF, sampled=True)


class Memory:
    """Spans that stay in memory."""

    def __init__(self, sample: float = 1.0) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracing = LoginSpans(SimpleSpanProcessor(self._exporter), "kerbauth", sample, [REALM])

    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans()}

    def login(self) -> ReadableSpan:
        return self.spans()["login"]


def test_an_attempt_is_a_span_with_what_came_of_it() -> None:
    memory = Memory()
    memory.tracing.observe(refused())
    login = memory.login()
    assert login.kind is SpanKind.SERVER
    assert dict(login.attributes or {}) == {
        "kerbauth.correlation_id": "0123456789abcdef",
        "kerbauth.door": "http",
        "kerbauth.verdict": "refused",
        "kerbauth.realm": REALM,
        "kerbauth.reason": "bad-credentials",
        "kerbauth.stage": "as",
    }
    assert login.resource.attributes["service.name"] == "kerbauth"


def test_each_stage_is_a_child_and_they_stand_one_after_another() -> None:
    memory = Memory()
    memory.tracing.observe(granted(durations={"name": 0.5, "as": 12.5, "permission": 1.0}))
    spans = memory.spans()
    login = spans.pop("login")
    assert list(spans) == ["name", "as", "permission"]
    assert login.context is not None
    now = login.start_time
    for span, milliseconds in zip(spans.values(), (0.5, 12.5, 1.0), strict=True):
        assert span.parent is not None
        assert (span.parent.span_id, span.start_time) == (login.context.span_id, now)
        assert span.end_time is not None
        assert span.end_time - (span.start_time or 0) == milliseconds * 1_000_000
        now = span.end_time
    assert now == login.end_time == 1_767_225_600_000_000_000


def test_a_change_of_a_password_is_a_span_of_that_name() -> None:
    memory = Memory()
    memory.tracing.observe(changed(durations={"kpasswd": 40.0}))
    assert list(memory.spans()) == ["kpasswd", "password-change"]


@pytest.mark.parametrize(
    ("record", "status"), [(granted(), StatusCode.UNSET), (refused(), StatusCode.UNSET), (unavailable(), StatusCode.ERROR)]
)
def test_only_what_could_not_be_decided_is_an_error(record: object, status: StatusCode) -> None:
    memory = Memory()
    memory.tracing.observe(record)  # type: ignore[arg-type]  # parametrized
    assert memory.login().status.status_code is status


def test_no_name_no_address_and_nothing_that_was_typed_is_in_a_span() -> None:
    memory = Memory()
    canary = "canary"
    origin = Origin("0123456789abcdef", Door.HTTP, canary, canary)
    memory.tracing.observe(
        refused(origin=origin, principal=canary, realm=canary, user=canary, application=canary, tenant=canary, diagnostic=canary)
    )
    assert all(canary not in span.to_json() for span in memory.spans().values())


def test_realms_of_a_new_configuration_are_told() -> None:
    memory = Memory()
    memory.tracing.know_realms({"NEW.EXAMPLE"})
    memory.tracing.observe(granted(realm="NEW.EXAMPLE"))
    assert (memory.login().attributes or {})["kerbauth.realm"] == "NEW.EXAMPLE"


def with_parent(parent: TraceParent | None) -> Origin:
    return Origin(ORIGIN.correlation_id, ORIGIN.door, ORIGIN.peer, ORIGIN.client, parent)


def test_a_callers_trace_goes_on() -> None:
    memory = Memory(sample=0.0)  # the caller keeps it, so we do
    memory.tracing.observe(granted(origin=with_parent(PARENT)))
    login = memory.login()
    assert login.parent is not None
    assert login.context is not None
    assert (login.context.trace_id, login.parent.span_id) == (0xABC, 0xDEF)


def test_a_trace_that_the_caller_does_not_keep_is_not_kept_here() -> None:
    memory = Memory()
    memory.tracing.observe(granted(origin=with_parent(TraceParent(0xABC, 0xDEF, sampled=False))))
    assert memory.spans() == {}


def test_without_one_each_attempt_is_a_trace_of_its_own() -> None:
    memory = Memory()
    for _ in range(2):
        memory.tracing.observe(granted(durations={}))
    traces = {span.context.trace_id for span in memory._exporter.get_finished_spans() if span.context}
    assert len(traces) == 2
    assert memory.login().parent is None


def test_the_share_of_the_settings_is_kept() -> None:
    memory = Memory(sample=0.0)
    memory.tracing.observe(granted())
    assert memory.spans() == {}


def test_spans_arrive_at_a_collector() -> None:
    with collecting() as (collector, url):
        tracing = open_tracing(TracingSettings(enabled=True, endpoint=url, service_name="ours"), [REALM])
        assert tracing is not None
        tracing.observe(granted())
        tracing.close()
    ((path, request),) = collector.requests
    assert path == "/v1/traces"
    assert sorted(collector.names()) == ["as", "login", "permission"]
    (resource,) = request.resource_spans
    assert {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"] == "ours"


def test_a_forked_worker_sends_spans_of_its_own() -> None:
    script = """
import os, sys
from kerbauth.observe.tracing import open_tracing
from kerbauth.settings import TracingSettings
from tests.observe.collector import collecting
from tests.observe.records import granted
settings = TracingSettings(enabled=True, endpoint=sys.argv[1])
for _ in range(2):
    if os.fork() == 0:
        tracing = open_tracing(settings, [])
        tracing.observe(granted())
        tracing.close()
        os._exit(0)
for _ in range(2):
    os.wait()
"""
    with collecting() as (collector, url):
        subprocess.run([sys.executable, "-c", script, url], check=True, cwd=ROOT)
    assert sorted(collector.names()) == ["as", "as", "login", "login", "permission", "permission"]


@pytest.fixture
def silent() -> Iterator[str]:
    """A collector that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1/traces"


@pytest.fixture
def dead() -> str:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/v1/traces"


@pytest.mark.parametrize("kind", ["silent", "dead"])
def test_no_login_waits_for_a_collector_that_is_away(kind: str, request: pytest.FixtureRequest) -> None:
    tracing = open_tracing(TracingSettings(enabled=True, endpoint=request.getfixturevalue(kind)), [])
    assert tracing is not None
    times = []
    for _ in range(3000):  # more than wait to be sent
        began = time.perf_counter()
        tracing.observe(granted())
        times.append(time.perf_counter() - began)
    began = time.monotonic()
    tracing.close()
    assert sorted(times)[len(times) // 2] < 0.005
    assert sum(times) < 15
    assert time.monotonic() - began < 10


def test_it_is_off_unless_it_is_switched_on() -> None:
    assert open_tracing(TracingSettings(), []) is None


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_nothing_of_opentelemetry_is_imported_unless_it_is_switched_on() -> None:
    script = """
import sys
import kerbauth.service, kerbauth.cli.main
from kerbauth.observe.tracing import check_tracing, open_tracing
from kerbauth.settings import TracingSettings
check_tracing(TracingSettings())
open_tracing(TracingSettings(), [])
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    assert run(script) == "[]"


def test_switched_on_without_its_packages_says_what_to_install() -> None:
    script = """
import sys
sys.modules["opentelemetry"] = None  # what import finds where a package is not installed
from kerbauth.observe.tracing import TracingError, check_tracing
from kerbauth.settings import TracingSettings
try:
    check_tracing(TracingSettings(enabled=True))
except TracingError as error:
    print(error)
"""
    told = run(script)
    assert told.startswith("tracing.enabled = true, but opentelemetry")
    assert "is not installed; pip install 'kerbauth[tracing]'" in told
