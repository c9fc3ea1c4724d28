from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerbauth.core.budget import UNSETTLED, Budget, Go, Hold, Wait, decide

THREE = Budget(failures=3, window=100.0)


def test_an_account_without_failures_may_be_tried() -> None:
    assert decide(THREE, [], [], 1000.0, familiar=False) == Go()


def test_failures_up_to_the_budget_leave_nothing() -> None:
    assert decide(THREE, [990.0, 970.0, 980.0], [], 1000.0, familiar=True) == Hold(70.0)


def test_the_hold_lasts_until_enough_failures_have_left_the_window() -> None:
    assert decide(THREE, [970.0, 980.0, 985.0, 990.0], [], 1000.0, familiar=True) == Hold(80.0)
    assert decide(THREE, [970.0, 980.0, 985.0, 990.0], [], 1080.1, familiar=True) == Go()


def test_what_left_the_window_does_not_count() -> None:
    assert decide(THREE, [800.0, 850.0, 900.0], [700.0], 1000.0, familiar=False) == Go()


def test_attempts_under_way_count_but_may_turn_out_well() -> None:
    assert decide(THREE, [990.0], [999.0, 998.0], 1000.0, familiar=True) == Wait()


def test_an_attempt_never_settled_becomes_a_failure_and_leaves_the_window() -> None:
    began = 1000.0 - 100.0 - UNSETTLED
    assert decide(THREE, [], [1000.0 - UNSETTLED + 1] * 3, 1000.0, familiar=True) == Wait()
    assert decide(THREE, [], [1000.0 - UNSETTLED] * 3, 1000.0, familiar=True) == Hold(100.0)
    assert decide(THREE, [], [began + 1] * 3, 1000.0, familiar=True) == Hold(1.0)
    assert decide(THREE, [], [began] * 3, 1000.0, familiar=True) == Go()


def test_the_reserve_is_for_familiar_sources_only() -> None:
    budget = Budget(failures=3, window=100.0, reserve=1)
    assert decide(budget, [990.0, 991.0], [], 1000.0, familiar=False) == Hold(90.0)
    assert decide(budget, [990.0, 991.0], [], 1000.0, familiar=True) == Go()


@pytest.mark.parametrize(("failures", "pause"), [(0, 0), (1, 0), (2, 2), (3, 4), (4, 8), (9, 60)])
def test_each_failure_after_the_first_doubles_the_pause(failures: int, pause: float) -> None:
    budget = Budget(failures=20, window=1000.0, pause=2.0)
    failed = [1000.0] * failures
    now = decide(budget, failed, [], 1000.0, familiar=True)
    assert now == (Hold(pause, pause=True) if pause else Go())
    assert decide(budget, failed, [], 1000.0 + pause, familiar=True) == Go()


@pytest.mark.parametrize(
    "wrong",
    [
        {"failures": 0},
        {"failures": 2, "reserve": 2},
        {"failures": 2, "reserve": -1},
        {"failures": 2, "window": 0},
        {"failures": 2, "pause": -1},
    ],
)
def test_a_budget_that_lets_nobody_in_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a budget needs"):
        Budget(**{"window": 100.0, **wrong})  # type: ignore[arg-type]  # numbers of both kinds


@dataclass
class Kdc:
    """What the promise is about: a KDC that counts failures, and forgets them at a success."""

    failures: list[float] = field(default_factory=list)

    def worst(self, window: float) -> int:
        """The most failures within any window."""
        return max((sum(1 for other in self.failures if start <= other < start + window) for start in self.failures), default=0)


@dataclass
class Ledger:
    """The obvious store: a list of attempts."""

    budget: Budget
    rows: dict[int, tuple[float, bool]] = field(default_factory=dict)  # when, and whether it failed

    def decide(self, now: float, *, familiar: bool) -> object:
        failed = [time for time, wrong in self.rows.values() if wrong]
        under_way = [time for time, wrong in self.rows.values() if not wrong]
        return decide(self.budget, failed, under_way, now, familiar=familiar)


@dataclass
class Attempt:
    """One attempt: when it was let through, and what the KDC made of it, which is settled here only later, or never."""

    began: float
    judged: str = ""


def over_before(row: tuple[float, bool], began: float) -> bool:
    """Whether what the KDC made of a row it made before an attempt that began then."""
    time, failed = row
    return (time if failed else time + UNSETTLED) <= began


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "kdc-wrong", "kdc-wrong", "kdc-right", "settle", "settle", "crash", "take back"]),
        st.integers(0, 5),
        st.floats(0, 30),
        st.booleans(),
    ),
    max_size=120,
)


@settings(max_examples=500)
@given(EVENTS, st.integers(1, 5), st.integers(0, 4))
def test_whatever_happens_in_whatever_order_the_kdc_never_sees_more_than_the_budget(
    events: list[tuple[str, int, float, bool]], failures: int, reserve: int
) -> None:
    """Attempts begin, reach the KDC, and are settled here in any order; some are taken back or never heard of again."""
    ledger, kdc = Ledger(Budget(failures, 100.0, min(reserve, failures - 1), pause=1.0)), Kdc()
    attempts: dict[int, Attempt] = {}
    now = 0.0
    for number, (what, which, seconds, familiar) in enumerate(events):
        now += seconds
        waiting = [key for key, each in attempts.items() if not each.judged and now - each.began <= UNSETTLED]
        judged = [key for key, each in attempts.items() if each.judged]
        if what == "ask" and ledger.decide(now, familiar=familiar) == Go():
            ledger.rows[number] = (now, False)
            attempts[number] = Attempt(now)
        elif what == "kdc-wrong" and waiting:
            kdc.failures.append(now)
            attempts[waiting[which % len(waiting)]].judged = "wrong"
        elif what == "kdc-right" and waiting:
            kdc.failures.clear()
            attempts[waiting[which % len(waiting)]].judged = "right"
        elif what == "take back" and waiting:
            key = waiting[which % len(waiting)]
            del attempts[key], ledger.rows[key]
        elif what == "crash" and judged:
            del attempts[judged[which % len(judged)]]  # the KDC has counted, and nobody tells us
        elif what == "settle" and judged:
            key = judged[which % len(judged)]
            attempt = attempts.pop(key)
            if attempt.judged == "wrong":
                ledger.rows[key] = (now, True)
            else:
                ledger.rows = {k: row for k, row in ledger.rows.items() if k != key and not over_before(row, attempt.began)}
        assert kdc.worst(100.0) <= failures


@given(st.lists(st.floats(0, 1000), max_size=10), st.floats(1000, 1200), st.booleans())
def test_after_a_hold_the_count_lets_one_through(failed: list[float], now: float, familiar: bool) -> None:
    held = decide(Budget(3, 100.0, 1, pause=1.0), failed, [], now, familiar=familiar)
    if isinstance(held, Hold):
        assert held.seconds > 0
        after = decide(Budget(3, 100.0, 1), failed, [], now + held.seconds + 1e-6, familiar=familiar)
        assert after == Go() or held.pause
