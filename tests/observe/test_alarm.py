"""The alarm over the failure rate, and the watch that every worker runs."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from kerbauth.core.failure_rate import Limit
from kerbauth.core.kdc_state import KdcState
from kerbauth.observe.alarm import FailureAlarm, watch
from kerbauth.observe.metrics import Metrics
from kerbauth.ports import RealmState
from kerbauth.settings import AlarmSettings
from tests.observe.records import granted, kdc_state, refused, unavailable
from tests.observe.test_metrics import REALM, samples

TEN = Limit(failures=10, percent=0, minimum=1, period=60)


@dataclass
class Scene:
    """An alarm, its metrics, and a clock that only the test moves."""

    metrics: Metrics = field(default_factory=lambda: Metrics([REALM]))
    now: float = 0.0

    def __post_init__(self) -> None:
        self.alarm = FailureAlarm(self.metrics, lambda: self.now)
        self.alarm.look(TEN)

    def at(self, now: float, failures: int = 0) -> None:
        for _ in range(failures):
            self.metrics.observe(refused())
        self.now = now
        self.alarm.look(TEN)

    def told(self) -> tuple[float, float]:
        ((_, active),) = samples(self.metrics, "kerbauth_failure_rate_alarm")
        ((_, count),) = samples(self.metrics, "kerbauth_failure_rate_alarms_total")
        return active, count


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, str]]]:
    caplog.set_level(logging.INFO, "kerbauth.alarm")
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "kerbauth.alarm"]


def test_it_is_told_once_when_it_begins_and_once_when_it_is_over(log: Callable[[], list[tuple[str, str]]]) -> None:
    scene = Scene()
    scene.metrics.observe(granted())
    for now, failures in ((5, 9), (10, 3), (15, 8), (70, 0), (130, 0), (140, 0)):
        scene.at(now, failures)
    assert log() == [
        ("CRITICAL", "ALARM: 12 of 13 logins failed within 60 seconds"),
        ("INFO", "the alarm is over: 0 of 0 logins failed within 60 seconds"),
    ]


def test_the_metrics_say_so_too() -> None:
    scene = Scene()
    assert scene.told() == (0, 0)
    scene.at(5, 10)
    assert scene.told() == (1, 1)
    scene.at(130)
    assert scene.told() == (0, 1)
    scene.at(135, 10)
    assert scene.told() == (1, 2)


def test_what_nobody_could_decide_is_no_failed_login() -> None:
    scene = Scene()
    for _ in range(50):
        scene.metrics.observe(unavailable())
    scene.at(5)
    assert scene.told() == (0, 0)


def test_a_successor_goes_on_with_an_alarm_and_does_not_raise_it_again(log: Callable[[], list[tuple[str, str]]]) -> None:
    before = Scene()
    before.at(5, 10)
    after = Scene(before.metrics)
    after.at(5, 10)
    assert after.told() == (1, 1)
    after.at(130)
    assert [level for level, _ in log()] == ["CRITICAL", "INFO"]


@dataclass
class Service:
    """What the watch asks of the service."""

    settings: AlarmSettings = field(default_factory=lambda: AlarmSettings(failures=1, period=1))
    ready: bool = True
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    kdcs: tuple[KdcState, ...] = (kdc_state(realm=REALM),)

    async def realm_states(self) -> tuple[RealmState, ...]:
        self.asked.set()
        return (RealmState(REALM, self.ready),)

    def kdc_states(self) -> tuple[KdcState, ...]:
        return self.kdcs


@asynccontextmanager
async def watching(metrics: Metrics, service: Service, slot: int = 0) -> AsyncIterator[None]:
    task = asyncio.create_task(watch(metrics, lambda: service.settings, service.realm_states, service.kdc_states, slot=slot))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 -- a metric has no event to wait for
            await asyncio.sleep(0.01)


async def test_the_watch_raises_the_alarm_and_ends_it() -> None:
    metrics = Metrics([REALM])
    async with watching(metrics, Service()):
        await until(lambda: bool(samples(metrics, "kerbauth_realm_ready")))
        metrics.observe(refused())
        await until(metrics.failure_rate_alarm_is_on)
        await until(lambda: not metrics.failure_rate_alarm_is_on())


async def test_the_watch_goes_by_the_settings_of_the_moment() -> None:
    metrics, service = Metrics([REALM]), Service(AlarmSettings(period=1))
    async with watching(metrics, service):
        await service.asked.wait()
        service.settings = AlarmSettings(failures=1, period=1)
        metrics.observe(refused())
        await until(metrics.failure_rate_alarm_is_on)
    assert samples(metrics, "kerbauth_failure_rate_alarms_total") == [({}, 1)]


async def test_the_watch_tells_which_realms_are_ready() -> None:
    metrics = Metrics([REALM])
    async with watching(metrics, Service(ready=False)):
        await until(lambda: bool(samples(metrics, "kerbauth_realm_ready")))
    assert samples(metrics, "kerbauth_realm_ready") == [({"realm": REALM}, 0)]


@pytest.mark.parametrize("slot", [0, 1])
async def test_every_worker_tells_what_it_knows_of_the_kdcs(slot: int) -> None:
    metrics, service = Metrics([REALM], slot=slot), Service(AlarmSettings(period=1))
    async with watching(metrics, service, slot=slot):
        await until(lambda: bool(samples(metrics, "kerbauth_kdc_up")))
        service.kdcs = ()
        await until(lambda: not samples(metrics, "kerbauth_kdc_up"))
    assert service.asked.is_set() == (slot == 0)


async def test_other_workers_measure_themselves_and_watch_nothing() -> None:
    metrics, service = Metrics([REALM], slot=1), Service()

    def resident() -> float:
        return metrics._registry.get_sample_value("process_resident_memory_bytes", {"worker": "1"}) or 0  # render() would measure, too

    before = resident()
    async with watching(metrics, service, slot=1):
        ballast = bytearray(64_000_000)
        await until(lambda: resident() > before + 32_000_000)
        metrics.observe(refused())
        del ballast
        await until(lambda: resident() < before + 32_000_000)
    assert not service.asked.is_set()
    assert not metrics.failure_rate_alarm_is_on()
