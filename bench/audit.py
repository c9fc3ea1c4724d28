"""What a durable audit line costs: records per second and the time of one, with and without sync, alone and with 16 logins waiting."""

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from kerbauth.core.audit import AuditRecord, Door, Origin
from kerbauth.core.codes.model import Code, Family, Stage
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.observe.audit_file import AuditFile
from kerbauth.observe.audit_store import AuditOptions

RECORD = AuditRecord(
    "2026-01-01T00:00:00.000+00:00",
    Origin("0123456789abcdef0123456789abcdef", Door.HTTP, "192.0.2.7", "gax"),
    "refused",
    Reason.BAD_CREDENTIALS,
    Stage.AS,
    "alice@CORP.EXAMPLE",
    "CORP.EXAMPLE",
    application="desktop",
    codes=(Code(Family.KRB5, -1765328360),),
    diagnostic="Preauthentication failed",
    durations={"name": 0.041, "as": 6.532},
)


async def write(file: AuditFile, waiting: int, count: int) -> list[float]:
    """Write `count` records, `waiting` at a time: the seconds that each took."""
    left = iter(range(count))
    took: list[float] = []

    async def logins() -> None:
        for _ in left:
            began = time.perf_counter()
            await file.write(RECORD)
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(logins() for _ in range(waiting)))
    return took


def rows(folder: Path, count: int) -> Iterator[tuple[str, int, float, float, float]]:
    for sync in (True, False):
        for waiting in (1, 16):
            file = AuditFile(folder / f"audit-{sync}-{waiting}.jsonl", Secret(b"b" * 32), AuditOptions(sync=sync))
            asyncio.run(write(file, waiting, count // 10))
            began = time.perf_counter()
            took = asyncio.run(write(file, waiting, count))
            rate = count / (time.perf_counter() - began)
            file.close()
            yield str(sync).lower(), waiting, rate, statistics.median(took) * 1e6, statistics.quantiles(took, n=100)[98] * 1e6


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=4000)
    options.add_argument("--folder", type=Path, help="a folder on the disk to measure (default: a temporary one)")
    wanted = options.parse_args()
    print("| `sync` | logins waiting | records/s | median of one, µs | 99th percentile, µs |")
    print("|---|---|---|---|---|")
    with TemporaryDirectory(dir=wanted.folder) as folder:
        for sync, waiting, rate, median, high in rows(Path(folder), wanted.records):
            print(f"| {sync} | {waiting} | {rate:,.0f} | {median:,.0f} | {high:,.0f} |")


if __name__ == "__main__":
    main()
