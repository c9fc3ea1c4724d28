"""Whether the time of a refusal tells a stranger which accounts exist: refusals of each kind, interleaved, without a floor and with one."""

import argparse
import asyncio
import random
import statistics
import time
from dataclasses import dataclass, field

import aiohttp

from bench.logins import serve
from kerbauth.demo import data
from kerbauth.demo.principals import RealmDescription
from kerbauth.demo.realm import ThrowawayRealm

KINDS = {
    "wrong password": "alice",
    "unknown user": "nobody-of-this-name",
    "disabled account": "dora",
    "expired account": "axel",
    "expired password, wrong": "erin",
}
CONNECTIONS = 8


@dataclass
class Sample:
    """The seconds each kind of refusal took, in the order of the requests."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def medians(self) -> dict[str, float]:
        return {kind: statistics.median(taken) * 1000 for kind, taken in self.seconds.items()}


async def measure(url: str, count: int) -> Sample:
    """Ask as a stranger, kinds in random order, each password a new one, over a few connections."""
    sample = Sample()
    wanted = [(kind, number) for kind in KINDS for number in range(count)]
    random.shuffle(wanted)
    waiting = iter(wanted)

    async def connection(session: aiohttp.ClientSession) -> None:
        for kind, number in waiting:
            body = {"username": KINDS[kind], "password": f"wrong-{number}", "application": data.APPLICATION}
            began = time.perf_counter()
            async with session.post(f"{url}/v1/login", json=body) as reply:
                answer = await reply.json(content_type=None)
            sample.seconds[kind].append(time.perf_counter() - began)
            if (reply.status, answer["reason"]) != (401, "bad-credentials"):
                raise SystemExit(f"{kind}: {reply.status} {answer['reason']}")

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
        await asyncio.gather(*(connection(session) for _ in range(CONNECTIONS)))
    return sample


def run(realm: ThrowawayRealm, floor: float, count: int) -> Sample:
    process, url = serve(realm, f"refusal_floor = {floor}", "enabled = false")
    try:
        return asyncio.run(measure(url, count))
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=500, help="refusals of each kind")
    options.add_argument("--floor", type=float, default=0.25, help="seconds, as server.refusal_floor")
    wanted = options.parse_args()
    users = tuple(exhibit.user for exhibit in data.EXHIBITS)
    with ThrowawayRealm(RealmDescription(data.REALM, users, data.SERVICES)) as realm:
        without, with_floor = (run(realm, floor, wanted.count).medians() for floor in (0.0, wanted.floor))
    print(f"median of {wanted.count} each, in ms      {'no floor':>10} {f'floor {wanted.floor:g} s':>14}")
    for kind in KINDS:
        print(f"{kind:34} {without[kind]:10.2f} {with_floor[kind]:14.2f}")
    spreads = [max(medians.values()) - min(medians.values()) for medians in (without, with_floor)]
    print(f"{'largest difference of medians':34} {spreads[0]:10.2f} {spreads[1]:14.2f}")


if __name__ == "__main__":
    main()
