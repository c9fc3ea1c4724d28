"""What each worker process knows of the KDCs, told by whoever is asked.

The library's files of several processes (see `shared`) cannot do that: a series that is once in them stays for ever, and the KDCs that DNS
names come and go. So each worker writes all it knows into a file of its own, again and again, and what is in it no more is told no more.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from string import ascii_lowercase
from typing import Any, Final

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kerbauth.core.kdc_state import KdcState, Standing

KEEP: Final = 30.0
"""Seconds that a file is believed. It is written every five seconds (`alarm.LONGEST_INTERVAL`); a worker that has not done so for six times
that is gone, or hangs and will be replaced."""

LABELS: Final = ("realm", "kdc", "address", "worker")

_NAME: Final = "kdcs_{}.json"


class KdcViews(Collector):
    """The metrics of the KDCs. `folder` is where the workers' files are, and `identifier` names our own (see `shared`); without a folder
    there is no other worker.
    """

    def __init__(self, folder: Path | None, identifier: str) -> None:
        self._folder = folder
        self._identifier = identifier
        self._own: tuple[KdcState, ...] = ()

    def tell(self, states: Iterable[KdcState]) -> None:
        """All that this worker knows now. Blocks for a moment. A file that cannot be written gets old, and is told no more."""
        self._own = tuple(states)
        if self._folder is None:
            return
        path = self._folder / _NAME.format(self._identifier)
        new = path.with_suffix(".new")
        try:
            with new.open("w", encoding="utf-8") as file:
                new.chmod(0o600)
                json.dump([{"realm": state.realm, **state.as_json()} for state in self._own], file)
            new.replace(path)
        except OSError:
            return

    def collect(self) -> Iterable[Metric]:
        """See `Collector`. What is not known is left out."""
        up = GaugeMetricFamily("kerbauth_kdc_up", "1 while the KDC answers.", labels=LABELS)
        active = GaugeMetricFamily("kerbauth_kdc_active", "1 for the KDC that is asked first.", labels=LABELS)
        latency = GaugeMetricFamily("kerbauth_kdc_latency_seconds", "Moving average of the time to an answer, in seconds.", labels=LABELS)
        offset = GaugeMetricFamily("kerbauth_kdc_clock_offset_seconds", "The KDC's clock minus ours, in seconds.", labels=LABELS)
        views = {self._identifier: self._own} if self._folder is None else read_views(self._folder, time.time())
        for worker, states in views.items():
            for state in states:
                labels = (state.realm, state.name, state.address, worker)
                up.add_metric(labels, state.standing is Standing.ANSWERS)
                active.add_metric(labels, state.active)
                if state.latency is not None:
                    latency.add_metric(labels, state.latency)
                if state.clock_offset is not None:
                    offset.add_metric(labels, state.clock_offset)
        return (up, active, latency, offset)


def read_views(folder: Path, now: float) -> Mapping[str, Sequence[KdcState]]:
    """What each worker said of the KDCs within KEEP seconds before `now` (seconds since 1970), by its number. Raises nothing.

    While a worker drains its successor has the same number, and the last who wrote speaks for both.
    """
    files = sorted((written, file) for file in folder.glob(_NAME.format("*")) for written in _written(file) if now - written <= KEEP)
    views = {_worker(file): _states(file) for _, file in files}
    return {worker: states for worker, states in sorted(views.items()) if states}


def _written(file: Path) -> Iterator[float]:
    try:
        yield file.stat().st_mtime
    except OSError:
        return


def _worker(file: Path) -> str:
    return file.stem.removeprefix("kdcs_").rstrip(ascii_lowercase)


def _states(file: Path) -> Sequence[KdcState]:
    """What a file says; nothing if it says nothing that can be understood."""
    try:
        return tuple(_state(each) for each in json.loads(file.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):  # not there any more, no JSON, or not ours
        return ()


def _state(document: Mapping[str, Any]) -> KdcState:
    """Raises KeyError, TypeError or ValueError."""
    latency, offset, answer = document["latency_seconds"], document["clock_offset_seconds"], document["last_answer"]
    return KdcState(
        realm=str(document["realm"]),
        name=str(document["kdc"]),
        address=str(document["address"]),
        standing=Standing(document["standing"]),
        active=bool(document["active"]),
        latency=None if latency is None else float(latency),
        clock_offset=None if offset is None else float(offset),
        last_answer=None if answer is None else datetime.fromisoformat(answer),
        since=datetime.fromisoformat(document["since"]),
        detail=str(document["detail"]),
    )
