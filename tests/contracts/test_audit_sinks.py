"""Every audit sink keeps the promise."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from kerbauth.observe.audit_file import AuditFile
from kerbauth.ports import AuditSink
from tests.contracts.audit_sinks import AuditSinkSuite, Opened, Written
from tests.fakes import FakeAudit


class OfFile(Written):
    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> bytes:
        return self.path.read_bytes()


class OfDescriptor(Written):
    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __call__(self) -> bytes:
        return os.pread(self.descriptor, 1 << 24, 0)


class OfFake(Written):
    def __init__(self, fake: FakeAudit) -> None:
        self.fake = fake

    def __call__(self) -> bytes:
        return b"".join(json.dumps(record.as_json()).encode().replace(b"\x7f", b"\\u007f") + b"\n" for record in self.fake.records)


class TestAuditFile(AuditSinkSuite):
    @contextmanager
    def open(self) -> Iterator[Opened]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "audit.jsonl"
            sink = AuditFile(path)
            yield Opened(sink, OfFile(path))
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


class TestStandardOutput(AuditSinkSuite):
    @contextmanager
    def open(self) -> Iterator[Opened]:
        with TemporaryFile() as file:
            with standard_output(file.fileno()):
                sink = AuditFile("-")
            yield Opened(sink, OfDescriptor(file.fileno()))
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
        yield Opened(fake, OfFake(fake))

    @contextmanager
    def open_failing(self) -> Iterator[AuditSink]:
        yield FakeAudit(failure="as told")
