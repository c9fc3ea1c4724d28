"""The watch over a running service: whether too many logins fail, which realms are ready, what this worker uses and knows of the KDCs."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from kerbauth.core.failure_rate import Change, FailureRate, Limit
from kerbauth.core.kdc_state import KdcState
from kerbauth.observe.metrics import Metrics
from kerbauth.ports import RealmState
from kerbauth.settings.alarm import AlarmSettings

_log: Final = logging.getLogger("kerbauth.alarm")

LONGEST_INTERVAL: Final = 5.0
"""Seconds between two looks; shorter for a short period, of which the window is to be at most a twelfth too long."""

REALMS_INTERVAL: Final = 15.0
"""Seconds between two questions to the realms' KDCs, each of which is one AS-REQ that checks no password."""


def limit_of(settings: AlarmSettings) -> Limit:
    """The settings as the arithmetic wants them."""
    return Limit(settings.failures, settings.failure_percent, settings.minimum, settings.period)


class FailureAlarm:
    """Tells what changes: once at CRITICAL with the word ALARM when too many logins begin to fail, once at INFO when that is over.

    It looks at the numbers of all workers, so one of them is enough to watch; made anew in that one's successor, it goes on.
    """

    def __init__(self, metrics: Metrics, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._metrics = metrics
        self._monotonic = monotonic
        self._rate = FailureRate(active=metrics.failure_rate_alarm_is_on())
        metrics.failure_rate_alarm(self._rate.active)

    def look(self, limit: Limit) -> None:
        """Look once."""
        change = self._rate.sample(self._monotonic(), self._metrics.totals(), limit)
        recent = self._rate.recent
        if change is Change.BEGINS:
            _log.critical("ALARM: %d of %d logins failed within %g seconds", recent.failures, recent.attempts, limit.period)
        elif change is Change.ENDS:
            _log.info("the alarm is over: %d of %d logins failed within %g seconds", recent.failures, recent.attempts, limit.period)
        self._metrics.failure_rate_alarm(self._rate.active, begins=change is Change.BEGINS)


async def watch(
    metrics: Metrics,
    settings: Callable[[], AlarmSettings],
    realm_states: Callable[[], Awaitable[tuple[RealmState, ...]]],
    kdc_states: Callable[[], tuple[KdcState, ...]],
    *,
    slot: int = 0,
) -> None:
    """Watch until cancelled: run it as a task in every worker.

    Each worker measures itself and tells what it knows of the KDCs; the one of slot 0 also watches the failure rate and asks the realms.
    `settings`, `realm_states` and `kdc_states` are asked anew each time, so that a reload counts.
    """
    loop = asyncio.get_running_loop()
    alarm = FailureAlarm(metrics, loop.time) if slot == 0 else None
    ask_realms = loop.time()
    while True:
        metrics.measure()
        limit = limit_of(settings())
        if alarm is not None:
            alarm.look(limit)
            if loop.time() >= ask_realms:
                ask_realms = loop.time() + REALMS_INTERVAL
                metrics.realm_states(await realm_states())
        metrics.kdc_states(kdc_states())
        await asyncio.sleep(min(LONGEST_INTERVAL, limit.period / 12))
