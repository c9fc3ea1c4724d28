"""The promise of an AuditSink as a suite: subclass it and say how a sink is made and what it has written is read back."""

import asyncio
import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.audit import AuditRecord, Door, Origin
from kerbauth.core.codes.model import Code, Family, Stage
from kerbauth.core.reasons import Reason
from kerbauth.ports import AuditError, AuditSink

# Every character there is, lone surrogates included, and more often than by chance those that end or disturb lines.
_DISTURBING = st.sampled_from('\n\r\x00\x0b\x0c\x1b\x1c\x7f\x85\u2028\u2029\u202e\u2066\ufeff\ud800\udfff"\\{}')
_TEXT = st.text(st.one_of(st.characters(), _DISTURBING))
_MAYBE = st.none() | _TEXT

ORIGINS = st.builds(Origin, _TEXT, st.sampled_from(Door), _TEXT, _MAYBE)
RECORDS = st.builds(
    AuditRecord,
    time=_TEXT,
    origin=ORIGINS,
    verdict=st.sampled_from(["granted", "refused", "unavailable"]),
    reason=st.none() | st.sampled_from(Reason),
    stage=st.none() | st.sampled_from(Stage),
    principal=_MAYBE,
    realm=_MAYBE,
    user=_MAYBE,
    application=_MAYBE,
    tenant=_MAYBE,
    codes=st.lists(st.builds(Code, st.sampled_from(Family), st.integers())).map(tuple),
    diagnostic=_TEXT,
    alarm=st.booleans(),
    durations=st.dictionaries(_TEXT, st.floats(0, 1e9)),
    principal_hash=_MAYBE,
)

GOOD = AuditRecord("2026-01-01T00:00:00.000+00:00", Origin("0123456789abcdef", Door.HTTP, "127.0.0.1"), "granted", None, None, user="alice")
LARGE = AuditRecord(
    "2026-01-01T00:00:00.000+00:00", Origin("0123456789abcdef", Door.CLI), "refused", None, None, diagnostic="\x00" * 100_000
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A sink for one test. `records` are those it has written so far, as JSON objects."""

    sink: AuditSink
    records: Callable[[], list[dict[str, Any]]]
    content: Callable[[], bytes] = bytes


def record_of(line: dict[str, Any]) -> dict[str, Any]:
    """A line without what says that it is a login, and without the chain."""
    return {name: value for name, value in line.items() if name not in {"kind", "chain"}}


async def all_of(sink: AuditSink, records: Iterable[AuditRecord]) -> None:
    """Write them one after the other."""
    for record in records:
        await sink.write(record)


class AuditSinkSuite(ABC):
    @abstractmethod
    def open(self) -> AbstractContextManager[Opened]:
        """A new sink that has written nothing."""

    @abstractmethod
    def open_failing(self) -> AbstractContextManager[AuditSink]:
        """A sink that cannot write now."""

    @pytest.fixture
    def opened(self) -> Iterator[Opened]:
        with self.open() as opened:
            yield opened

    async def test_a_record_is_written_when_write_returns(self, opened: Opened) -> None:
        await opened.sink.write(GOOD)
        assert opened.records() == [GOOD.as_json()]

    async def test_records_keep_their_order(self, opened: Opened) -> None:
        for number in range(100):
            await opened.sink.write(AuditRecord("", Origin(str(number), Door.HTTP), "refused", None, None))
        assert [record["correlation_id"] for record in opened.records()] == [str(number) for number in range(100)]

    async def test_a_large_record_is_one_line(self, opened: Opened) -> None:
        await opened.sink.write(LARGE)
        await opened.sink.write(GOOD)
        assert opened.records() == [LARGE.as_json(), GOOD.as_json()]

    async def test_records_of_many_who_wait_at_once_are_all_written(self, opened: Opened) -> None:
        records = [AuditRecord("", Origin(str(number), Door.HTTP), "refused", None, None) for number in range(300)]
        await asyncio.gather(*map(opened.sink.write, records))
        assert opened.records() == [record.as_json() for record in records]

    async def test_a_record_is_written_even_if_nobody_waits_for_it_any_more(self, opened: Opened) -> None:
        waiting = asyncio.create_task(opened.sink.write(GOOD))
        await asyncio.sleep(0)  # it is called, and waits
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        await opened.sink.write(GOOD)
        assert opened.records() == [GOOD.as_json()] * 2

    async def test_a_failure_is_an_audit_error(self) -> None:
        with self.open_failing() as sink:
            with pytest.raises(AuditError):
                await sink.write(GOOD)
            with pytest.raises(AuditError):
                await sink.write(GOOD)


class LineSuite(AuditSinkSuite):
    """For sinks that write text: `content` is all of it."""

    async def test_no_character_ends_or_disturbs_the_line(self) -> None:
        hostile = "".join(map(chr, [*range(0x100), 0x2028, 0x2029, 0x202E, 0x2066, 0xFEFF, 0xD800, 0x10FFFF]))
        record = AuditRecord(hostile, Origin(hostile, Door.HTTP, hostile, hostile), "refused", None, None, user=hostile, diagnostic=hostile)
        with self.open() as opened:
            await opened.sink.write(record)
            *_, line = opened.content().decode("ascii").splitlines()
        assert line.isprintable()
        assert record_of(json.loads(line)) == record.as_json()

    def test_one_record_is_one_line_whatever_it_holds(self) -> None:
        @given(records=st.lists(RECORDS, min_size=1, max_size=3))
        def holds(records: list[AuditRecord]) -> None:
            with self.open() as opened:
                asyncio.run(all_of(opened.sink, records))
                content = opened.content()
            assert content.endswith(b"\n")
            # str.splitlines ends lines at every character that any reader may take for a line's end.
            lines = content.decode("ascii").splitlines()
            assert [record_of(each) for each in map(json.loads, lines) if each["kind"] == "login"] == [each.as_json() for each in records]
            assert all(line.isprintable() for line in lines)

        holds()
