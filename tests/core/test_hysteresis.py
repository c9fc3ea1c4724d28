import pytest

from kerbauth.core.hysteresis import Hysteresis


def test_below_its_limit_a_queue_takes_more() -> None:
    queue = Hysteresis(10)
    assert [queue.lets_in(waiting) for waiting in range(10)] == [True] * 10


def test_at_its_limit_it_takes_nobody() -> None:
    assert not Hysteresis(10).lets_in(10)


def test_once_full_it_takes_nobody_until_a_tenth_is_free() -> None:
    queue = Hysteresis(100)
    assert not queue.lets_in(100)
    assert [queue.lets_in(waiting) for waiting in (99, 95, 91, 90)] == [False, False, False, True]


def test_open_again_it_takes_up_to_the_limit() -> None:
    queue = Hysteresis(100)
    assert not queue.lets_in(100)
    assert [queue.lets_in(waiting) for waiting in (90, 99, 100)] == [True, True, False]


def test_the_smallest_queue_opens_when_it_is_empty() -> None:
    queue = Hysteresis(1)
    assert [queue.lets_in(waiting) for waiting in (0, 1, 1, 0)] == [True, False, False, True]


def test_without_a_queue_nobody_waits() -> None:
    queue = Hysteresis(0)
    assert [queue.lets_in(0), queue.lets_in(0)] == [False, False]


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than none"):
        Hysteresis(-1)
