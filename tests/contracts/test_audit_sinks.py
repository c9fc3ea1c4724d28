"""Every audit sink keeps the promise."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from kerbauth.core.secret import Secret
from kerbauth.observe.audit_file import AuditFile
from kerbauth.ports import AuditSink
from tests.contracts.audit_sinks import AuditSinkSuite, LineSuite, Opened, record_of
from tests.fakes import FakeAudit

SECRET = Secret(b"a key of the tests")


def of_lines(sink: AuditSink, content: Callable[[], bytes]) -> Opened:
    def records() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in content().splitlines()]
        return [record_of(line) for line in lines if line["kind"] == "login"]

    return Opened(sink, records, content)


class TestAuditFile(LineSuite):
    @contextmanager
    def open(self) -> Iterator[Opened]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "audit.jsonl"
            sink = AuditFile(path, SECRET)
            yield of_lines(sink, path.read_bytes)
            sink.close()

    @contextmanager
    def open_failing(self) -> Iterator[AuditSink]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "there" / "audit.jsonl"
            path.parent.mkdir()
            sink = AuditFile(path, SECRET)
            shutil.rmtree(path.parent)
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
                sink = AuditFile("-", SECRET)
            yield of_lines(sink, lambda: os.pread(file.fileno(), 1 << 24, 0))
            sink.close()

    @contextmanager
    def open_failing(self) -> Iterator[AuditSink]:
        reading, writing = os.pipe()
        with standard_output(writing):
            sink = AuditFile(Path("-"), SECRET)
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
