"""What a user who logs in should know of a password or account that is about to end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kerbauth.core.messages import N_, NN_, Counted
from kerbauth.core.outcome import Notice, Severity
from kerbauth.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class _Words:
    reason: Reason
    today: str
    later: tuple[str, str]


_PASSWORD: Final = _Words(
    Reason.PASSWORD_EXPIRES_SOON,
    N_("Your password expires today. Change it before it does."),
    NN_(
        "Your password expires in {count} day. Change it before it does.",
        "Your password expires in {count} days. Change it before it does.",
    ),
)
_ACCOUNT: Final = _Words(
    Reason.ACCOUNT_EXPIRES_SOON,
    N_("Your account expires today. Ask your administrator to extend it."),
    NN_(
        "Your account expires in {count} day. Ask your administrator to extend it.",
        "Your account expires in {count} days. Ask your administrator to extend it.",
    ),
)
# Changing the password helps in most cases, and is what a user can do; where it does not, it is the account.
_EITHER: Final = _Words(
    Reason.PASSWORD_EXPIRES_SOON,
    N_("Your password or account expires today. Change your password, and ask your administrator if this message stays."),
    NN_(
        "Your password or account expires in {count} day. Change your password, and ask your administrator if this message stays.",
        "Your password or account expires in {count} days. Change your password, and ask your administrator if this message stays.",
    ),
)


def expiry_notices(
    now: datetime,
    password_end: datetime | None,
    account_end: datetime | None,
    ambiguous: bool,  # noqa: FBT001 -- what the KDC said, in the order in which it says it
    within_days: int,
) -> tuple[Notice, ...]:
    """The warnings about ends that are at most `within_days` days off; none where that is 0. All times know their zone.

    `ambiguous`: `password_end` is the earlier of both ends, and the KDC does not say whose. That is so unless it sends `last-req` entries
    of type 6 and 7 (RFC 4120 5.4.2): an MIT KDC has only the one `key-expiration` (src/kdc/do_as_req.c, get_key_exp). Days are days of
    the calendar in the time zone of `now`: what ends at one o'clock tomorrow morning ends in one day. An end that has passed is no
    warning: the KDC, whose clock decides, has let the user in all the same.
    """
    ends = ((password_end, _EITHER if ambiguous else _PASSWORD), (account_end, _ACCOUNT))
    found = ((words, _days(now, end)) for end, words in ends if end is not None and end > now)
    return tuple(_notice(words, days) for words, days in found if 0 < within_days >= days)


def _days(now: datetime, end: datetime) -> int:
    return (end.astimezone(now.tzinfo).date() - now.date()).days


def _notice(words: _Words, days: int) -> Notice:
    return Notice(Severity.WARNING, words.reason, Counted(words.today, *words.later, count=days))
