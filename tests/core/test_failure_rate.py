import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.failure_rate import Change, FailureRate, Limit, Totals

COUNT = Limit(failures=10, percent=0, minimum=0, period=60)
PERCENT = Limit(failures=0, percent=50, minimum=20, period=60)
OFF = Limit(failures=0, percent=0, minimum=0, period=60)
BEGINS, ENDS = Change.BEGINS, Change.ENDS


def changes(limit: Limit, *samples: tuple[float, int, int]) -> list[Change | None]:
    rate = FailureRate()
    return [rate.sample(time, Totals(attempts, failures), limit) for time, attempts, failures in samples]


def test_a_count_that_is_reached_begins_the_alarm_once() -> None:
    assert changes(COUNT, (0, 0, 0), (5, 100, 9), (10, 101, 10), (15, 150, 30)) == [None, None, BEGINS, None]


def test_it_ends_when_a_whole_period_passed_without_reaching_it() -> None:
    assert changes(COUNT, (0, 0, 0), (5, 10, 10), (64, 10, 10), (65, 10, 10), (124, 10, 10), (125, 10, 10)) == [
        None,
        BEGINS,
        None,
        None,  # five seconds old and now out of the window
        ENDS,  # 64 was the last that reached it
        None,
    ]


def test_around_the_limit_it_does_not_flicker() -> None:
    rate = FailureRate()
    found = [
        rate.sample(time, Totals(failures, failures), COUNT) for time, failures in zip(range(0, 600, 30), range(0, 200, 5), strict=False)
    ]
    assert [change for change in found if change] == [BEGINS]


def test_it_can_begin_again() -> None:
    found = changes(COUNT, (0, 0, 0), (5, 10, 10), (70, 10, 10), (140, 10, 10), (150, 30, 20))
    assert [change for change in found if change] == [BEGINS, ENDS, BEGINS]


def test_what_was_counted_before_the_watch_is_no_alarm() -> None:
    assert changes(COUNT, (0, 1000, 1000), (5, 1000, 1000)) == [None, None]


def test_failures_that_are_older_than_the_period_do_not_count() -> None:
    assert changes(COUNT, (0, 0, 0), (30, 9, 9), (60, 9, 9), (91, 18, 18), (121, 18, 18)) == [None] * 5


def test_the_window_begins_with_the_last_sample_that_is_a_period_old() -> None:
    rate = FailureRate()
    for time in range(0, 100, 10):
        rate.sample(time, Totals(time, time), OFF)
    assert rate.recent == Totals(60, 60)


@pytest.mark.parametrize(
    ("attempts", "failures", "reached"),
    [(20, 10, True), (19, 19, False), (20, 9, False), (200, 99, False), (200, 100, True), (0, 0, False)],
)
def test_a_percentage_counts_from_a_minimum_of_attempts(attempts: int, failures: int, reached: bool) -> None:
    assert PERCENT.reached(Totals(attempts, failures)) is reached


def test_either_limit_is_enough() -> None:
    both = Limit(failures=10, percent=50, minimum=20, period=60)
    assert both.reached(Totals(1000, 10))
    assert both.reached(Totals(20, 10))
    assert not both.reached(Totals(1000, 9))


def test_nothing_attempted_is_no_percentage() -> None:
    assert not Limit(failures=0, percent=50, minimum=0, period=60).reached(Totals(0, 0))


def test_switched_off_nothing_reaches_it() -> None:
    assert not OFF.reached(Totals(1000, 1000))


def test_an_alarm_of_an_earlier_watch_goes_on_until_a_period_passed() -> None:
    rate = FailureRate(active=True)
    assert [rate.sample(time, Totals(50, 50), COUNT) for time in (100, 130, 159, 160, 170)] == [None, None, None, ENDS, None]


def test_an_alarm_that_is_switched_off_ends() -> None:
    rate = FailureRate()
    rate.sample(0, Totals(0, 0), COUNT)
    assert rate.sample(5, Totals(10, 10), COUNT) is BEGINS
    assert rate.sample(65, Totals(20, 20), OFF) is ENDS


def test_totals_that_begin_anew_are_no_failures() -> None:
    rate = FailureRate()
    rate.sample(0, Totals(500, 400), COUNT)
    assert rate.sample(5, Totals(3, 1), COUNT) is None
    assert rate.recent == Totals(0, 0)


@given(
    steps=st.lists(st.tuples(st.floats(0.1, 40), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=60),
    percent=st.sampled_from([0.0, 30.0]),
)
def test_it_agrees_with_counting_every_attempt(steps: list[tuple[float, int, int]], percent: float) -> None:
    """The window is one period, and at most one step longer; beginnings and ends take turns."""
    limit = Limit(failures=40, percent=percent, minimum=10, period=60)
    rate, time, granted, failed, seen = FailureRate(), 0.0, 0, 0, [(0.0, 0)]
    rate.sample(0, Totals(0, 0), limit)
    active = False
    for wait, fine, wrong in steps:
        time, granted, failed = time + wait, granted + fine, failed + wrong
        seen.append((time, wrong))
        change = rate.sample(time, Totals(granted + failed, failed), limit)
        within = sum(count for at, count in seen if at > time - 60)
        assert within <= rate.recent.failures <= sum(count for at, count in seen if at > time - 60 - 40)
        if change is not None:
            assert (change is BEGINS) is not active
            active = change is BEGINS
        assert rate.active is active
        assert active or not limit.reached(rate.recent)
