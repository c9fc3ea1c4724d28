"""A service that knows one KDC, which does what real ones cannot be made to do."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.logins import cpu_seconds
from tests.integration.kdc import LabRealm
from tests.integration.service import RunningService, Setup
from tests.integration.two_kdcs import entry
from tests.kdc.behaviours import relay
from tests.kdc.scripted import ScriptedKdc, scripted_kdc

DEADLINE = 1.0
RETURN = 20.0  # seconds: a KDC that answers again is found within 2 by a probe; more only on a machine that is busy with something else


@dataclass(frozen=True)
class Answer:
    """What a login was told, and what its audit record says of it. `said` is the reason, or `granted`."""

    status: int
    said: str
    stage: str | None
    codes: tuple[str, ...]
    diagnostic: str
    alarm: bool
    principal: str | None

    @property
    def short(self) -> tuple[int, str, str | None]:
        return self.status, self.said, self.stage


@dataclass(frozen=True)
class Hostile:
    """The service, the one KDC that it knows, and the real one behind that."""

    service: RunningService
    kdc: ScriptedKdc
    realm: LabRealm

    def login(self, user: str, password: str) -> Answer:
        """One login about which the KDC was asked, which it is not while it counts as silent."""
        ends = time.monotonic() + RETURN
        while time.monotonic() < ends:
            before = self.requests_about(user)
            reply = self.service.login(user, password, None)
            if self.requests_about(user) > before:
                record, told = self.service.audited(reply), reply.json()
                said = told.get("reason") or told["verdict"]
                details = (record["stage"], tuple(record["codes"]), record["diagnostic"], record["alarm"])
                return Answer(reply.status_code, said, *details, told.get("principal"))
            time.sleep(0.02)  # a user who tries again
        raise AssertionError("the KDC is not asked any more")

    def works(self, user: str, password: str) -> None:
        """With a KDC that does nothing but relay, a login is granted again, and by the process that was there before."""
        self.kdc.behaviour = relay
        ends = time.monotonic() + RETURN
        while self.service.login(user, password, None).status_code != 200:
            assert time.monotonic() < ends, "no login is granted by a KDC that works"
            time.sleep(0.02)  # a user who tries again
        assert self.service.process is not None
        assert self.service.process.poll() is None

    def requests_about(self, user: str) -> int:
        return sum(user.encode() in asked.message for asked in list(self.kdc.asked))

    def proofs_of(self, user: str) -> int:
        """Requests with a proof of the user's password, copies of one request counted once."""
        return len({asked.message for asked in self.kdc.proofs if user.encode() in asked.message})

    def cpu_seconds(self) -> float:
        assert self.service.process is not None
        return cpu_seconds(self.service.process.pid)


@contextlib.contextmanager
def hostile_kdc(realm: LabRealm, folder: Path, upstream: str = "") -> Iterator[Hostile]:
    """Run both, the KDC in front of the realm's own or another. The service ends well, whatever its KDC did."""
    with scripted_kdc(relay, upstream=upstream or realm.kdc) as kdc:
        service = RunningService(folder, Setup((entry(realm, kdc, settings=f"deadline = {DEADLINE}"),))).start()
        try:
            yield Hostile(service, kdc, realm)
        finally:
            status = service.stop()
        assert status == 0
