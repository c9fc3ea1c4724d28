"""A service that knows two KDCs of one realm, each behind a relay that records what it is sent and can be told to do otherwise."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.integration.kdc import LabRealm
from tests.integration.kdc_log import LogsSince
from tests.integration.second_kdc import SecondKdc
from tests.integration.service import RealmEntry, RunningService, Setup
from tests.kdc.behaviours import relay
from tests.kdc.scripted import Asked, ScriptedKdc, scripted_kdc


@dataclass(frozen=True)
class TwoKdcs:
    """The relays, in the order the service has them, and the real KDCs behind them."""

    first: ScriptedKdc
    second: ScriptedKdc
    realm: LabRealm
    further: SecondKdc
    service: RunningService

    def logs(self) -> LogsSince:
        return LogsSince(self.realm.log, self.further.log)

    def asked_about(self, user: str) -> tuple[list[Asked], list[Asked]]:
        """The requests that name a user, at each relay: those of logins, whatever probes there are beside them."""
        return tuple([asked for asked in list(kdc.asked) if user.encode() in asked.message] for kdc in (self.first, self.second))  # type: ignore[return-value]  # of two, one for each

    def proofs_of(self, user: str) -> tuple[int, int]:
        """How many requests with a proof of a user's password each relay had, resends included."""
        first, second = self.asked_about(user)
        return sum(asked.proves_a_password for asked in first), sum(asked.proves_a_password for asked in second)


@contextlib.contextmanager
def two_kdcs(realm: LabRealm, further: SecondKdc, start: Callable[..., RunningService], settings: str = "") -> Iterator[TwoKdcs]:
    with scripted_kdc(relay, upstream=realm.kdc) as first, scripted_kdc(relay, upstream=further.kdc) as second:
        service = start(Setup((entry(realm, first, second, settings=settings),)))
        yield TwoKdcs(first, second, realm, further, service)


def entry(realm: LabRealm, *kdcs: ScriptedKdc, settings: str = "") -> RealmEntry:
    addresses = tuple(kdc.address for kdc in kdcs)
    return RealmEntry(realm.name, addresses, realm.keytab("HTTP/localhost"), settings=f"default = true\n{settings}")
