"""What counting costs a login, and what an answer to /metrics costs. `python -m bench.metrics`.

First in one process's memory, then in the files of several workers.
"""

import os
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kerbauth.core.audit import AuditRecord, Door, Origin
from kerbauth.core.reasons import Reason
from kerbauth.observe.metrics import Metrics

WORKERS: Final = 4
REALMS: Final = ("A.EXAMPLE", "B.EXAMPLE", "C.EXAMPLE")
REASONS: Final = tuple(Reason)[:20]
STAGES: Final = {"name": 0.02, "as": 4.0, "mapping": 0.1, "permission": 0.1}


def main() -> None:
    """Measure and print."""
    _measure("memory of one process", Metrics(REALMS))
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder) / "metrics"
        Metrics.prepare(shared)
        for slot in range(1, WORKERS):
            _count_in_a_process_of_its_own(shared, slot)
        _measure(f"files of {WORKERS} workers", Metrics(REALMS, shared))  # last: it changes where this whole process counts


def _measure(name: str, metrics: Metrics) -> None:
    _count(metrics)
    record = _record(REALMS[0])
    observe = _microseconds(lambda: metrics.observe(record), 10_000)
    render = _microseconds(metrics.render, 20) / 1000
    totals = _microseconds(metrics.totals, 20) / 1000
    print(f"{name}: one login {observe:.1f} µs, /metrics {render:.1f} ms, a look at the failure rate {totals:.2f} ms")


def _count_in_a_process_of_its_own(folder: Path, slot: int) -> None:
    child = os.fork()
    if child == 0:
        _count(Metrics(REALMS, folder, slot))
        os._exit(0)
    os.waitpid(child, 0)


def _count(metrics: Metrics) -> None:
    """Have as many series as a busy service has after some days."""
    for realm in REALMS:
        for reason in (None, *REASONS):
            metrics.observe(_record(realm, reason))


def _record(realm: str, reason: Reason | None = None) -> AuditRecord:
    verdict = "granted" if reason is None else "refused"
    return AuditRecord("", Origin("0123456789abcdef", Door.HTTP), verdict, reason, None, realm=realm, durations=STAGES)


def _microseconds(action: Callable[[], object], number: int) -> float:
    return min(timeit.repeat(action, number=number, repeat=5)) / number * 1e6


if __name__ == "__main__":
    main()
