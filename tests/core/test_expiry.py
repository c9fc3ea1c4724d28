from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.expiry import expiry_notices
from kerbauth.core.messages import Counted
from kerbauth.core.outcome import Notice, Severity
from kerbauth.core.reasons import Reason
from kerbauth.texts import load_texts

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ENGLISH = load_texts(["en"], "en")


def texts(notices: tuple[Notice, ...]) -> list[str]:
    return [ENGLISH.notice("en", notice) for notice in notices]


@pytest.mark.parametrize(
    ("later", "text"),
    [
        (timedelta(microseconds=1), "Your password expires today. Change it before it does."),
        (timedelta(hours=11, minutes=59), "Your password expires today. Change it before it does."),
        (timedelta(hours=12), "Your password expires in 1 day. Change it before it does."),
        (timedelta(days=3), "Your password expires in 3 days. Change it before it does."),
        (timedelta(days=7, hours=11), "Your password expires in 7 days. Change it before it does."),
    ],
)
def test_a_passwords_end_is_told_in_days(later: timedelta, text: str) -> None:
    (notice,) = found = expiry_notices(NOW, NOW + later, None, False, 7)
    assert (notice.severity, notice.reason, texts(found)) == (Severity.WARNING, Reason.PASSWORD_EXPIRES_SOON, [text])


def test_an_accounts_end_is_told_as_such() -> None:
    (notice,) = found = expiry_notices(NOW, None, NOW + timedelta(days=2), False, 7)
    assert notice.reason is Reason.ACCOUNT_EXPIRES_SOON
    assert texts(found) == ["Your account expires in 2 days. Ask your administrator to extend it."]


def test_where_the_kdc_does_not_say_which_the_text_says_both() -> None:
    (notice,) = found = expiry_notices(NOW, NOW + timedelta(days=2), None, True, 7)
    assert notice.reason is Reason.PASSWORD_EXPIRES_SOON
    (text,) = texts(found)
    assert text.startswith("Your password or account expires in 2 days. ")


def test_both_ends_are_told_where_the_kdc_tells_them_apart() -> None:
    notices = expiry_notices(NOW, NOW + timedelta(days=2), NOW + timedelta(days=3), False, 7)
    assert [notice.reason for notice in notices] == [Reason.PASSWORD_EXPIRES_SOON, Reason.ACCOUNT_EXPIRES_SOON]


@pytest.mark.parametrize("later", [timedelta(days=8), timedelta(days=4000), timedelta(0), timedelta(days=-1)])
def test_an_end_that_is_far_off_or_past_is_not_told(later: timedelta) -> None:
    assert expiry_notices(NOW, NOW + later, NOW + later, False, 7) == ()


def test_without_an_end_nothing_is_told() -> None:
    assert expiry_notices(NOW, None, None, True, 7) == ()


@given(st.timedeltas(timedelta(0), timedelta(days=2)))
def test_no_days_ahead_is_never(later: timedelta) -> None:
    assert expiry_notices(NOW, NOW + later, NOW + later, False, 0) == ()


@pytest.mark.parametrize(("hours", "days"), [(0, 0), (9, 1), (-11, 0)])
def test_days_are_those_of_the_time_zone_of_now(hours: int, days: int) -> None:
    now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    (notice,) = expiry_notices(now, datetime(2026, 11, 24, 20, 0, tzinfo=UTC), None, False, 7)
    assert isinstance(notice.detail, Counted)
    assert notice.detail.count == days


@given(st.datetimes(timezones=st.timezones()), st.timedeltas(timedelta(microseconds=1), timedelta(days=30)), st.integers(0, 365))
def test_what_is_told_is_never_further_off_than_asked_for(now: datetime, later: timedelta, within: int) -> None:
    try:
        end = now.astimezone(UTC) + later
        notices = expiry_notices(now, end, None, False, within)
    except OverflowError:  # the last days of the year 9999
        return
    for notice in notices:
        assert isinstance(notice.detail, Counted)
        assert 0 <= notice.detail.count <= within
