"""Many logins, half of them failing: the memory, descriptors and threads of the service's processes as it goes on."""

import argparse
import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.logins import serve
from kerbauth.demo import data
from kerbauth.demo.principals import RealmDescription
from kerbauth.demo.realm import ThrowawayRealm

CONNECTIONS = 8
INTERVALS = 10
SETTLE = 0.3  # seconds after which the service has seen that our connections are closed
# Every second login is granted; the others fail in turn, in each of the ways a KDC refuses.
FAILING = (
    ("alice", "wrong"),
    ("nobody-of-this-name", data.PASSWORD),
    ("alice", "wrong as well"),
    ("dora", data.PASSWORD),
    ("erin", "wrong"),
    ("axel", data.PASSWORD),
)


@dataclass(frozen=True)
class Measured:
    """What the service's processes together hold."""

    resident: int  # KiB
    descriptors: int
    threads: int


def measured(supervisor: int) -> Measured:
    """From proc(5): VmRSS and Threads of status, and the entries of fd."""
    resident = descriptors = threads = 0
    for pid in (supervisor, *map(int, Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split())):
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
        resident += int(status["VmRSS"].split()[0])
        threads += int(status["Threads"])
        descriptors += sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Measured(resident, descriptors, threads)


async def run(url: str, count: int) -> Counter[str]:
    """So many logins over a few kept connections; what came of them."""
    outcomes: Counter[str] = Counter()
    numbers = iter(range(count))
    failing = itertools.cycle(FAILING)

    async def connection(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            user, password = ("alice", data.PASSWORD) if number % 2 else next(failing)
            body = {"username": user, "password": password, "application": data.APPLICATION}
            async with session.post(f"{url}/v1/login", json=body) as reply:
                answer = await reply.json(content_type=None)
            outcomes[answer.get("reason") or answer["verdict"]] += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
        await asyncio.gather(*(connection(session) for _ in range(CONNECTIONS)))
    return outcomes


def soak(url: str, pid: int, count: int) -> list[Measured]:
    """Measure before, at each interval, and at the end, when nothing is under way."""
    found, outcomes = [measured(pid)], Counter[str]()
    print(f"{'logins':>8} {'RSS MiB':>8} {'descriptors':>11} {'threads':>8} {'logins/s':>9}")
    print(f"{0:8} {found[0].resident / 1024:8.1f} {found[0].descriptors:11} {found[0].threads:8}")
    for number in range(INTERVALS):
        part = count * (number + 1) // INTERVALS - count * number // INTERVALS
        began = time.perf_counter()
        outcomes += asyncio.run(run(url, part))
        rate = part / (time.perf_counter() - began)
        time.sleep(SETTLE)
        now = measured(pid)
        found.append(now)
        print(f"{sum(outcomes.values()):8} {now.resident / 1024:8.1f} {now.descriptors:11} {now.threads:8} {rate:9.0f}", flush=True)
    print(", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items())))
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--logins", type=int, default=20_000)
    wanted = options.parse_args()
    users = tuple(exhibit.user for exhibit in data.EXHIBITS)
    with ThrowawayRealm(RealmDescription(data.REALM, users, data.SERVICES)) as realm:
        process, url = serve(realm, throttle="enabled = false")
        try:
            found = soak(url, process.pid, wanted.logins)
        finally:
            process.terminate()
            process.wait()
    # Pools, caches and the allocator's arenas fill up first: what grows afterwards is what leaks.
    settled = found[len(found) // 4]
    per_login = (found[-1].resident - settled.resident) * 1024 / (wanted.logins * 3 / 4)
    print(f"from a quarter on: {(found[-1].resident - settled.resident) / 1024:+.1f} MiB ({per_login:+.0f} bytes per login), ", end="")
    print(f"{found[-1].descriptors - settled.descriptors:+} descriptors")


if __name__ == "__main__":
    main()
