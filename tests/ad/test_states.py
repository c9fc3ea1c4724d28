"""Accounts in every state: the exact reason, as exactly as the domain controller tells it, and to whom it is told.

Samba 4.17 says `disabled`, `expired` and `hours` after the right password only, where Windows says them before; it gives no NTSTATUS for a
locked account; and it takes a wrong password and a smart-card-only account for the same. What Windows says otherwise comes from the
scripted KDC, in tests/kdc/protocol/test_reason.py.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ad.conftest import REALM, entry
from tests.ad.domain import PASSWORD, Domain
from tests.integration.kdc import shifted
from tests.integration.service import RunningService, Setup

Start = Callable[..., RunningService]
WRONG = "wrong-K9-Passw0rd"

# account: told to a caller with full disclosure, with right and wrong password; to others with the right one
STATES = {
    "alice": ("granted", "bad-credentials", "granted"),
    "nobody-at-all": ("unknown-user", "unknown-user", "bad-credentials"),
    "disabled": ("account-disabled", "bad-credentials", "bad-credentials"),
    "expired": ("account-expired", "bad-credentials", "bad-credentials"),
    "nighttime": ("logon-hours", "bad-credentials", "bad-credentials"),
    "mustchange": ("password-must-change", "bad-credentials", "password-must-change"),
    "oldpassword": ("password-expired", "bad-credentials", "password-expired"),
    "smartcard": ("bad-credentials", "bad-credentials", "bad-credentials"),
    "elsewhere": ("granted", "bad-credentials", "granted"),
    "nopreauth": ("granted", "bad-credentials", "granted"),
    "notdelegated": ("granted", "bad-credentials", "granted"),
    "protected": ("granted", "bad-credentials", "granted"),
    "Guest": ("account-keys", "account-keys", "bad-credentials"),
}
IN_ARMOUR = {"disabled": "account-restricted", "expired": "account-restricted", "nighttime": "account-restricted"} | {
    "mustchange": "password-expired"
}
NTSTATUS = {
    "disabled": 0xC0000072,
    "expired": 0xC0000193,
    "nighttime": 0xC000006F,
    "mustchange": 0xC0000224,
    "oldpassword": 0xC0000071,
}


@pytest.mark.parametrize("account", STATES)
def test_the_right_password_of_an_account_tells_its_state(service: RunningService, account: str) -> None:
    assert said(service, account, PASSWORD) == STATES[account][0]


@pytest.mark.parametrize("account", STATES)
def test_a_wrong_password_tells_no_more_than_the_domain_controller_does(service: RunningService, account: str) -> None:
    assert said(service, account, WRONG) == STATES[account][1]


@pytest.mark.parametrize("account", STATES)
def test_strangers_hear_of_a_state_only_if_the_password_was_proved(service: RunningService, account: str) -> None:
    assert said(service, account, PASSWORD, token=None) == STATES[account][2]
    assert said(service, account, WRONG, token=None) == "bad-credentials"


@pytest.mark.parametrize(("account", "status"), NTSTATUS.items())
def test_the_status_that_the_domain_controller_gave_is_on_record(service: RunningService, account: str, status: int) -> None:
    assert f"ntstatus:{status}" in service.audited(service.login(account, PASSWORD))["codes"]


def test_a_locked_account_is_restricted_with_any_password(service: RunningService, domain: Domain, tmp_path: Path) -> None:
    user = domain.user()
    for _ in range(10):
        with pytest.raises(AssertionError):
            domain.kinit(user, tmp_path / "cc", password=WRONG)
    assert said(service, user, PASSWORD) == said(service, user, WRONG) == "account-restricted"
    assert said(service, user, PASSWORD, token=None) == "bad-credentials"


@pytest.fixture(scope="module")
def armoured(domain: Domain, keytabs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    setup = Setup((entry(domain, keytabs[REALM], 'default = true\nfast = "require"'),))
    running = RunningService(tmp_path_factory.mktemp("armoured"), setup).start()
    yield running
    running.stop()


@pytest.mark.parametrize("account", STATES)
def test_in_armour_the_domain_controller_says_less(armoured: RunningService, account: str) -> None:
    assert said(armoured, account, PASSWORD) == IN_ARMOUR.get(account, STATES[account][0])
    assert said(armoured, account, WRONG) == STATES[account][1]


def test_a_user_principal_name_is_asked_for_in_armour_as_well(armoured: RunningService) -> None:
    assert armoured.login("alice@ad.kerbauth.test", PASSWORD).json()["user"] == "alice"


def test_a_clock_that_is_off_is_our_trouble_and_nobody_s_password(both: Setup, start: Start, domain: Domain, tmp_path: Path) -> None:
    late = start(both, **shifted("+20m"))
    assert said(late, "alice", PASSWORD) == "server-clock"
    assert late.sso(domain.token("alice", tmp_path / "cc")).json()["reason"] == "clock-skew"


def said(service: RunningService, user: str, password: str, **how: str | None) -> str:
    reply = service.login(user, password, **how)  # type: ignore[arg-type]  # only `token` is ever given
    return str(reply.json().get("reason", reply.json()["verdict"]))
