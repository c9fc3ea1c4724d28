"""The table of reasons against the public contract, written down here once more as data."""

import re

import pytest

from kerbauth.core.reason_table import REASONS, table
from kerbauth.core.reasons import Kind, Reason, ReasonInfo, Retry

ACCOUNT = ((401,), Retry.NO)
BAD_FORM = ((422,), Retry.NO)
TOKEN = ((401,), Retry.FRESH_TOKEN)
PERMISSION = ((403,), Retry.NO)
OUTAGE = ((503,), Retry.YES)
REPAIR = ((503,), Retry.AFTER_REPAIR)
ON_A_YES = ((200,), Retry.NO)

REFUSED = {
    "bad-credentials": ACCOUNT,
    "unknown-user": ACCOUNT,
    "empty-password": BAD_FORM,
    "password-too-long": BAD_FORM,
    "malformed-name": BAD_FORM,
    "unknown-realm": ACCOUNT,
    "password-expired": ACCOUNT,
    "password-must-change": ACCOUNT,
    "account-disabled": ACCOUNT,
    "account-locked": ACCOUNT,
    "account-expired": ACCOUNT,
    "account-not-yet-valid": ACCOUNT,
    "logon-hours": ACCOUNT,
    "logon-workstation": ACCOUNT,
    "account-restricted": ACCOUNT,
    "account-keys": ACCOUNT,
    "preauth-required": ACCOUNT,
    "wrong-realm": ACCOUNT,
    "clock-skew": ((401,), Retry.YES),
    "ticket-expired": TOKEN,
    "ticket-replayed": TOKEN,
    "ticket-not-for-us": TOKEN,
    "bad-token": TOKEN,
    "token-too-large": TOKEN,
    "ntlm-not-supported": TOKEN,
    "channel-binding": TOKEN,
    "no-verified-pac": TOKEN,
    "no-user-mapping": PERMISSION,
    "unknown-genesys-user": PERMISSION,
    "user-disabled": PERMISSION,
    "not-external": PERMISSION,
    "unknown-application": PERMISSION,
    "application-disabled": PERMISSION,
    "not-permitted": PERMISSION,
    "password-rejected": BAD_FORM,
    "client-not-allowed": ((401, 403), Retry.NO),
    "throttled": ((429,), Retry.YES),
    "malformed-request": ((400, 413, 415, 422, 431), Retry.NO),
}

UNAVAILABLE = {
    "kdc-unreachable": OUTAGE,
    "kdc-busy": OUTAGE,
    "kdc-error": OUTAGE,
    "overloaded": OUTAGE,
    "kdc-not-trusted": ((503,), Retry.NO),
    "keytab": REPAIR,
    "service-principal": REPAIR,
    "service-keys": REPAIR,
    "server-clock": REPAIR,
    "trust-path": REPAIR,
    "permission-source": OUTAGE,
    "audit": OUTAGE,
    "internal": ((503, 500), Retry.UNKNOWN),
}

WARNINGS = {"password-expires-soon": ON_A_YES, "account-expires-soon": ON_A_YES, "kdc-failover": ON_A_YES}

GUARDED = {
    "unknown-user",
    "password-expired",
    "password-must-change",
    "account-disabled",
    "account-locked",
    "account-expired",
    "account-not-yet-valid",
    "logon-hours",
    "logon-workstation",
    "account-restricted",
    "account-keys",
    "preauth-required",
    "wrong-realm",
}

# Words of the trade, which mean nothing to a person at a login dialog.
JARGON = re.compile(
    r"\b(kerberos|kdc|keytab|principal|tgt|tgs|ticket|spn|upn|pac|realm|ntlm|gss|spnego|token|kvno|encrypt\w*|radius)\b", re.IGNORECASE
)


def test_every_reason_has_a_row_and_stands_in_the_contract() -> None:
    assert {reason.value for reason in REASONS} == {reason.value for reason in Reason} == set(REFUSED) | set(UNAVAILABLE) | set(WARNINGS)


@pytest.mark.parametrize(
    ("kind", "contract"),
    [(Kind.REFUSED, REFUSED), (Kind.UNAVAILABLE, UNAVAILABLE), (Kind.WARNING, WARNINGS)],
    ids=lambda value: str(value)[:16],
)
def test_kind_statuses_and_retry_are_the_contracts(kind: Kind, contract: dict[str, tuple[tuple[int, ...], Retry]]) -> None:
    rows = {info.reason.value: (info.statuses, info.retry) for info in REASONS.values() if info.kind is kind}
    assert rows == contract


def test_guarded_is_what_a_kdc_says_before_the_password_was_proved() -> None:
    assert {reason.value for reason, info in REASONS.items() if info.guarded} == GUARDED


def test_a_refusal_is_never_a_server_error_and_an_outage_never_the_users() -> None:
    for info in REASONS.values():
        classes = {status // 100 for status in info.statuses}
        assert classes == {{Kind.REFUSED: 4, Kind.UNAVAILABLE: 5, Kind.WARNING: 2}[info.kind]}


def test_no_two_reasons_share_a_title_or_a_text() -> None:
    assert len({info.title for info in REASONS.values()}) == len(REASONS)
    assert len({info.text for info in REASONS.values()}) == len(REASONS)


@pytest.mark.parametrize("row", REASONS.values(), ids=lambda row: row.reason.value)
def test_titles_are_short_and_texts_are_plain_sentences(row: ReasonInfo) -> None:
    assert 2 <= len(row.title.split()) <= 4
    assert row.title[0].isupper()
    assert not row.title.endswith(".")
    assert row.text.endswith(".")
    assert row.hint.endswith(".")
    assert not JARGON.search(row.text)


def test_a_wrong_password_is_told_without_saying_which_of_the_two_was_wrong() -> None:
    text = REASONS[Reason.BAD_CREDENTIALS].text
    assert "name or password" in text


def test_the_usual_status_is_the_first_one() -> None:
    assert REASONS[Reason.CLIENT_NOT_ALLOWED].status == 401


@pytest.mark.parametrize(
    ("reason", "retryable"),
    [
        (Reason.KDC_UNREACHABLE, True),
        (Reason.KEYTAB, True),
        (Reason.CLOCK_SKEW, True),
        (Reason.TICKET_EXPIRED, False),
        (Reason.BAD_CREDENTIALS, False),
        (Reason.INTERNAL, False),
    ],
)
def test_retryable_means_that_the_same_request_may_succeed_later(reason: Reason, retryable: bool) -> None:
    assert REASONS[reason].retryable is retryable


def test_a_reason_without_a_row_is_an_error() -> None:
    with pytest.raises(ValueError, match="no row for bad-credentials"):
        table(info for info in REASONS.values() if info.reason is not Reason.BAD_CREDENTIALS)


def test_a_reason_with_two_rows_is_an_error() -> None:
    with pytest.raises(ValueError, match="two rows for audit"):
        table((*REASONS.values(), REASONS[Reason.AUDIT]))
