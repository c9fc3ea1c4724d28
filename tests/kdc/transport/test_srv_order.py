from random import Random

from hypothesis import given
from hypothesis import strategies as st

from kerbauth.kdc.transport.srv_order import Srv, ordered

NUMBERS = st.integers(0, 65_535)
RECORDS = st.lists(st.builds(Srv, NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["a.", "b.", "."]), st.booleans()), max_size=20)


@given(RECORDS, st.randoms())
def test_every_record_is_there_once_and_none_before_one_of_a_smaller_priority(records: list[Srv], random: Random) -> None:
    result = list(ordered(records, lambda highest: random.randint(0, highest)))
    assert sorted(result) == sorted(records)
    assert [each.priority for each in result] == sorted(each.priority for each in records)


def test_the_chance_to_be_first_is_the_weight() -> None:
    records = [Srv(0, weight, 88, f"kdc{weight}.", udp=True) for weight in (1, 2, 7)]
    first = [next(ordered(records, lambda _, lot=lot: lot)).weight for lot in range(1, 11)]  # type: ignore[misc]  # the default binds it now
    assert [first.count(weight) for weight in (1, 2, 7)] == [1, 2, 7]


def test_weight_zero_is_first_only_when_the_lot_is_zero() -> None:
    records = [Srv(0, 5, 88, "heavy.", udp=True), Srv(0, 0, 88, "none.", udp=True)]
    assert next(ordered(records, lambda highest: 0)).target == "none."
    assert next(ordered(records, lambda highest: 1)).target == "heavy."
