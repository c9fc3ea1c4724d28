"""The throttle over real stores."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kerbauth.assembly.throttling import throttle_of
from kerbauth.core.budget import Budget
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proof, Proved, Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.ports import Admission, Admitted, Repeated, Source, Throttled, Unsettled
from kerbauth.settings import ThrottleSettings
from kerbauth.throttle.database import IN_MEMORY, Database
from kerbauth.throttle.keeper import NoThrottle, PasswordThrottle
from kerbauth.throttle.ledger import Ledger, LedgerError, Reservation
from kerbauth.throttle.memory import WrongPasswords
from kerbauth.throttle.sqlite import SqliteLedger
from kerbauth.throttle.tiers import Tier
from kerbauth.throttle.valkey import ValkeyLedger
from kerbauth.throttle.valkey_server import Server
from kerbauth.throttle.window_storage import SqliteWindows
from kerbauth.throttle.windows import SourceWindows
from tests.throttle.stores import ALIAS, ALICE, BOB, ServerStore, running_server

HOME, ELSEWHERE, GAX = Source("192.0.2.1"), Source("198.51.100.1"), Source("client:gax", named=True)
WRONG, UNKNOWN = Refused(Reason.BAD_CREDENTIALS, Stage.AS), Refused(Reason.UNKNOWN_USER, Stage.AS)
UNREACHABLE = Unavailable(Reason.KDC_UNREACHABLE, Stage.AS)
WRONG_ONE = "wrong"
BUDGET = Budget(failures=3, window=600.0)


@dataclass
class Counts:
    """What a throttle told its observer."""

    held: list[str] = field(default_factory=list)
    repeats: int = 0
    states: list[bool] = field(default_factory=list)

    def throttle_held(self, why: str) -> None:
        self.held.append(why)

    def throttle_repeated(self) -> None:
        self.repeats += 1

    def throttle_degraded(self, degraded: bool) -> None:
        self.states.append(degraded)


def tier(name: str, path: Path | str, budget: Budget = BUDGET, source: int = 0, overall: int = 0) -> Tier:
    database = Database(path)
    windows = SourceWindows(SqliteWindows(database), source=source, overall=overall, window=600)
    return Tier(name, SqliteLedger(database, budget), windows)


@dataclass
class Bench:
    """A throttle, its observer, and a clock for what it remembers in memory."""

    throttle: PasswordThrottle
    counts: Counts
    clock: list[float]

    async def ask(self, password: str = WRONG_ONE, source: Source = HOME, principal: Principal = ALICE) -> Admission:
        return await self.throttle.admit(principal, source, Secret(password.encode()))

    async def login(self, proof: Proof, password: str = WRONG_ONE, source: Source = HOME, principal: Principal = ALICE) -> None:
        admitted = await self.ask(password, source, principal)
        assert isinstance(admitted, Admitted), admitted
        await self.throttle.settle(admitted, proof)


Maker = Callable[..., Bench]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Maker]:
    made: list[PasswordThrottle] = []

    def bench(*tiers: Tier, repeat: float = 0.0, **limits: object) -> Bench:
        counts, clock = Counts(), [1000.0]
        stores = tiers or (tier("file", tmp_path / "throttle.sqlite3", **limits), tier("memory", IN_MEMORY))  # type: ignore[arg-type]  # limits of several types
        made.append(PasswordThrottle(stores, counts, repeat, lambda: clock[0]))
        return Bench(made[-1], counts, clock)

    yield bench
    for throttle in made:
        await throttle.close()


async def test_when_the_budget_is_used_up_nobody_asks_the_kdc(make: Maker) -> None:
    bench = make()
    for number in range(3):
        await bench.login(WRONG, f"wrong-{number}")
    held = await bench.ask("right")
    assert isinstance(held, Throttled)
    assert 590 < held.retry_after <= 600
    assert bench.counts.held == ["account"]


async def test_an_account_that_is_not_there_is_held_alike(make: Maker) -> None:
    bench = make()
    for number in range(3):
        await bench.login(UNKNOWN, f"wrong-{number}", principal=BOB)
    held = await bench.ask("right", principal=BOB)
    assert isinstance(held, Throttled)


async def test_a_refusal_that_no_key_of_ours_has_proved_counts_nothing_and_clears_nothing(make: Maker) -> None:
    bench = make()
    await bench.login(WRONG, "a")
    for _ in range(5):
        await bench.login(Refused(Reason.PASSWORD_EXPIRED, Stage.CHANGEPW_PROOF, proved=True), "right")
    await bench.login(WRONG, "b")
    await bench.login(WRONG, "c")
    assert isinstance(await bench.ask("d"), Throttled)


async def test_the_right_password_clears_the_count(make: Maker) -> None:
    bench = make()
    await bench.login(WRONG, "a")
    await bench.login(WRONG, "b")
    await bench.login(Proved(ALICE), "right")
    for number in range(3):
        await bench.login(WRONG, f"wrong-{number}")
    assert isinstance(await bench.ask("one more"), Throttled), "the three since then are counted, and the two before are not"


async def test_a_kdc_that_was_not_reached_counts_nothing(make: Maker) -> None:
    bench = make()
    for _ in range(10):
        await bench.login(UNREACHABLE)


async def test_a_pending_answer_counts_until_it_comes(make: Maker) -> None:
    bench = make()
    pending = [await bench.ask(f"wrong-{number}") for number in range(3)]
    for admitted in pending:
        assert isinstance(admitted, Admitted)
        await bench.throttle.settle(admitted, Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, pending=True))
    waiting = asyncio.create_task(bench.ask("right"))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert isinstance(pending[0], Admitted)
    bench.throttle.settle_later(pending[0], UNREACHABLE)
    assert isinstance(await waiting, Admitted)


async def test_who_waits_too_long_for_others_is_not_told_that_the_password_was_wrong(make: Maker) -> None:
    bench = make()
    for number in range(3):
        await bench.ask(f"pending-{number}")
    waiting = asyncio.create_task(bench.ask("right"))
    await asyncio.sleep(0)
    bench.clock[0] += 10
    assert await waiting == Unsettled()
    assert bench.counts.held == ["unsettled"]


async def test_ten_right_passwords_at_once_are_all_let_through(make: Maker) -> None:
    bench = make()
    await asyncio.gather(*(bench.login(Proved(ALICE), "right") for _ in range(10)))


async def test_after_the_second_failure_the_next_attempt_has_to_wait_a_moment(make: Maker) -> None:
    bench = make(budget=Budget(failures=10, window=600.0, pause=5.0))
    await bench.login(WRONG, "a")
    await bench.login(WRONG, "b")
    held = await bench.ask("c")
    assert isinstance(held, Throttled)
    assert 4 < held.retry_after <= 5
    assert bench.counts.held == ["pause"]


async def test_an_attacker_elsewhere_does_not_lock_the_owner_out(make: Maker) -> None:
    bench = make(budget=Budget(failures=3, window=600.0, reserve=1))
    await bench.login(Proved(ALICE), "right", HOME)
    await bench.login(WRONG, "a", ELSEWHERE)
    await bench.login(WRONG, "b", ELSEWHERE)
    assert isinstance(await bench.ask("c", ELSEWHERE), Throttled)
    await bench.login(Proved(ALICE), "right", HOME)


async def test_all_spellings_of_a_name_are_one_account(make: Maker) -> None:
    bench = make()
    for name in ("alice", "ALICE", "Alice"):
        await bench.login(WRONG, f"wrong-{name}", principal=Principal((name,), "KA.TEST"))
    assert isinstance(await bench.ask("right"), Throttled)


async def test_an_alias_counts_for_its_account_once_it_was_proved(make: Maker) -> None:
    bench = make()
    await bench.login(Proved(ALICE), "right", principal=ALIAS)
    for number in range(3):
        await bench.login(WRONG, f"wrong-{number}", principal=ALIAS)
    assert isinstance(await bench.ask("right"), Throttled)


async def test_a_source_with_too_many_failures_waits_with_every_account_but_its_familiar_ones(make: Maker) -> None:
    bench = make(source=2)
    await bench.login(Proved(ALICE), "right", HOME)
    for number in range(2):
        await bench.login(WRONG, "wrong", HOME, Principal((f"user{number}",), "KA.TEST"))
    held = await bench.ask("right", HOME, BOB)
    assert isinstance(held, Throttled)
    assert bench.counts.held == ["source"]
    await bench.login(Proved(ALICE), "right", HOME)
    await bench.login(Proved(BOB), "right", ELSEWHERE, BOB)


async def test_named_clients_have_no_limit_of_their_source(make: Maker) -> None:
    bench = make(source=1, overall=1)
    for number in range(5):
        await bench.login(WRONG, "wrong", GAX, Principal((f"user{number}",), "KA.TEST"))


async def test_the_overall_limit_holds_unknown_sources_only(make: Maker) -> None:
    bench = make(overall=2)
    await bench.login(Proved(ALICE), "right", HOME)
    for number in range(2):
        await bench.login(WRONG, "wrong", Source(f"198.51.100.{number}"), Principal((f"user{number}",), "KA.TEST"))
    assert isinstance(await bench.ask("right", Source("198.51.100.9"), BOB), Throttled)
    assert bench.counts.held == ["overall"]
    await bench.login(Proved(ALICE), "right", HOME)
    await bench.login(Proved(BOB), "right", GAX, BOB)


async def test_an_attempt_that_its_source_keeps_back_does_not_use_the_budget_up(make: Maker) -> None:
    bench = make(source=1)
    await bench.login(WRONG, "wrong", ELSEWHERE, BOB)
    for _ in range(5):
        assert isinstance(await bench.ask("x", ELSEWHERE), Throttled)
    await bench.login(Proved(ALICE), "right", HOME)


@pytest.mark.parametrize("proof", [WRONG, UNKNOWN])
async def test_the_same_wrong_password_is_known_again(make: Maker, proof: Refused) -> None:
    bench = make(repeat=30.0)
    await bench.login(proof, "wrong")
    for _ in range(5):
        assert await bench.ask("wrong", ELSEWHERE) == Repeated(proof.reason)
    assert bench.counts.repeats == 5
    assert isinstance(await bench.ask("other"), Admitted)
    assert isinstance(await bench.ask("wrong", principal=BOB), Admitted)


async def test_a_wrong_password_is_forgotten_after_its_time(make: Maker) -> None:
    bench = make(repeat=30.0)
    await bench.login(WRONG, "wrong")
    bench.clock[0] += 30
    assert isinstance(await bench.ask("wrong"), Admitted)


async def test_a_wrong_password_is_forgotten_after_a_success(make: Maker) -> None:
    bench = make(repeat=30.0)
    await bench.login(WRONG, "wrong")
    await bench.login(Proved(ALICE), "right")
    assert isinstance(await bench.ask("wrong"), Admitted)


async def test_a_wrong_password_is_forgotten_when_the_password_is_changed(make: Maker) -> None:
    bench = make(repeat=30.0)
    await bench.login(WRONG, "wrong")
    bench.throttle.forget_password(ALICE)
    assert isinstance(await bench.ask("wrong"), Admitted)


@pytest.mark.parametrize("proof", [Refused(Reason.ACCOUNT_LOCKED, Stage.AS), UNREACHABLE])
async def test_what_may_have_another_cause_is_asked_again(make: Maker, proof: Proof) -> None:
    bench = make(repeat=30.0)
    await bench.login(proof, "right")
    assert isinstance(await bench.ask("right"), Admitted)


def test_the_memory_is_bounded() -> None:
    wrong = WrongPasswords(30.0, lambda: 0.0, accounts=2, passwords=2)
    for account in ("a", "b", "c"):
        for number in range(3):
            wrong.remember(account, Secret(b"%d" % number), Reason.BAD_CREDENTIALS)
    known = [(account, number) for account in "abc" for number in range(3) if wrong.recall(account, Secret(b"%d" % number))]
    assert known == [("b", 1), ("b", 2), ("c", 1), ("c", 2)]


async def test_an_attempt_whose_caller_hung_up_before_it_was_admitted_is_taken_back(make: Maker) -> None:
    bench = make()
    for _ in range(20):
        asking = asyncio.create_task(bench.ask("x"))
        await asyncio.sleep(0)  # it is at the store now
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
    assert isinstance(await bench.ask("right"), Admitted)


async def test_a_ticket_of_somebody_else_is_refused(make: Maker) -> None:
    with pytest.raises(TypeError, match="not of this throttle"):
        await make().throttle.settle(Admitted("forged"), WRONG)


async def test_a_file_that_cannot_be_used_is_replaced_by_memory_and_loudly(
    make: Maker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make(tier("file", tmp_path / "no-such-folder" / "throttle.sqlite3"), tier("memory", IN_MEMORY))
    for number in range(3):
        await bench.login(WRONG, f"wrong-{number}")
    assert isinstance(await bench.ask("right"), Throttled)
    assert bench.counts.states[0] is True
    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "counts without its file" in line.message


@pytest.fixture
def server() -> Iterator[ServerStore]:
    with running_server() as store:
        yield store


def with_server(make: Maker, server: ServerStore, file: Path) -> Bench:
    ledger, windows = server.both(0, 0)
    return make(Tier("shared server", ledger, windows), tier("file", file), tier("memory", IN_MEMORY))


async def test_two_machines_count_together(make: Maker, server: ServerStore, tmp_path: Path) -> None:
    here, there = (with_server(make, server, tmp_path / f"{name}.sqlite3") for name in ("here", "there"))
    for number, bench in enumerate((here, there, here)):
        await bench.login(WRONG, f"wrong-{number}")
    assert isinstance(await there.ask("right"), Throttled)


async def test_without_the_server_the_machine_counts_by_itself_from_what_it_has_seen(
    make: Maker, server: ServerStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = with_server(make, server, tmp_path / "here.sqlite3")
    for number in range(2):
        await bench.login(WRONG, f"wrong-{number}")
    server.stop()
    await bench.login(WRONG, "wrong-3")
    assert isinstance(await bench.ask("right"), Throttled)
    assert bench.counts.states == [True]
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "the throttle counts without its shared server: the throttle's server does not answer: ConnectionError"
    ]


async def test_the_server_is_used_again_when_it_is_back(make: Maker, server: ServerStore, tmp_path: Path) -> None:
    bench = with_server(make, server, tmp_path / "here.sqlite3")
    server.stop()
    await bench.login(WRONG, "wrong-1")
    server.start()
    bench.clock[0] += 6
    await bench.login(WRONG, "wrong-2")
    assert bench.counts.states[-1] is False
    assert b"kerbauth:throttle:attempts" in server.content()


async def test_a_silent_server_costs_half_a_second_and_only_once(make: Maker, server: ServerStore, tmp_path: Path) -> None:
    bench = with_server(make, server, tmp_path / "here.sqlite3")
    server.client().execute_command("CLIENT", "PAUSE", "3000", "ALL")
    began = asyncio.get_running_loop().time()
    await bench.login(WRONG, "wrong-1")
    await bench.login(WRONG, "wrong-2")
    assert asyncio.get_running_loop().time() - began < 2.5
    assert bench.counts.states[0] is True


async def test_a_server_with_a_password_lets_only_in_who_knows_it(tmp_path: Path) -> None:
    with running_server("--requirepass", "server-secret") as store:
        ledgers: list[Ledger] = [
            ValkeyLedger(Server(store.server.url, password=password), BUDGET)
            for password in (Secret(b"server-secret"), Secret(b"no"), None)
        ]
        assert await ledgers[0].counted() == ()
        for ledger in ledgers[1:]:
            with pytest.raises(LedgerError) as refused:
                await ledger.counted()
            assert "server-secret" not in str(refused.value)
        for ledger in ledgers:
            await ledger.close()


async def test_where_each_worker_counts_by_itself_each_has_its_share_of_the_budget(tmp_path: Path) -> None:
    wanted = ThrottleSettings(account_failures=4, reserve=1, pause=0.0, repeat_seconds=0.0)
    throttle = throttle_of(wanted, tmp_path / "no-such-folder", Counts(), workers=4)
    first = await throttle.admit(ALICE, HOME, Secret(b"wrong"))
    assert isinstance(first, Admitted)
    await throttle.settle(first, WRONG)
    assert isinstance(await throttle.admit(ALICE, HOME, Secret(b"right")), Throttled)
    await throttle.close()


async def test_switched_off_everything_is_admitted() -> None:
    throttle = NoThrottle()
    admitted = await throttle.admit(ALICE, HOME, Secret(b"x"))
    assert isinstance(admitted, Admitted)
    await throttle.settle(admitted, WRONG)
    throttle.settle_later(admitted, WRONG)
    throttle.forget_password(ALICE)
    await throttle.close()


async def test_the_user_of_the_how_to_may_do_what_is_needed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "share-counters-with-valkey.md").read_text()
    rule = next(line.split() for line in page.splitlines() if line.strip().startswith("user kerbauth"))
    with running_server("--user", *rule[1:]) as store:
        server = Server(store.server.url, "kerbauth", Secret(b"a-long-random-password"))
        ledger = ValkeyLedger(server, BUDGET)
        windows = SourceWindows(ledger.windows(), source=1, overall=1, window=60)
        made = await ledger.reserve("account", "192.0.2.1")
        assert isinstance(made, Reservation)
        await ledger.fail(made, "alice@KA.TEST")
        again = await ledger.reserve("account", "192.0.2.1")
        assert isinstance(again, Reservation)
        await ledger.succeed(again, "account", "alice@KA.TEST")
        assert await ledger.counted() == ()
        assert await ledger.release(None) == 0
        await windows.count("192.0.2.1")
        assert (await windows.held("192.0.2.1"))[0] == "source"
        await ledger.close()


async def test_a_server_that_comes_back_empty_hears_what_the_machine_counted(make: Maker, server: ServerStore, tmp_path: Path) -> None:
    bench = with_server(make, server, tmp_path / "here.sqlite3")
    await bench.login(WRONG, "wrong-1")
    server.stop()
    await bench.login(WRONG, "wrong-2")
    server.start()
    bench.clock[0] += 6
    await bench.login(WRONG, "wrong-3")
    assert isinstance(await bench.ask("right"), Throttled)
    there = with_server(make, server, tmp_path / "there.sqlite3")
    assert isinstance(await there.ask("right"), Throttled), "another machine knows it too"


async def test_a_server_that_lost_everything_between_two_logins_is_noticed(make: Maker, server: ServerStore, tmp_path: Path) -> None:
    bench = with_server(make, server, tmp_path / "here.sqlite3")
    for number in range(3):
        await bench.login(WRONG, f"wrong-{number}")
    server.client().flushall()
    assert isinstance(await bench.ask("right"), Throttled)


async def test_a_caller_that_hangs_up_while_the_attempt_is_settled_leaves_nothing_open(make: Maker) -> None:
    bench = make()
    for _ in range(5):
        admitted = await bench.ask("right")
        assert isinstance(admitted, Admitted)
        settling = asyncio.create_task(bench.throttle.settle(admitted, Proved(ALICE)))
        await asyncio.sleep(0)
        settling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await settling
    assert isinstance(await bench.ask("right"), Admitted)


async def recognised(bench: Bench, password: str, principal: Principal = ALIAS, source: Source = HOME) -> tuple[Admitted, Admission]:
    """An attempt under another name, and what is said when the KDC shows that it is about alice."""
    admitted = await bench.ask(password, source, principal)
    assert isinstance(admitted, Admitted), admitted
    return admitted, await bench.throttle.recognise(admitted, ALICE)


async def failed_as(bench: Bench, principal: Principal, times: int, source: Source = HOME) -> None:
    for number in range(times):
        admitted, leave = await recognised(bench, f"{principal.name}-{number}", principal, source)
        assert isinstance(leave, Admitted), leave
        await bench.throttle.settle(admitted, WRONG)


async def test_names_that_the_kdc_shows_to_be_one_account_share_its_budget(make: Maker) -> None:
    bench = make()
    for name in ("one", "two", "three"):
        await failed_as(bench, Principal((name,), "KA.TEST"), 1)
    _, leave = await recognised(bench, "four")
    assert isinstance(leave, Throttled)
    assert 590 < leave.retry_after <= 600
    assert bench.counts.held == ["account"]
    assert isinstance(await bench.ask("five"), Throttled)


async def test_the_accounts_own_name_is_not_written_down_twice(make: Maker, tmp_path: Path) -> None:
    bench = make()
    admitted = await bench.ask("wrong", principal=Principal(("ALICE",), "KA.TEST"))
    assert isinstance(admitted, Admitted)
    assert await bench.throttle.recognise(admitted, ALICE) is admitted
    ledger = tier("another look", tmp_path / "throttle.sqlite3").ledger
    assert [each.under_way for each in await ledger.counted()] == [1]
    await ledger.close()


async def test_what_is_held_for_the_account_behind_it_counts_for_the_name_as_an_unknown_one_does(make: Maker) -> None:
    bench = make(repeat=30.0)
    await failed_as(bench, Principal(("one",), "KA.TEST"), 3)
    nobody = Principal(("nobody",), "KA.TEST")
    for number in range(3):
        admitted, leave = await recognised(bench, f"try-{number}")
        assert isinstance(leave, Throttled)
        await bench.throttle.settle(admitted, Refused(Reason.THROTTLED, Stage.AS))
        await bench.login(UNKNOWN, f"try-{number}", principal=nobody)
        again, unknown = [await bench.ask(f"try-{number}", principal=principal) for principal in (ALIAS, nobody)]
        assert (again, unknown) == (Repeated(Reason.THROTTLED), Repeated(Reason.UNKNOWN_USER))
    assert [type(await bench.ask("one more", principal=principal)) for principal in (ALIAS, nobody)] == [Throttled, Throttled]


async def test_an_account_is_cleared_by_a_success_under_any_name(make: Maker) -> None:
    bench = make()
    await failed_as(bench, ALIAS, 2)
    admitted, _ = await recognised(bench, "right")
    await bench.throttle.settle(admitted, Proved(ALICE))
    for number in range(3):
        await bench.login(WRONG, f"wrong-{number}")


async def test_a_wrong_password_is_known_again_under_the_accounts_other_names(make: Maker) -> None:
    bench = make(repeat=30.0)
    await failed_as(bench, ALIAS, 1)
    assert await bench.ask("a.smith-0") == Repeated(Reason.BAD_CREDENTIALS)
    _, leave = await recognised(bench, "a.smith-0", Principal(("one",), "KA.TEST"))
    assert leave == Repeated(Reason.BAD_CREDENTIALS)
    assert bench.counts.repeats == 2


async def test_a_success_forgets_wrong_passwords_of_the_account_and_of_the_name(make: Maker) -> None:
    bench = make(repeat=30.0)
    await failed_as(bench, ALIAS, 1)
    admitted, _ = await recognised(bench, "right")
    await bench.throttle.settle(admitted, Proved(ALIAS))
    assert isinstance(await bench.ask("a.smith-0", principal=ALIAS), Admitted)
    assert isinstance(await bench.ask("a.smith-0"), Admitted)


async def test_an_attempt_waits_for_others_at_the_account_behind_its_name(make: Maker) -> None:
    bench = make()
    others = [await bench.ask(f"pending-{number}") for number in range(3)]
    admitted = await bench.ask("right", principal=ALIAS)
    assert isinstance(admitted, Admitted)
    waiting = asyncio.create_task(bench.throttle.recognise(admitted, ALICE))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert isinstance(others[0], Admitted)
    bench.throttle.settle_later(others[0], UNREACHABLE)
    assert await waiting is admitted


async def test_who_waits_too_long_at_the_account_behind_the_name_is_not_told_that_the_password_was_wrong(make: Maker) -> None:
    bench = make()
    for number in range(3):
        await bench.ask(f"pending-{number}")
    admitted = await bench.ask("right", principal=ALIAS)
    assert isinstance(admitted, Admitted)
    waiting = asyncio.create_task(bench.throttle.recognise(admitted, ALICE))
    await asyncio.sleep(0)
    bench.clock[0] += 10
    assert await waiting == Unsettled()


async def test_who_hangs_up_while_the_account_behind_the_name_is_looked_at_leaves_nothing_there(make: Maker, tmp_path: Path) -> None:
    bench = make()
    admitted = await bench.ask("right", principal=ALIAS)
    assert isinstance(admitted, Admitted)
    with contextlib.closing(sqlite3.connect(tmp_path / "throttle.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        leaving = asyncio.create_task(bench.throttle.recognise(admitted, ALICE))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        bench.throttle.settle_later(admitted, UNREACHABLE)
        other.execute("COMMIT")
    await bench.throttle.close()
    ledger = tier("another look", tmp_path / "throttle.sqlite3").ledger
    assert await ledger.counted() == ()
    await ledger.close()


async def test_the_next_store_counts_for_the_account_when_the_first_is_lost_in_between(make: Maker, tmp_path: Path) -> None:
    file = tmp_path / "throttle.sqlite3"
    with running_server() as store:
        bench = with_server(make, store, file)
        admitted = await bench.ask("wrong", principal=ALIAS)
        store.stop()
        assert isinstance(admitted, Admitted)
        assert await bench.throttle.recognise(admitted, ALICE) is admitted
        ledger = tier("another look", file).ledger
        assert [each.under_way for each in await ledger.counted()] == [1]
        await bench.throttle.settle(admitted, UNREACHABLE)
        assert await ledger.counted() == ()
        await ledger.close()


async def test_where_it_is_switched_off_every_account_may_be_asked_about() -> None:
    admitted = Admitted(None)
    assert await NoThrottle().recognise(admitted, ALICE) is admitted
