"""Many logins that wait for a slow KDC at one time: whether all succeed, and what they cost in threads and memory."""

import argparse
import asyncio
import threading
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.asking import HEADING, Asker, Times, session, timed
from bench.soak import Measured, measured
from kerbauth.demo.principals import RealmDescription, Service, User
from tests.integration.kdc import LabRealm
from tests.integration.service import RealmEntry, RunningService, Setup
from tests.kdc.behaviours import delayed
from tests.kdc.scripted import scripted_kdc

PASSWORD = "Bench-Passw0rd"  # noqa: S105 - of a user that lives as long as the benchmark
SERVICE = "HTTP/localhost"
EVERY = 0.1  # seconds between two looks at the service


class Watch:
    """The most that the service's processes held at any look, from `start` to `stop`."""

    def __init__(self, pid: int) -> None:
        self.most = self.before = measured(pid)
        self._pid, self._enough = pid, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._enough.wait(EVERY):
            now = measured(self._pid)
            pairs = zip(
                (self.most.resident, self.most.descriptors, self.most.threads), (now.resident, now.descriptors, now.threads), strict=True
            )
            self.most = Measured(*(max(pair) for pair in pairs))

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._enough.set()
        self._thread.join()


async def ask(url: str, count: int) -> Times:
    async with session() as opened:
        asker = Asker(opened, url)
        times = Times(f"{count} logins at one time")
        await asyncio.gather(*(timed(lambda: asker.password("alice", PASSWORD), times) for _ in range(count)))
    return times


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--logins", type=int, default=500)
    options.add_argument("--delay", type=float, default=1.0, help="seconds before each of the KDC's replies")
    wanted = options.parse_args()
    description = RealmDescription("BENCH.TEST", (User("alice", PASSWORD),), (Service(SERVICE),))
    with (
        TemporaryDirectory() as folder,
        LabRealm(description) as realm,
        scripted_kdc(delayed(wanted.delay), upstream=realm.kdc) as slow,
    ):
        limits = f"default = true\nmax_concurrent = {wanted.logins}\ndeadline = 30.0"
        entry = RealmEntry(realm.name, (slow.address,), realm.keytab(SERVICE), settings=limits)
        service = RunningService(Path(folder), Setup((entry,))).start()
        assert service.process is not None
        try:
            with Watch(service.process.pid) as watch:
                began = time.perf_counter()
                times = asyncio.run(ask(service.url, wanted.logins))
                took = time.perf_counter() - began
        finally:
            service.stop()
    print(HEADING)
    print(times.row())
    asked = Counter(each.transport for each in slow.asked)
    print(f"{took:.1f} s in all; requests at the KDC: {dict(asked)}")
    before, most = watch.before, watch.most
    print(f"threads of the service's processes: {before.threads} before, {most.threads} at most")
    print(f"memory: {before.resident / 1024:.1f} MiB before, {(most.resident - before.resident) / 1024:+.1f} MiB at most")
    print(f"descriptors: {before.descriptors} before, {most.descriptors} at most")


if __name__ == "__main__":
    main()
