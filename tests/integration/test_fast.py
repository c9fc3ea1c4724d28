"""Passwords in armour (FAST): what leaves, and what comes back."""

from collections.abc import Callable, Iterator

import pytest
import requests

from tests.integration.armoured import ACCOUNT, WRONG, Armoured, Run, armoured_services, entry, fast_realm, in_armour
from tests.integration.conftest import CANARY
from tests.integration.kdc import LabRealm
from tests.integration.service import RunningService, Setup
from tests.kdc import wire
from tests.kdc.behaviours import relay
from tests.kdc.scripted import scripted_kdc

Start = Callable[..., RunningService]


@pytest.fixture(scope="module")
def realm_with_fast() -> Iterator[LabRealm]:
    with fast_realm() as running:
        yield running


@pytest.fixture
def armoured(realm_with_fast: LabRealm, start: Start) -> Iterator[Run]:
    with armoured_services(realm_with_fast, start) as run:
        yield run


@pytest.fixture(scope="module")
def with_and_without(realm_with_fast: LabRealm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Armoured, Armoured]]:
    """Two services on one realm: one that requires armour and one that has none."""
    with scripted_kdc(relay, upstream=realm_with_fast.kdc) as between:
        setups = {mode: Setup((entry(realm_with_fast, between, mode),)) for mode in ("require", "off")}
        services = [RunningService(tmp_path_factory.mktemp(mode), setup).start() for mode, setup in setups.items()]
        yield Armoured(services[0], between, realm_with_fast), Armoured(services[1], between, realm_with_fast)
        assert [service.stop() for service in services] == [0, 0]


def told(reply: requests.Response) -> dict[str, object]:
    """A reply without what is this one's own."""
    return {key: value for key, value in reply.json().items() if key != "correlation_id"}


@pytest.mark.parametrize("mode", ["try", "require"])
@pytest.mark.parametrize("password", [CANARY, "wrong"], ids=["right", "wrong"])
def test_nothing_that_a_password_made_leaves_outside_the_armour(armoured: Run, mode: str, password: str) -> None:
    login = armoured(mode)
    assert login.said("alice", password)[0] == (200 if password == CANARY else 401)
    asked = login.asked_about("alice")
    assert len(asked) == 2
    assert all(wire.FX_FAST in kinds and wire.PROOFS.isdisjoint(kinds) for kinds in asked)


def test_without_the_setting_nothing_is_armoured(with_and_without: tuple[Armoured, Armoured]) -> None:
    _, without = with_and_without
    before = len(without.between.asked)
    assert without.said("bob") == (200, None)
    assert not any(in_armour(asked) for asked in without.between.asked[before:])


@pytest.mark.parametrize(
    ("user", "password", "reason"),
    [
        ("alice", CANARY, None),
        ("alice", "wrong", "bad-credentials"),
        ("unproved", CANARY, None),
        ("unproved", "wrong", "bad-credentials"),
        ("nobody", CANARY, "unknown-user"),
        ("expired", CANARY, "password-expired"),
        ("expired", "wrong", "bad-credentials"),
        ("mustchange", CANARY, "password-must-change"),
        ("disabled", CANARY, "account-disabled"),
        ("gone", CANARY, "account-expired"),
        ("soon", CANARY, None),
    ],
    ids=lambda value: "right" if value == CANARY else None,  # a test's name is in the environment of what it starts
)
def test_every_answer_is_the_same_as_without_armour(
    with_and_without: tuple[Armoured, Armoured], user: str, password: str, reason: str | None
) -> None:
    replies = [each.service.login(user, password, None) for each in with_and_without]
    assert told(replies[0]) == told(replies[1])
    assert replies[0].json().get("reason") == reason
    records = [each.service.audited(reply) for each, reply in zip(with_and_without, replies, strict=True)]
    assert records[0]["codes"] == records[1]["codes"]


def test_a_lockout_is_told_in_armour(with_and_without: tuple[Armoured, Armoured]) -> None:
    inside, _ = with_and_without
    assert inside.said("locked", "wrong") == WRONG
    assert inside.said("locked") == (401, "account-locked")


def test_a_wrong_password_is_checked_once_and_the_ticket_comes_in_one_exchange(with_and_without: tuple[Armoured, Armoured]) -> None:
    inside, _ = with_and_without
    mark = inside.realm.mark()
    assert inside.said("carol", "wrong") == WRONG
    assert inside.realm.failed_password_checks(mark, "carol") == 1
    mark = inside.realm.mark()
    assert inside.said("carol") == (200, None)
    assert [(request.kind, request.status) for request in inside.realm.requests(mark)] == [
        ("AS_REQ", "NEEDED_PREAUTH"),
        ("AS_REQ", "ISSUE"),
    ]


def test_one_ticket_serves_many_logins(with_and_without: tuple[Armoured, Armoured]) -> None:
    inside, _ = with_and_without
    assert inside.said("bob") == (200, None)
    before = len(inside.asked_about(ACCOUNT))
    assert [inside.said("bob")[0] for _ in range(10)] == [200] * 10
    assert len(inside.asked_about(ACCOUNT)) == before


def test_without_an_account_the_service_principals_ticket_is_the_armour(armoured: Run) -> None:
    login = armoured("require", account="")
    assert login.said("alice") == (200, None)
    assert login.asked_about(ACCOUNT) == []


def test_the_old_password_of_a_change_goes_out_in_armour(armoured: Run) -> None:
    login = armoured("require")
    new = CANARY + "-new"
    assert login.service.change_password("bob", CANARY, new).status_code == 200
    assert login.service.change_password("bob", new, CANARY).status_code == 200
    asked = login.asked_about("bob")
    assert asked
    assert all(wire.FX_FAST in kinds and wire.PROOFS.isdisjoint(kinds) for kinds in asked)
