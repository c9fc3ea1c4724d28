"""Every audit sink keeps the promise."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from kerbauth.observe.audit_file import AuditFile
from kerbauth.ports import AuditSink
from tests.contracts.audit_sinks import AuditSinkSuite, LineSuite, Opened
from tests.fakes import FakeAudit


def of_lines(sink: AuditSink, content: Callable[[], bytes]) -> Opened:
    return Opened(sink, lambda: [json.loads(line) for line in content().splitlines()], content)


class TestAuditFile(LineSuite):
    @contextmanager
    def open(self) -> Iterator[Opened]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "audit.jsonl"
            sink = AuditFile(path)
            yield of_lines(sink, path.read_bytes)
            sink.close()

    @contextmanager
    def open_failing(self) -> Iterator[AuditSink]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "there" / "audit.jsonl"
            path.parent.mkdir()
            sink = AuditFile(path)
            path.unlink()
            path.parent.rmdir()
            yield sink
            sink.close()


@contextmanager
def standard_output(descriptor: int) -> Iterator[None]:
    """Put another file in the place of descriptor 1 for a while."""
    kept = os.dup(1)
    os.dup2(descriptor, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


class TestStandardOutput(LineSuite):
    @contextmanager
    def open(self) -> Iterator[Opened]:
        with TemporaryFile() as file:
            with standard_output(file.fileno()):
                sink = AuditFile("-")
            yield of_lines(sink, lambda: os.pread(file.fileno(), 1 << 24, 0))
            sink.close()

    @contextmanager
    def open_failing(self) -> Iterator[AuditSink]:
        reading, writing = os.pipe()
        with standard_output(writing):
            sink = AuditFile(Path("-"))
        os.close(writing)
        os.close(reading)
        yield sink  # nobody reads the pipe any more
        sink.close()


class TestFake(AuditSinkSuite):
    @contextmanager
    def open(self) -> Iterator[Opened]:
        fake = FakeAudit()
        yield Opened(fake, lambda: [record.as_json() for record in fake.records])

    @contextmanager
    def open_failing(self) -> Iterator[AuditSink]:
        yield FakeAudit(failure="as told")
