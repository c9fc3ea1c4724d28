"""Lock-out arithmetic: what a domain counts against an account, by whichever of its names and at whichever door wrong passwords come."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.ad.conftest import ONE_NAMES, REALM, entry
from tests.ad.domain import PASSWORD, Domain
from tests.integration.service import RunningService, Setup

BUDGET = 4
THROTTLE = f"account_failures = {BUDGET}\nreserve = 0\npause = 0.0\nsource_failures = 0\noverall_failures = 0\nrepeat_seconds = 0.0"
SUFFIX = 'default = true\nupn_suffixes = ["corp.example"]'

numbers = itertools.count(1)

Door = Callable[[RunningService, str, str], requests.Response]


def login(service: RunningService, name: str, password: str) -> requests.Response:
    return service.login(name, password)


def change(service: RunningService, name: str, password: str) -> requests.Response:
    return service.change_password(name, password, "another-K9-Passw0rd")


DOORS = [login, change]


def wrong() -> str:
    return f"wrong-K9-{next(numbers)}"


def names_of(user: str, upn: str) -> list[str]:
    """Every sort of name by which people type an account."""
    return [
        user,
        user.upper(),
        f"{user}@{REALM.lower()}",
        f"{user}@{REALM}",
        f"{user}@KERBAUTH",
        rf"KERBAUTH\{user}",
        rf"{REALM.lower()}\{user}",
        upn,
        upn.upper(),
    ]


@pytest.fixture(scope="module")
def strict(domain: Domain, keytabs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    setup = Setup((entry(domain, keytabs[REALM], SUFFIX, ONE_NAMES),), throttle=THROTTLE, server="refusal_floor = 0.0\nworkers = 2")
    running = RunningService(tmp_path_factory.mktemp("strict"), setup).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def account(domain: Domain) -> list[str]:
    """All names of an account that nobody has logged in to yet; its sAMAccountName first."""
    upn = f"given.family{next(numbers)}@corp.example"
    return names_of(domain.user(userPrincipalName=upn), upn)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("which", range(len(names_of("user", "upn"))), ids=names_of("user", "upn"))
def test_a_wrong_password_counts_once_by_any_name_at_any_door(
    strict: RunningService, domain: Domain, account: list[str], which: int, door: Door
) -> None:
    assert door(strict, account[which], wrong()).json()["reason"] == "bad-credentials"
    assert domain.bad_passwords(account[0]) == 1


def test_all_names_and_doors_together_stay_within_the_budget(strict: RunningService, domain: Domain, account: list[str]) -> None:
    reasons = [door(strict, name, wrong()).json()["reason"] for name in account * 2 for door in DOORS]
    assert domain.bad_passwords(account[0]) == BUDGET
    assert (reasons[:BUDGET], set(reasons[BUDGET:])) == (["bad-credentials"] * BUDGET, {"throttled"})


def test_all_names_at_once_stay_within_the_budget(strict: RunningService, domain: Domain, account: list[str]) -> None:
    tries = [(door, name) for name in account * 3 for door in DOORS]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda each: each[0](strict, each[1], wrong()), tries))
    assert domain.bad_passwords(account[0]) == BUDGET


def test_names_that_were_proved_stay_within_the_budget(strict: RunningService, domain: Domain, account: list[str]) -> None:
    for name in account:
        assert strict.login(name, PASSWORD).status_code == 200
    assert domain.bad_passwords(account[0]) == 0
    for name in account * 2:
        strict.login(name, wrong())
    assert domain.bad_passwords(account[0]) == BUDGET


def test_a_success_by_one_name_clears_what_was_counted_by_the_others(strict: RunningService, domain: Domain, account: list[str]) -> None:
    user, upn = account[0], account[-2]
    for name in (user, upn, upn):
        strict.login(name, wrong())
    assert strict.login(upn, PASSWORD).status_code == 200
    for _ in range(BUDGET - 1):
        assert strict.login(user, wrong()).json()["reason"] == "bad-credentials"
    assert strict.login(user, PASSWORD).status_code == 200


def test_a_renamed_account_keeps_its_budget(strict: RunningService, domain: Domain, account: list[str]) -> None:
    old, upn = account[0], account[-2]
    new = f"renamed{next(numbers)}"
    domain.ask("set", old, sAMAccountName=new)
    for _ in range(3):
        for name in (new, f"{new}@{REALM}", upn):
            strict.login(name, wrong())
    assert domain.bad_passwords(new) == BUDGET


def test_strangers_hear_the_same_of_the_other_names_of_a_held_account_as_of_no_account(strict: RunningService, account: list[str]) -> None:
    for _ in range(BUDGET):
        strict.login(account[0], wrong(), token=None)
    told: list[list[tuple[int, str]]] = []
    for name in (account[-2], f"no.body{next(numbers)}@corp.example"):
        replies = [strict.login(name, wrong(), token=None) for _ in range(BUDGET + 1)]
        told.append([(reply.status_code, reply.text.replace(reply.headers["X-Correlation-ID"], "")) for reply in replies])
    assert told[0] == told[1]
    assert [status for status, _ in told[0]] == [401] * BUDGET + [429]


@pytest.fixture(scope="module")
def armoured(domain: Domain, keytabs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    realm = entry(domain, keytabs[REALM], f'{SUFFIX}\nfast = "require"', ONE_NAMES)
    running = RunningService(tmp_path_factory.mktemp("armoured"), Setup((realm,), throttle=THROTTLE, server="refusal_floor = 0.0")).start()
    yield running
    running.stop()


def test_in_armour_names_that_were_proved_stay_within_the_budget(armoured: RunningService, domain: Domain, account: list[str]) -> None:
    for name in account:
        assert armoured.login(name, PASSWORD).status_code == 200
    for name in account * 2:
        armoured.login(name, wrong())
    assert domain.bad_passwords(account[0]) == BUDGET


def test_in_armour_an_account_costs_at_most_three_budgets_before_its_names_were_proved(
    armoured: RunningService, account: list[str]
) -> None:
    """The domain locks it before that: 10 is its threshold."""
    reasons = [armoured.login(name, wrong()).json()["reason"] for name in account * 5]
    assert sum(reason != "throttled" for reason in reasons) == 3 * BUDGET


def test_a_user_of_another_domain_whom_the_first_refers_to_it_stays_within_the_budget(
    both: Setup, start: Callable[[Setup], RunningService], domain: Domain, other_domain: Domain
) -> None:
    service, user = start(replace(both, throttle=THROTTLE)), other_domain.user()
    for name in (rf"CORP2\{user}", f"{user}@corp2.test", rf"{user}\@corp2.test") * 3:
        service.login(name, wrong())
    assert other_domain.bad_passwords(user) == BUDGET
