"""How long logins take when KDCs fall silent, one of two and then both, with SPNEGO and another realm beside them; and the recovery."""

import argparse
import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.asking import HEADING, Asker, Login, Times, series, session, timed
from kerbauth.demo.principals import RealmDescription, Service, User
from tests.integration.kdc import LabRealm, make_tokens
from tests.integration.second_kdc import SecondKdc
from tests.integration.service import RealmEntry, RunningService, Setup

PASSWORD = "Bench-Passw0rd"  # noqa: S105 - of users that live as long as the benchmark
SERVICE = "HTTP/localhost"
ASKERS = 8  # clients that keep asking for the realm whose KDCs are silent
PAUSE = 0.05  # between one answer and the next question: the machine is to be measured, not filled
MANY = 10**6  # logins of a series that only its time ends
HOPELESS = 60.0  # seconds after which nobody waits for a recovery any more
NAMES = 'rules = [{ principal = "other-*", refuse = true }]\notherwise = "name"'
OTHER_NAMES = "rules = [{ pattern = '(?P<all>.+)', user = 'other-\\g<all>' }]\notherwise = \"refuse\""


@dataclass(frozen=True)
class Lab:
    """A realm with two KDCs, another realm, the service over both, and tokens of the first realm."""

    realm: LabRealm
    second: SecondKdc
    other: LabRealm
    service: RunningService
    tokens: Iterator[bytes]


@dataclass(frozen=True)
class Wanted:
    """How much to measure."""

    logins: int
    seconds: float
    deadline: float


def describe(name: str) -> RealmDescription:
    return RealmDescription(name, (User("alice", PASSWORD),), (Service(SERVICE),))


@contextlib.contextmanager
def lab(folder: Path, wanted: Wanted) -> Iterator[Lab]:
    with LabRealm(describe("BENCH.TEST")) as realm, realm.second_kdc() as second, LabRealm(describe("OTHER.TEST")) as other:
        limits = f"deadline = {wanted.deadline}"
        ours = RealmEntry(realm.name, (realm.kdc, second.kdc), realm.keytab(SERVICE), settings=f"default = true\n{limits}", names=NAMES)
        theirs = RealmEntry(other.name, (other.kdc,), other.keytab(SERVICE), settings=limits, names=OTHER_NAMES)
        ticket = realm.kinit("alice", PASSWORD, folder / "ccache")
        tokens = iter(make_tokens(ticket, f"{SERVICE}@{realm.name}", count=2 * round(wanted.seconds / PAUSE) + 10))
        service = RunningService(folder, Setup((ours, theirs))).start()
        try:
            yield Lab(realm, second, other, service, tokens)
        finally:
            service.stop()


async def beside(asker: Asker, lab: Lab, wanted: Wanted, when: str) -> list[Times]:
    """Several clients that keep asking for the first realm, and what SPNEGO and the other realm's logins take meanwhile."""

    async def measured(name: str, login: Login) -> Times:
        return await series(f"{name}, {when}", login, count=MANY, seconds=wanted.seconds, pause=PAUSE)

    done = await asyncio.gather(
        measured("SPNEGO", lambda: asker.ticket(next(lab.tokens))),
        measured("password, other realm", lambda: asker.password(f"alice@{lab.other.name}", PASSWORD)),
        *(measured("password, this realm", lambda: asker.password("alice", PASSWORD)) for _ in range(ASKERS)),
    )
    ours = Times(f"password, this realm, {ASKERS} clients, {when}")
    for each in done[2:]:
        ours.seconds += each.seconds
        ours.outcomes += each.outcomes
    return [done[0], done[1], ours]


async def recovery(asker: Asker) -> float:
    """Seconds until a login is granted."""
    began = time.perf_counter()
    while time.perf_counter() - began < HOPELESS:
        if await asker.password("alice", PASSWORD) == "granted":
            return time.perf_counter() - began
        await asyncio.sleep(0.02)
    raise SystemExit(f"no login is granted {HOPELESS:.0f} s after the KDCs' return")


async def measure(lab: Lab, wanted: Wanted) -> None:
    async with session() as opened:
        asker = Asker(opened, lab.service.url)

        async def passwords(name: str, count: int) -> Times:
            times = await series(name, lambda: asker.password("alice", PASSWORD), count=count, seconds=wanted.seconds)
            print(times.row(), flush=True)
            return times

        print(HEADING)
        healthy = await passwords("healthy", wanted.logins)
        for times in await beside(asker, lab, wanted, "healthy"):
            print(times.row())
        with lab.realm.paused():
            first = await passwords("first KDC silent, first login", 1)
            later = await passwords("first KDC silent, later logins", wanted.logins)
            with lab.second.paused():
                alone = Times("both silent, first login")
                await timed(lambda: asker.password("alice", PASSWORD), alone)
                print(alone.row(), flush=True)
                for times in await beside(asker, lab, wanted, "both silent"):
                    print(times.row(), flush=True)
        returned = await recovery(asker)
    print(f"first login with the first KDC silent: {first.seconds[0]:.2f} s")
    print(f"later logins above healthy ones (medians): {(later.median() - healthy.median()) * 1000:+.1f} ms")
    print(f"first grant after the KDCs' return: {returned:.2f} s")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--logins", type=int, default=200, help="of a series, one after another")
    options.add_argument("--seconds", type=float, default=10.0, help="at which a series ends anyway")
    options.add_argument("--deadline", type=float, default=5.0, help="the realm's")
    given = options.parse_args()
    wanted = Wanted(given.logins, given.seconds, given.deadline)
    with TemporaryDirectory() as folder, lab(Path(folder), wanted) as running:
        asyncio.run(measure(running, wanted))


if __name__ == "__main__":
    main()
