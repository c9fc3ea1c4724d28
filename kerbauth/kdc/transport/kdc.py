"""One KDC as this process knows it: whether it answers, how fast, and since when. Pure bookkeeping; times are the event loop's."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from kerbauth.core.kdc_state import KdcState, Standing
from kerbauth.kdc.transport.address import Address

PASS_OVER: Final = 0.5
"""Seconds without an answer until the next KDC is asked as well. A round trip to the other side of the earth is 0.3 s, and three
copies of the request have left by then. With more, a login that finds two silent KDCs before a good one would take longer than a second."""

SILENCE: Final = 2.0
"""Seconds without an answer to anybody after which a KDC that was passed over counts as silent, so that no login waits for it. Twice the
second that a slow KDC may take for each answer, and less than any deadline that makes sense: the logins that find out end at theirs."""

_LEAST: Final = 0.9 * PASS_OVER  # with less time than that a request's silence is no sign; timers may be a little early
_SLOW: Final = 3.0  # a KDC that is known to be slow gets this many times its usual latency, if that is more
_WEIGHT: Final = 0.125  # of a new measurement in the latency (RFC 6298 2.3, alpha)


class Kdc:
    """One KDC of a realm. Told what happened by those who ask it; `changed` is called, with this KDC, whenever its standing has changed.

    `changes` grows whenever its standing changes or it refuses: if it has not grown, the KDC was there all the time, for all we know.
    `answered_up_to` is when the latest request that was answered had been sent.
    """

    def __init__(self, realm: str, address: Address, clock: Callable[[], float], changed: Callable[["Kdc"], None]) -> None:
        self.realm = realm
        self.address = address
        self.standing = Standing.ANSWERS
        self.latency: float | None = None
        self.offset: float | None = None
        self.detail = ""
        self.changes = 0
        self.answered_up_to = float("-inf")
        self._clock = clock
        self._changed = changed
        self._heard = float("-inf")
        self._unanswered = float("inf")
        self._last_answer: datetime | None = None
        self._since = datetime.now(UTC)

    @property
    def name(self) -> str:
        """What it is called, with its address where that is not the same."""
        name, text = self.address.name, self.address.text
        return text if name in {text, str(self.address.where[0])} else f"{name} ({text})"

    def patience(self, *, alone: bool) -> float:
        """Seconds that it is waited for before others are asked, or, if it is `alone`, before probes are sent."""
        return max(PASS_OVER, _SLOW * (self.latency or 0.0)) if alone else PASS_OVER

    def answered(self, seconds: float | None) -> None:
        """A whole reply came, whatever it says, after so many seconds if that is known."""
        self._heard = self._clock()
        self._last_answer = datetime.now(UTC)
        self._unanswered = float("inf")
        if seconds is not None:
            self.answered_up_to = max(self.answered_up_to, self._heard - seconds)
            self.latency = seconds if self.latency is None else self.latency + _WEIGHT * (seconds - self.latency)
        self._stand(Standing.ANSWERS, "")

    def unanswered(self, since: float) -> None:
        """A request of the time `since` is unanswered until now.

        That says nothing against a KDC that answered somebody meanwhile, or had hardly any time.
        """
        if self._heard >= since or self._clock() - since < _LEAST:
            return
        self._unanswered = min(self._unanswered, since)
        waited = self._clock() - self._unanswered
        if waited >= max(SILENCE, _SLOW * (self.latency or 0.0)):
            self._stand(Standing.SILENT, f"no answer for {waited:.1f} seconds")
        elif self.standing is Standing.ANSWERS:
            self._stand(Standing.PASSED_OVER, f"no answer within {waited:.1f} seconds")

    def refused(self, why: str) -> None:
        """The connection was refused, or there is no way to it."""
        self.changes += 1
        self._stand(Standing.SILENT, why)

    def state(self, *, active: bool) -> KdcState:
        """What is known of it now."""
        return KdcState(
            realm=self.realm,
            name=self.address.name,
            address=self.address.text,
            standing=self.standing,
            active=active,
            latency=self.latency,
            clock_offset=self.offset,
            last_answer=self._last_answer,
            since=self._since,
            detail=self.detail,
        )

    def _stand(self, standing: Standing, detail: str) -> None:
        if standing is self.standing:
            return
        self.changes += 1
        self.standing, self.detail, self._since = standing, detail, datetime.now(UTC)
        self._changed(self)
