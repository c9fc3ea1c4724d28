"""One request to the KDCs of a realm, one after the other, and all who were asked are listened to: whoever answers first has answered."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from kerbauth.core.kdc_state import Standing
from kerbauth.kdc.transport.errors import ExchangeError, NoKdcError, NoSocketError, RefusedError
from kerbauth.kdc.transport.exchange import Line
from kerbauth.kdc.transport.kdc import Kdc
from kerbauth.kdc.transport.reading import RESPONSE_TOO_BIG, SERVICE_UNAVAILABLE, error_code
from kerbauth.kdc.transport.sending import Copies, Sending

_GO_ON: Final = frozenset({SERVICE_UNAVAILABLE, RESPONSE_TOO_BIG})
"""KRB-ERRORs after which the next KDC is asked. "Too big" comes here only from a KDC that says it over TCP as well."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A KDC's reply. `failed_over` says that a KDC which would have been asked before it does not answer."""

    kdc: Kdc
    reply: bytes
    failed_over: bool = False


class Field(Protocol):
    """The realm's KDCs, as a race sees them."""

    def in_order(self) -> Sequence[Line]:
        """Those that may be asked now, the one to begin with first. Silent ones are not among them."""

    def change(self) -> asyncio.Future[None]:
        """Done as soon as some KDC's standing, or the list itself, changes. Not to be cancelled."""

    def why_nobody(self) -> str:
        """One sentence on why no KDC is there to be asked."""


@dataclass(slots=True)
class _Asked:
    line: Line
    at: float
    over_udp: bool
    overdue: bool = False


class Race:
    """One request on its way to one KDC after the other."""

    def __init__(self, field: Field, request: bytes, until: float) -> None:
        self._field = field
        self._request = request
        self._until = until
        self._loop = asyncio.get_running_loop()
        self._under_way: dict[asyncio.Task[bytes], _Asked] = {}
        self._times = 0
        self._done_with: set[Kdc] = set()
        self._next: Line | None = None
        self._unavailable: Answered | None = None
        self._failures: list[str] = []

    async def run(self) -> Answered:
        """The first answer. Raises NoKdcError at the latest at `until`."""
        try:
            while self._loop.time() < self._until:
                change = self._field.change()
                self._ask_who_is_next()
                if not self._under_way or (self._unavailable is not None and not any(map(self._hope, self._under_way.values()))):
                    break
                waited_for: set[asyncio.Future[Any]] = {*self._under_way, change}
                await asyncio.wait(waited_for, timeout=self._time(), return_when=asyncio.FIRST_COMPLETED)
                answer = self._look()
                if answer is not None:
                    return answer
        finally:
            for task in self._under_way:
                if not task.cancel() and not task.cancelled():
                    task.exception()  # it failed in the very moment; nobody needs it any more
        if self._unavailable is not None:
            return self._unavailable
        raise NoKdcError(self._diagnostic(), asked=self._times > 0)

    def _ask_who_is_next(self) -> None:
        """Ask until there is somebody to hope for: at once all who are not known to answer, as long as nobody is."""
        self._next = self._candidate()
        while self._next is not None and not any(map(self._hope, self._under_way.values())):
            line = self._next
            self._times += 1
            self._done_with.add(line.kdc)
            task = self._loop.create_task(line.ask(self._request, Sending(line.kdc, Copies.ANY)))
            self._under_way[task] = _Asked(line, self._loop.time(), line.over_udp)
            self._next = self._candidate()

    def _candidate(self) -> Line | None:
        return next((line for line in self._field.in_order() if line.kdc not in self._done_with), None)

    def _hope(self, asked: _Asked) -> bool:
        return not asked.overdue and asked.line.kdc.standing is Standing.ANSWERS

    def _overdue_at(self, asked: _Asked) -> float:
        return asked.at + asked.line.kdc.patience(alone=self._next is None)

    def _time(self) -> float:
        """Seconds until somebody is to be passed over, or the time is up."""
        ends = min([self._until, *(self._overdue_at(each) for each in self._under_way.values() if not each.overdue)])
        return max(0.0, ends - self._loop.time())

    def _look(self) -> Answered | None:
        """What has happened to those who were asked."""
        for task in [task for task in self._under_way if task.done()]:
            asked = self._under_way.pop(task)
            answer = self._outcome(task, asked)
            if answer is not None:
                return answer
        for task in [task for task, asked in self._under_way.items() if asked.over_udp and not asked.line.over_udp]:
            task.cancel()  # it was found to answer over TCP only: to be asked again
            self._done_with.discard(self._under_way.pop(task).line.kdc)
        now = self._loop.time()
        for asked in self._under_way.values():
            if now >= self._overdue_at(asked):
                asked.overdue = True
                asked.line.kdc.unanswered(asked.at)
        return None

    def _outcome(self, task: asyncio.Task[bytes], asked: _Asked) -> Answered | None:
        kdc = asked.line.kdc
        try:
            reply = task.result()
        except ExchangeError as error:
            self._failures.append(error.diagnostic)
            if isinstance(error, RefusedError):
                kdc.refused(error.diagnostic)
                self._done_with.discard(kdc)  # it is silent now; once a probe finds it again, it may be asked again
            elif not isinstance(error, NoSocketError):
                kdc.unanswered(asked.at)
            return None
        answer = Answered(kdc, reply, failed_over=self._times > 1)
        if error_code(reply) in _GO_ON:
            self._unavailable = self._unavailable or answer
            return None
        return answer

    def _diagnostic(self) -> str:
        silent = [asked.line.kdc.name for asked in self._under_way.values()]
        waited = [f"no answer from {', '.join(silent)}"] if silent else []
        return "; ".join([*self._failures, *waited]) or self._field.why_nobody()
