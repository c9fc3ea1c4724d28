"""OpenTelemetry spans of attempts to log in or to change a password. Imported by `tracing` alone, and only if traces are asked for."""

import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, Tracer, set_span_in_context

import kerbauth
from kerbauth.core.audit import AuditRecord
from kerbauth.core.traceparent import TraceParent
from kerbauth.settings.tracing import TracingSettings

SEND_SECONDS: Final = 3.0
"""How long one request to the collector may take, and how long the end of the process waits for what is not sent yet."""

QUEUE_SPANS: Final = 4096
"""Spans that wait to be sent, some 800 attempts and a few megabytes; further ones push out the oldest while the collector is away."""

_NANOSECONDS: Final = 1_000_000_000


class LoginSpans:
    """Implements `ports.LoginObserver`: one span per attempt with a child per stage, made when the attempt is over.

    A login never waits for a collector: spans are queued, and a thread sends them. They say verdict, reason, stage, realm (a configured
    one), door and correlation id; never a name, an address or what was typed.
    """

    def __init__(self, processor: SpanProcessor, service_name: str, sample: float, realms: Iterable[str]) -> None:
        self._realms = frozenset(realms)
        # Of the settings alone: Resource.create() would add what OTEL_* variables and the machine say.
        self._provider = TracerProvider(
            sampler=ParentBasedTraceIdRatio(sample),
            resource=Resource({"service.name": service_name, "service.version": kerbauth.__version__}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer: Tracer = self._provider.get_tracer("kerbauth", kerbauth.__version__)
        self._exporter: OTLPSpanExporter | None = None

    @classmethod
    def exporting(cls, settings: TracingSettings, realms: Iterable[str]) -> "LoginSpans":
        """Spans that go to the collector of the settings. Starts the thread that sends them."""
        session = requests.Session()
        session.trust_env = False  # no proxy and no ~/.netrc of whoever started the service
        exporter = OTLPSpanExporter(endpoint=settings.endpoint, timeout=SEND_SECONDS, session=session)
        processor = BatchSpanProcessor(exporter, max_queue_size=QUEUE_SPANS, schedule_delay_millis=2000, max_export_batch_size=512)
        spans = cls(processor, settings.service_name, settings.sample, realms)
        spans._exporter = exporter
        return spans

    def know_realms(self, realms: Iterable[str]) -> None:
        """Take `realms` for the configured ones from now on (a reload)."""
        self._realms = frozenset(realms)

    def observe(self, record: AuditRecord) -> None:
        """Make the spans of one attempt. They end when the record was made, and the stages stand one after another before that."""
        ended = int(datetime.fromisoformat(record.time).timestamp() * _NANOSECONDS)
        lengths = {stage: int(milliseconds * 1_000_000) for stage, milliseconds in record.durations.items()}
        began = ended - sum(lengths.values())
        login = self._tracer.start_span(
            record.action.value, _continued(record.origin.parent), SpanKind.SERVER, self._attributes(record), start_time=began
        )
        inside = set_span_in_context(login, Context())
        for stage, length in lengths.items():
            self._tracer.start_span(stage, inside, start_time=began).end(began := began + length)
        if record.verdict == "unavailable":  # a refusal is an answer, and no error of the service
            login.set_status(Status(StatusCode.ERROR, record.reason.value if record.reason else ""))
        login.end(ended)

    def close(self) -> None:
        """Send what is left, for a few seconds at most; a second time does nothing."""
        # The library's own limit is 30 seconds, in which it would go on trying to reach a collector that is away.
        if self._exporter is not None:
            enough = threading.Timer(SEND_SECONDS, self._exporter.shutdown)
            enough.daemon = True
            enough.start()
            self._provider.shutdown()
            enough.cancel()
            self._exporter = None
        else:
            self._provider.shutdown()

    def _attributes(self, record: AuditRecord) -> dict[str, str]:
        attributes = {
            "kerbauth.correlation_id": record.origin.correlation_id,
            "kerbauth.door": record.origin.door.value,
            "kerbauth.verdict": record.verdict,
            # a realm that is not ours stands as it was typed, and people type passwords where names belong
            "kerbauth.realm": record.realm if record.realm is not None and record.realm in self._realms else "",
            "kerbauth.reason": record.reason.value if record.reason is not None else "",
            "kerbauth.stage": record.stage.value if record.stage is not None else "",
        }
        return {name: value for name, value in attributes.items() if value}


def _continued(parent: TraceParent | None) -> Context:
    """A context of its own for each attempt: with the caller's span in it, or empty, which begins a new trace."""
    if parent is None:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    return set_span_in_context(NonRecordingSpan(SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=flags)), Context())
