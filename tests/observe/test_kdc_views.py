"""What each worker knows of the KDCs becomes metrics, and what has gone disappears."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.kdc_state import KdcState, Standing
from kerbauth.observe.kdc_views import KEEP, KdcViews, read_views
from kerbauth.observe.metrics import Metrics
from tests.observe.records import kdc_state
from tests.observe.test_metrics import samples
from tests.observe.workers import Worker

REALM = "CORP.EXAMPLE"
LABELS = {"realm": REALM, "kdc": "dc1.corp.example", "address": "192.0.2.1:88", "worker": "0"}
UP = 'kerbauth_kdc_up{address="192.0.2.1:88",kdc="dc1.corp.example",realm="CORP.EXAMPLE",worker="%s"}'


@pytest.fixture
def metrics() -> Metrics:
    return Metrics([REALM])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Metrics.prepare(tmp_path / "metrics")
    return tmp_path / "metrics"


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[[int], Worker]]:
    workers: list[Worker] = []

    def one(slot: int) -> Worker:
        workers.append(Worker(folder, slot))
        return workers[-1]

    yield one
    for worker in workers:
        if worker.process.poll() is None:
            worker.end()


def kdc_samples(worker: Worker) -> dict[str, float]:
    return {name: value for name, value in worker.samples().items() if name.startswith("kerbauth_kdc_up")}


def test_a_kdc_tells_its_standing_latency_and_clock(metrics: Metrics) -> None:
    metrics.kdc_states([kdc_state()])
    told = {name: samples(metrics, f"kerbauth_kdc_{name}") for name in ("up", "active", "latency_seconds", "clock_offset_seconds")}
    assert told == {
        "up": [(LABELS, 1)],
        "active": [(LABELS, 1)],
        "latency_seconds": [(LABELS, 0.002)],
        "clock_offset_seconds": [(LABELS, -0.35)],
    }


@pytest.mark.parametrize("standing", [Standing.PASSED_OVER, Standing.SILENT])
def test_a_kdc_that_does_not_answer_is_not_up(standing: Standing, metrics: Metrics) -> None:
    metrics.kdc_states([kdc_state(standing=standing)])
    assert samples(metrics, "kerbauth_kdc_up") == [(LABELS, 0)]


def test_what_is_not_known_is_no_number(metrics: Metrics) -> None:
    metrics.kdc_states([kdc_state(latency=None, clock_offset=None)])
    assert samples(metrics, "kerbauth_kdc_latency_seconds") == samples(metrics, "kerbauth_kdc_clock_offset_seconds") == []


def test_a_kdc_that_has_gone_disappears(metrics: Metrics) -> None:
    for number in range(100):
        metrics.kdc_states([kdc_state(address=f"192.0.2.{number}:88")])
    assert [labels["address"] for labels, _ in samples(metrics, "kerbauth_kdc_up")] == ["192.0.2.99:88"]


def test_kdcs_of_a_realm_that_is_not_configured_are_left_out(metrics: Metrics) -> None:
    metrics.kdc_states([kdc_state(realm="OTHER.EXAMPLE")])
    assert samples(metrics, "kerbauth_kdc_up") == []


def test_every_worker_tells_what_each_of_them_knows(start: Callable[[int], Worker]) -> None:
    first, second = start(0), start(1)
    first.ask("do metrics.kdc_states([kdc_state()])")
    second.ask("do from kerbauth.core.kdc_state import Standing; metrics.kdc_states([kdc_state(standing=Standing.SILENT)])")
    assert kdc_samples(first) == kdc_samples(second) == {UP % 0: 1, UP % 1: 0}
    second.ask("do metrics.kdc_states([])")
    assert kdc_samples(first) == {UP % 0: 1}


def test_of_a_worker_and_its_successor_the_last_one_speaks(start: Callable[[int], Worker], folder: Path) -> None:
    old = start(0)
    old.ask("do metrics.kdc_states([kdc_state(), kdc_state('dc2.corp.example')])")
    for file in folder.glob("*.json"):  # a second ago: the clock of the file system may tick slowly
        os.utime(file, (time.time() - 1, time.time() - 1))
    new = start(0)
    new.ask("do metrics.kdc_states([kdc_state()])")
    assert kdc_samples(old) == kdc_samples(new) == {UP % 0: 1}


def test_a_worker_that_has_said_nothing_for_long_is_believed_no_more(folder: Path) -> None:
    KdcViews(folder, "0").tell([kdc_state()])
    (file,) = folder.glob("*.json")
    written = file.stat().st_mtime
    assert read_views(folder, written + KEEP - 1) == {"0": (kdc_state(),)}
    assert read_views(folder, written + KEEP + 1) == {}


def test_an_earlier_runs_files_are_gone_at_the_next_start(folder: Path) -> None:
    KdcViews(folder, "3").tell([kdc_state()])
    Metrics.prepare(folder)
    assert read_views(folder, time.time()) == {}


def test_a_file_that_cannot_be_written_ends_nothing(folder: Path, tmp_path: Path) -> None:
    views = KdcViews(folder, "0")
    folder.rename(tmp_path / "elsewhere")
    views.tell([kdc_state()])
    assert read_views(folder, time.time()) == {}


def test_only_the_services_user_can_read_it(folder: Path) -> None:
    KdcViews(folder, "0").tell([kdc_state()])
    (file,) = folder.glob("*.json")
    assert file.stat().st_mode & 0o777 == 0o600


STATES = st.builds(
    KdcState,
    realm=st.text(),
    name=st.text(),
    address=st.text(),
    standing=st.sampled_from(Standing),
    active=st.booleans(),
    latency=st.none() | st.sampled_from([0.0, 0.25, 3600.5]),
    clock_offset=st.none() | st.sampled_from([0.0, -0.25, 3600.5]),
    last_answer=st.none() | st.just(kdc_state().since),
    since=st.just(kdc_state().since),
    detail=st.text(),
)


@given(st.lists(STATES, min_size=1).map(tuple))
def test_what_one_worker_writes_another_one_reads(tmp_path_factory: pytest.TempPathFactory, states: tuple[KdcState, ...]) -> None:
    folder = tmp_path_factory.mktemp("views")
    KdcViews(folder, "2a").tell(states)
    assert read_views(folder, time.time()) == {"2": states}


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*kdc_state().as_json(), "realm"]), inner),
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()) | st.just(b"[" * 200_000))
def test_a_file_that_is_not_ours_says_nothing(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("views")
    (folder / "kdcs_0.json").write_bytes(content)
    assert read_views(folder, time.time()) == {}


@given(st.fixed_dictionaries({"realm": JSON, **dict.fromkeys(kdc_state().as_json(), JSON)}))
def test_a_file_with_the_right_members_and_anything_in_them_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("views")
    (folder / "kdcs_0.json").write_text(json.dumps([document | {"standing": "silent", "since": "2026-01-01T00:00:00+00:00"}]))
    assert set(read_views(folder, time.time())) <= {"0"}
