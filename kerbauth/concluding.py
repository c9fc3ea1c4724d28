"""Ending an attempt: its record is written before anybody hears the answer."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from kerbauth.attempt import Attempt, Trail
from kerbauth.core.audit import AuditRecord
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Changed, Granted, Notice, Refused, Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.ports import AuditError, AuditSink, LoginObserver
from kerbauth.record import Recorder

_Ending = TypeVar("_Ending", Granted | Refused | Unavailable, Changed | Refused | Unavailable)


class Concluder:
    """Writes each attempt's record, and tells the observers. `now` is the time of day (UTC)."""

    def __init__(self, recorder: Recorder, audit: AuditSink, observers: Sequence[LoginObserver], now: Callable[[], datetime]) -> None:
        self._recorder = recorder
        self._audit = audit
        self._observers = tuple(observers)
        self._now = now

    async def conclude(
        self, request: Attempt, ending: _Ending, trail: Trail, anyway: tuple[Notice, ...] = ()
    ) -> tuple[_Ending | Unavailable, AuditRecord]:
        """How the attempt ends after all, and its record. Without a record there is no answer but `audit`; `anyway` is told with it."""
        record = self._recorder.record(request, ending, trail, self._now())
        request.recorded()
        ends: _Ending | Unavailable = ending
        try:
            await self._audit.write(record)
        except AuditError as error:
            ends = Unavailable(Reason.AUDIT, Stage.AUDIT, diagnostic=str(error), alarm=True, notices=anyway)
            record = self._recorder.record(request, ends, trail, self._now())
        finally:  # cancelled here, an attempt is on record all the same, and nobody hears the answer
            for observer in self._observers:
                observer.observe(record)
        return ends, record
