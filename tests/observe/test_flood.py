import pytest

from kerbauth.observe.flood import KINDS_LIMIT, Flood, Kind

ONE, OTHER = Kind("kerbauth.web.frame", "%s: not understood"), Kind("kerbauth.web.frame", "%s: failed")


@pytest.fixture
def flood() -> Flood:
    return Flood(limit=3, seconds=60)


def test_so_many_lines_of_a_kind_are_let_through_in_a_window(flood: Flood) -> None:
    assert [flood.admit(ONE, now) for now in (0, 1, 2, 3, 59)] == [True, True, True, False, False]


def test_each_kind_is_counted_by_itself(flood: Flood) -> None:
    for _ in range(10):
        flood.admit(ONE, 0)
    assert flood.admit(OTHER, 0)


def test_the_end_of_a_window_tells_how_many_were_left_out_and_lets_lines_through_again(flood: Flood) -> None:
    for _ in range(10):
        flood.admit(ONE, 5)
    assert list(flood.ended(64.9)) == []
    assert list(flood.ended(65)) == [(ONE, 7)]
    assert list(flood.ended(66)) == []
    assert flood.admit(ONE, 66)


def test_a_window_in_which_nothing_was_left_out_ends_without_a_word(flood: Flood) -> None:
    flood.admit(ONE, 0)
    assert list(flood.ended(100)) == []


def test_kinds_that_somebody_makes_up_share_one_window(flood: Flood) -> None:
    admitted = [flood.admit(Kind("library", f"formatted {number}"), 0) for number in range(KINDS_LIMIT + 10)]
    assert admitted == [True] * (KINDS_LIMIT + 3) + [False] * 7
    assert list(flood.ended(60)) == [(Kind("", ""), 7)]
