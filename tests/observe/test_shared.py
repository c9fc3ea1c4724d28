"""Several workers count as one, whatever happens to them."""

import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kerbauth.core.failure_rate import Totals
from kerbauth.observe.metrics import Metrics
from tests.observe.records import use
from tests.observe.workers import ROOT, Worker

COUNTED = re.compile(r"\w+_(total|count|sum|bucket)\b")
LOGINS = 'kerbauth_logins_total{door="http",realm="CORP.EXAMPLE",reason="",verdict="granted"}'
Start = Callable[[int], Worker]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Metrics.prepare(tmp_path / "metrics")
    return tmp_path / "metrics"


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    workers: list[Worker] = []

    def one(slot: int) -> Worker:
        workers.append(Worker(folder, slot))
        return workers[-1]

    yield one
    for worker in workers:
        if worker.process.poll() is None:
            worker.end()


def test_every_worker_tells_the_sum_of_all(start: Start) -> None:
    workers = [start(slot) for slot in range(3)]
    for number, worker in enumerate(workers, 1):
        worker.ask(f"grant {number}")
    assert [worker.logins() for worker in workers] == [6, 6, 6]


def test_histograms_are_added_up_too(start: Start) -> None:
    first, second = start(0), start(1)
    first.ask("grant 2")
    second.ask("grant 3")
    told = first.samples()
    assert told['kerbauth_stage_seconds_count{realm="CORP.EXAMPLE",stage="as"}'] == 5
    assert told['kerbauth_stage_seconds_sum{realm="CORP.EXAMPLE",stage="as"}'] == pytest.approx(5 * 0.0125)
    assert told['kerbauth_stage_seconds_bucket{le="0.025",realm="CORP.EXAMPLE",stage="as"}'] == 5
    assert told['kerbauth_stage_seconds_bucket{le="0.01",realm="CORP.EXAMPLE",stage="as"}'] == 0


def test_a_killed_worker_takes_nothing_with_it_and_its_successor_goes_on(start: Start) -> None:
    survivor, victim = start(0), start(1)
    victim.ask("grant 5")
    victim.kill()
    assert survivor.logins() == 5
    successor = start(1)
    assert successor.logins() == 5
    successor.ask("grant 2")
    assert survivor.logins() == 7
    assert survivor.samples()['kerbauth_worker_starts_total{worker="1"}'] == 2


def test_no_sum_goes_backwards_while_workers_are_killed_as_they_count(start: Start) -> None:
    reader, victim = start(0), start(1)
    seen: dict[str, float] = {}
    for _ in range(8):
        victim.send("grant 1000000")
        ends = time.monotonic() + random.uniform(0.05, 0.15)  # noqa: S311 -- any moment will do
        while time.monotonic() < ends:
            told = reader.samples()
            backwards = {name for name, value in seen.items() if COUNTED.match(name) and told.get(name, -1) < value}
            assert backwards == set()
            seen = told
        victim.kill()
        victim = start(1)
    assert seen[LOGINS] > 8
    assert reader.samples()[LOGINS] >= seen[LOGINS]


def test_a_worker_that_starts_while_its_predecessor_drains_counts_beside_it(start: Start) -> None:
    old = start(0)
    old.ask("grant 2")
    new = start(0)
    new.ask("grant 3")
    old.ask("grant 4")
    assert new.logins() == old.logins() == 9
    old.end()
    assert new.logins() == 9
    assert new.samples()['kerbauth_worker_starts_total{worker="0"}'] == 2


def test_what_an_earlier_run_with_more_workers_left_is_not_added_in(start: Start, folder: Path) -> None:
    for slot in range(3):
        worker = start(slot)
        worker.ask("grant 1")
        worker.end()
    Metrics.prepare(folder)
    only = start(0)
    assert only.logins() == 0
    assert 'process_resident_memory_bytes{worker="2"}' not in only.samples()


def test_each_worker_tells_its_own_memory_and_time(start: Start) -> None:
    first, second = start(0), start(1)
    second.ask("do metrics.measure()")
    told = first.samples()
    for worker in "01":
        assert told[f'process_resident_memory_bytes{{worker="{worker}"}}'] > 1_000_000
        assert told[f'process_cpu_seconds_total{{worker="{worker}"}}'] > 0
        assert told[f'process_start_time_seconds{{worker="{worker}"}}'] > 1_000_000_000


def test_the_successors_memory_is_told_and_not_the_dead_ones(start: Start) -> None:
    reader, victim = start(0), start(1)
    victim.ask("do ballast = bytearray(64_000_000); metrics.measure()")
    before = reader.samples()['process_resident_memory_bytes{worker="1"}']
    cpu = reader.samples()['process_cpu_seconds_total{worker="1"}']
    victim.kill()
    start(1)
    after = reader.samples()
    assert after['process_resident_memory_bytes{worker="1"}'] < before - 32_000_000
    assert after['process_cpu_seconds_total{worker="1"}'] > cpu


def test_totals_are_those_of_all_workers(start: Start) -> None:
    first, second = start(0), start(1)
    first.ask("grant 2")
    second.ask("refuse 3")
    second.ask("do metrics.observe(unavailable())")
    assert first.ask("tell metrics.totals()") == repr(Totals(5, 3))


def test_an_alarm_is_told_by_every_worker_and_outlives_the_one_that_raised_it(start: Start) -> None:
    first, second = start(0), start(1)
    assert first.ask("tell metrics.failure_rate_alarm_is_on()") == "False"
    first.ask("do metrics.failure_rate_alarm(True, begins=True)")
    first.kill()
    assert second.samples()["kerbauth_failure_rate_alarm{}"] == 1
    assert start(0).ask("tell metrics.failure_rate_alarm_is_on()") == "True"


def kinds(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)  # none is told both by this process and by all
    return {family.name: (family.type, frozenset(label for sample in family.samples for label in sample.labels)) for family in families}


def test_one_process_tells_the_same_metrics_as_several(start: Start) -> None:
    worker = start(0)
    worker.ask("do use(metrics)")
    alone = Metrics(["CORP.EXAMPLE"])
    use(alone)
    several = eval(worker.ask("tell metrics.render()[0].decode()"))  # noqa: S307 -- the repr of a text, from our own process
    assert kinds(several) == kinds(alone.render()[0].decode())


def test_the_files_are_for_the_service_alone(start: Start, folder: Path) -> None:
    start(0)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_the_room_is_taken_at_the_start(start: Start, folder: Path) -> None:
    start(0)
    for file in folder.glob("*.db"):
        status = file.stat()
        assert status.st_blocks * 512 >= status.st_size > 0


def refusal(folder: Path, before: str = "") -> str:
    script = f"import resource, sys; from pathlib import Path; from kerbauth.observe.metrics import Metrics\n{before}\n"
    script += "try:\n    Metrics([], Path(sys.argv[1]))\nexcept OSError as error:\n    raise SystemExit(str(error))"
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    return done.stderr


def test_a_folder_that_is_not_there_is_an_error_at_the_start(folder: Path) -> None:
    assert "No such file or directory" in refusal(folder / "gone")


def test_a_disk_without_room_is_an_error_at_the_start_and_not_a_crash_later(folder: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    assert "File too large" in refusal(folder, f"resource.setrlimit(resource.RLIMIT_FSIZE, (4096, {limit}))")
    assert list(folder.glob("*.db")) == []


def test_more_than_enough_processes_in_one_slot_are_an_error(start: Start, folder: Path) -> None:
    for letter in ["", *"abcdefghijklmnopqrstuvwxyz"]:
        (folder / f"0{letter}.lock").touch()
    holding = (
        "import fcntl; held = [open(each, 'r+') for each in Path(sys.argv[1]).glob('*.lock')]\n"
        "for each in held: fcntl.flock(each, fcntl.LOCK_EX)"
    )
    assert "27 processes count as worker 0 already" in refusal(folder, holding)
