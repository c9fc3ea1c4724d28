"""The promise of `throttle.ledger.Ledger`, held by every store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from kerbauth.core.budget import UNSETTLED, Budget, Hold, Wait
from kerbauth.core.principal import Principal
from kerbauth.throttle.ledger import FAMILIAR_SECONDS, FAMILIAR_SOURCES, Counted, Ledger, Reservation, Shown, key_of
from tests.throttle.stores import ALIASS, ALICE, ALICES, BOBS, WEEK, FileStore, ServerStore, running_server

Store = FileStore | ServerStore
Opener = Callable[..., Ledger]
ALICE_SHOWN = Shown(ALICES, str(ALICE))


@pytest.fixture(scope="module")
def server() -> Iterator[ServerStore]:
    with running_server() as store:
        yield store


@pytest.fixture(params=["file", "server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "file":
        return FileStore(tmp_path)
    found: ServerStore = request.getfixturevalue("server")
    found.client().flushall()
    return found


@pytest.fixture
async def opened(store: Store) -> AsyncIterator[Opener]:
    """Opens ledgers over the store, each as another process would, and closes them."""
    ledgers: list[Ledger] = []

    def open_one(budget: Budget = WEEK) -> Ledger:
        ledgers.append(store.ledger(budget))
        return ledgers[-1]

    yield open_one
    for ledger in ledgers:
        await ledger.close()


async def reserved(ledger: Ledger, account: str = ALICES, source: str = "192.0.2.1") -> Reservation:
    made = await ledger.reserve(account, source)
    assert isinstance(made, Reservation), made
    return made


async def failed(ledger: Ledger, times: int = 1, source: str = "192.0.2.1", account: str = ALICES) -> None:
    for _ in range(times):
        await ledger.fail(await reserved(ledger, account, source), str(ALICE))


async def test_failures_up_to_the_budget_hold_the_account(opened: Opener) -> None:
    ledger = opened()
    await failed(ledger, 3)
    held = await ledger.reserve(ALICES, "192.0.2.2")
    assert isinstance(held, Hold)
    assert WEEK.window - 60 < held.seconds <= WEEK.window
    assert isinstance(await ledger.reserve(BOBS, "192.0.2.2"), Reservation)


async def test_another_process_sees_the_same_counts(opened: Opener) -> None:
    await failed(opened(), 3)
    assert isinstance(await opened().reserve(ALICES, "192.0.2.2"), Hold)


async def test_attempts_under_way_use_the_budget_up_until_they_are_settled(opened: Opener) -> None:
    ledger = opened()
    made = [await reserved(ledger) for _ in range(3)]
    assert await ledger.reserve(ALICES, "192.0.2.1") == Wait()
    await ledger.cancel(made[0])
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Reservation)


async def test_of_many_at_once_no_more_than_the_budget_are_let_through(opened: Opener) -> None:
    ledgers = [opened() for _ in range(4)]
    answers = await asyncio.gather(*(ledgers[number % 4].reserve(ALICES, f"192.0.2.{number}") for number in range(40)))
    assert sum(isinstance(answer, Reservation) for answer in answers) == 3
    assert {type(answer) for answer in answers} == {Reservation, Wait}


async def test_a_success_forgets_the_failures_before_it(opened: Opener) -> None:
    ledger = opened()
    await failed(ledger, 2)
    await ledger.succeed(await reserved(ledger), ALICES, str(ALICE))
    assert await ledger.counted() == ()
    await failed(ledger, 3)


async def test_a_success_forgets_neither_what_is_under_way_nor_what_failed_since_it_began(opened: Opener) -> None:
    ledger = opened()
    right, wrong, pending = [await reserved(ledger) for _ in range(3)]
    await ledger.fail(wrong, str(ALICE))
    await ledger.succeed(right, ALICES, str(ALICE))
    (counted,) = await ledger.counted()
    assert (counted.failures, counted.under_way) == (1, 1)
    await ledger.cancel(pending)


async def test_what_is_never_settled_counts_until_it_cannot_matter_any_more(opened: Opener, store: Store) -> None:
    ledger = opened()
    for _ in range(3):
        await reserved(ledger)
    assert await ledger.reserve(ALICES, "192.0.2.1") == Wait()
    store.age(UNSETTLED + 1)
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Hold), "nobody will settle it any more: it is a failure"
    store.age(WEEK.window)
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Reservation)


async def test_failures_leave_the_window(opened: Opener, store: Store) -> None:
    ledger = opened()
    await failed(ledger, 3)
    store.age(WEEK.window + 1)
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Reservation)


async def test_where_the_owner_was_let_in_a_reserve_is_kept(opened: Opener, store: Store) -> None:
    ledger = opened(Budget(failures=3, window=WEEK.window, reserve=1))
    await ledger.succeed(await reserved(ledger, source="192.0.2.9"), ALICES, str(ALICE))
    await failed(ledger, 2, source="198.51.100.1")
    assert isinstance(await ledger.reserve(ALICES, "198.51.100.1"), Hold)
    home = await reserved(ledger, source="192.0.2.9")
    assert home.familiar
    await ledger.fail(home, str(ALICE))
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.9"), Hold), "the budget holds for the owner, too"
    store.age(FAMILIAR_SECONDS + 1)
    assert not (await reserved(ledger, source="192.0.2.9")).familiar


async def test_the_latest_familiar_sources_are_remembered(opened: Opener) -> None:
    ledger = opened()
    for number in range(FAMILIAR_SOURCES + 1):
        await ledger.succeed(await reserved(ledger, source=f"192.0.2.{number}"), ALICES, str(ALICE))
    familiar = [(await reserved(ledger, source=f"192.0.2.{number}")).familiar for number in (0, 1, FAMILIAR_SOURCES)]
    assert familiar == [False, True, True]


async def test_a_name_proved_to_be_anothers_counts_for_that_account_from_then_on(opened: Opener) -> None:
    ledger = opened()
    await failed(ledger, 1, account=ALIASS)
    first, second = await reserved(ledger, ALIASS), await reserved(ledger, ALIASS)
    await ledger.succeed(first, ALICES, str(ALICE))
    await ledger.fail(second, str(ALICE))  # let through under the other name, settled under this one
    await failed(ledger, 1, account=ALICES)
    await failed(ledger, 1, account=ALIASS)
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Hold)
    assert isinstance(await ledger.reserve(ALIASS, "192.0.2.1"), Hold)
    assert [each.account for each in await ledger.counted()] == [ALICES]


async def test_a_failure_told_twice_counts_once(opened: Opener) -> None:
    ledger = opened()
    made = await reserved(ledger)
    await ledger.fail(made, None)
    await ledger.fail(made, None)
    assert [each.failures for each in await ledger.counted()] == [1]


async def test_who_is_counted_is_listed_those_held_longest_first(opened: Opener) -> None:
    ledger = opened(Budget(failures=2, window=WEEK.window))
    await ledger.fail(await reserved(ledger, BOBS), None)
    await failed(ledger, 2)
    first, second = await ledger.counted()
    assert (first.account, first.name, first.failures, first.under_way) == (ALICES, "alice@KA.TEST", 2, 0)
    assert first.held_seconds > 0
    assert second == Counted(BOBS, None, 1, 0, 0.0)


async def test_a_released_account_may_be_tried_again_at_once(opened: Opener) -> None:
    ledger = opened()
    await failed(ledger, 3)
    await failed(ledger, 3, account=BOBS)
    assert await ledger.release(ALICES) == 1
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Reservation)
    assert isinstance(await ledger.reserve(BOBS, "192.0.2.1"), Hold)
    assert await ledger.release(ALICES) == 0


async def test_all_accounts_are_released_together(opened: Opener) -> None:
    ledger = opened()
    await failed(ledger, 3)
    await failed(ledger, 3, account=BOBS)
    assert await ledger.release(None) == 2
    assert await ledger.counted() == ()


async def test_an_unknown_name_is_in_the_store_in_no_form(opened: Opener, store: Store) -> None:
    ledger = opened()
    await ledger.fail(await reserved(ledger), None)
    await ledger.close()
    assert b"alice" not in store.content()


@pytest.mark.parametrize(("source", "overall", "why"), [(2, 0, "source"), (0, 2, "overall"), (0, 0, "")])
async def test_failures_of_sources_are_counted_within_a_window(store: Store, source: int, overall: int, why: str) -> None:
    ledger, windows = store.both(source, overall)
    assert await windows.held("192.0.2.1") == ("", 0.0)
    for _ in range(2):
        await windows.count("192.0.2.1")
    held, seconds = await windows.held("192.0.2.1")
    assert held == why
    assert 0 < seconds <= 60 if why else seconds == 0
    assert (await windows.held("198.51.100.1"))[0] == ("overall" if overall else "")
    await ledger.close()


async def test_attempts_of_a_killed_process_are_released_too(opened: Opener, store: Store) -> None:
    ledger = opened()
    for _ in range(3):
        await reserved(ledger)
    assert await ledger.release(ALICES) == 0, "what may still be settled stays"
    store.age(UNSETTLED + 1)
    assert [(each.failures, each.under_way) for each in await ledger.counted()] == [(3, 0)]
    assert await ledger.release(ALICES) == 1
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Reservation)


async def test_a_success_forgets_attempts_of_a_killed_process(opened: Opener, store: Store) -> None:
    ledger = opened()
    await reserved(ledger)
    store.age(UNSETTLED + 1)
    await ledger.succeed(await reserved(ledger), ALICES, str(ALICE))
    assert await ledger.counted() == ()


async def test_failures_are_taken_over_once(opened: Opener, store: Store, tmp_path: Path) -> None:
    other = FileStore(tmp_path).ledger() if isinstance(store, ServerStore) else opened()
    await failed(other, 2)
    ledger = opened()
    for _ in range(2):
        await ledger.adopt(await other.failures())
    assert [each.failures for each in await ledger.counted()] == [2]
    await failed(ledger, 1)
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Hold)
    await other.close()


async def test_a_name_that_was_given_to_somebody_else_takes_no_failures_along(opened: Opener) -> None:
    ledger = opened()
    await ledger.succeed(await reserved(ledger, ALIASS), ALICES, str(ALICE))
    await failed(ledger, 2, account=ALICES)
    await ledger.succeed(await reserved(ledger, ALIASS), BOBS, "bob@KA.TEST")
    await failed(ledger, 1, account=ALICES)
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Hold)


async def shown(ledger: Ledger, asked: str = ALIASS, source: str = "192.0.2.1") -> Reservation:
    """An attempt under another name, of which the KDC has shown that it is about alice."""
    made = await ledger.reserve_also(await reserved(ledger, asked, source), ALICE_SHOWN)
    assert isinstance(made, Reservation), made
    return made


async def numbers(ledger: Ledger) -> dict[str, tuple[int, int]]:
    """Failures and attempts under way by account."""
    return {each.account: (each.failures, each.under_way) for each in await ledger.counted()}


async def test_an_attempt_counts_for_the_account_that_the_kdc_has_shown_behind_the_name_as_well(opened: Opener) -> None:
    ledger = opened()
    made = await shown(ledger)
    assert await numbers(ledger) == {ALIASS: (0, 1), ALICES: (0, 1)}
    await ledger.fail(made, "a.smith@KA.TEST")
    assert await numbers(ledger) == {ALIASS: (1, 0), ALICES: (1, 0)}
    assert {each.account: each.name for each in await ledger.counted()} == {ALIASS: "a.smith@KA.TEST", ALICES: "alice@KA.TEST"}


async def test_an_attempt_that_costs_nothing_is_taken_back_from_both_accounts(opened: Opener) -> None:
    ledger = opened()
    await ledger.cancel(await shown(ledger))
    assert await ledger.counted() == ()


async def test_names_of_one_account_have_one_budget_before_any_of_them_was_proved(opened: Opener) -> None:
    ledger = opened()
    await failed(ledger, 1)
    for name in ("one", "two"):
        await ledger.fail(await shown(ledger, key_of(Principal((name,), "KA.TEST"))), None)
    assert isinstance(await ledger.reserve_also(await reserved(ledger, ALIASS), ALICE_SHOWN), Hold)
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Hold)


async def test_an_account_that_is_used_up_lets_nobody_through_and_nothing_is_written_down_for_it(opened: Opener) -> None:
    ledger = opened()
    waiting = await reserved(ledger, ALIASS)
    for _ in range(3):
        await reserved(ledger)
    assert await ledger.reserve_also(waiting, ALICE_SHOWN) == Wait()
    assert await numbers(ledger) == {ALIASS: (0, 1), ALICES: (0, 3)}


async def test_of_many_names_at_once_no_more_than_the_accounts_budget_are_let_through(opened: Opener) -> None:
    ledgers = [opened() for _ in range(4)]

    async def attempt(number: int) -> Reservation | Wait | Hold:
        ledger = ledgers[number % 4]
        asked = key_of(Principal((f"name-{number % 10}",), "KA.TEST"))
        made = await ledger.reserve(asked, f"192.0.2.{number}")
        return await ledger.reserve_also(made, ALICE_SHOWN) if isinstance(made, Reservation) else made

    answers = await asyncio.gather(*(attempt(number) for number in range(40)))
    assert sum(isinstance(answer, Reservation) for answer in answers) == 3


async def test_between_two_names_of_an_account_there_is_no_pause(opened: Opener) -> None:
    ledger = opened(Budget(failures=5, window=WEEK.window, pause=60.0))
    await failed(ledger, 2)
    assert isinstance(await ledger.reserve(ALICES, "192.0.2.1"), Hold)
    assert (await shown(ledger)).also == ALICE_SHOWN


async def test_the_owners_sources_have_the_reserve_under_every_name(opened: Opener) -> None:
    ledger = opened(Budget(failures=3, window=WEEK.window, reserve=1))
    await ledger.succeed(await reserved(ledger, source="192.0.2.9"), ALICES, str(ALICE))
    await failed(ledger, 2, source="198.51.100.1")
    assert isinstance(await ledger.reserve_also(await reserved(ledger, ALIASS, "198.51.100.1"), ALICE_SHOWN), Hold)
    assert (await shown(ledger, source="192.0.2.9")).also == ALICE_SHOWN


async def test_a_name_that_was_proved_to_be_the_accounts_is_not_counted_there_twice(opened: Opener) -> None:
    ledger = opened()
    await ledger.succeed(await reserved(ledger, ALIASS), ALICES, str(ALICE))
    made = await shown(ledger)
    assert made.also is None
    await ledger.fail(made, None)
    assert await numbers(ledger) == {ALICES: (1, 0)}


async def test_attempts_under_way_count_once_when_the_name_is_proved_to_be_the_accounts(opened: Opener) -> None:
    ledger = opened()
    right, wrong, gone = [await shown(ledger) for _ in range(3)]
    await ledger.succeed(right, ALICES, str(ALICE))
    assert await numbers(ledger) == {ALICES: (0, 2)}
    await ledger.fail(wrong, None)
    await ledger.cancel(gone)
    assert await numbers(ledger) == {ALICES: (1, 0)}


async def test_a_success_under_another_name_forgets_what_was_counted_under_both(opened: Opener) -> None:
    ledger = opened()
    await ledger.fail(await shown(ledger), None)
    await failed(ledger, 1)
    await ledger.succeed(await shown(ledger), ALICES, str(ALICE))
    assert await ledger.counted() == ()


async def test_a_success_forgets_of_another_account_only_what_it_owed_itself(opened: Opener) -> None:
    """A renamed account keeps the salt with its old name, which may be somebody else's by now."""
    ledger = opened(Budget(failures=5, window=WEEK.window))
    await failed(ledger, 1)
    await ledger.fail(await shown(ledger, BOBS), None)
    right, under_way = await shown(ledger, BOBS), await shown(ledger, ALIASS)
    await ledger.succeed(right, BOBS, "bob@KA.TEST")
    assert await numbers(ledger) == {ALICES: (1, 1), ALIASS: (0, 1)}
    await ledger.cancel(under_way)


async def test_failures_of_both_accounts_are_taken_over(opened: Opener, store: Store, tmp_path: Path) -> None:
    other = FileStore(tmp_path).ledger() if isinstance(store, ServerStore) else opened()
    await other.fail(await shown(other), None)
    ledger = opened()
    await ledger.adopt(await other.failures())
    assert await numbers(ledger) == {ALIASS: (1, 0), ALICES: (1, 0)}
    await other.close()
