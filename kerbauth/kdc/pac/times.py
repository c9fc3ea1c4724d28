"""Windows' times (FILETIME, MS-DTYP 2.3.3): tenths of a microsecond since 1601."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TICKS: Final = 10  # in a microsecond
_LATEST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND * _TICKS


@dataclass(frozen=True, slots=True)
class Times:
    """An account's times (UTC). None is both "never" and "not set": for `password_last_set`, that it must be changed at the next logon."""

    logon: datetime | None
    logoff: datetime | None
    kick_off: datetime | None
    password_last_set: datetime | None
    password_can_change: datetime | None
    password_must_change: datetime | None


def filetime(ticks: int) -> datetime | None:
    """The time, cut to whole microseconds; None for 0 ("not set") and for what is beyond the year 9999: "never" is 2**63 - 1."""
    return _EPOCH + ticks // _TICKS * _MICROSECOND if 0 < ticks <= _LATEST else None
