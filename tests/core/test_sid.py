import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.sid import MalformedSidError, Sid, compose, member, parse_sid

NUMBERS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=15).map(tuple)


@given(st.integers(0, 2**48 - 1), NUMBERS)
def test_what_was_composed_is_read_back_as_the_same(authority: int, numbers: tuple[int, ...]) -> None:
    sid = compose(authority, numbers)
    assert parse_sid(sid) == sid


@given(st.text(max_size=40))
def test_any_text_is_a_sid_of_that_very_text_or_malformed(text: str) -> None:
    try:
        assert parse_sid(text) == text
    except MalformedSidError as error:
        assert len(text) < 3 or text not in str(error)


def test_an_authority_of_more_than_32_bits_is_written_in_hexadecimal() -> None:
    assert compose(0x1_0000_0000, (7,)) == "S-1-0x000100000000-7"


def test_hexadecimal_digits_have_one_spelling() -> None:
    assert parse_sid("S-1-0x00ABCDEF0000-7") == "S-1-0x00abcdef0000-7"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("S-1-5", id="no sub-authority"),
        pytest.param("S-1-5-" + "-".join("1" * 16), id="16 sub-authorities"),
        pytest.param("S-2-5-21", id="another revision"),
        pytest.param("S-1-5-021", id="leading zero"),
        pytest.param("S-1-5-4294967296", id="sub-authority of 33 bits"),
        pytest.param("S-1-4294967296-1", id="large authority in decimal"),
        pytest.param("S-1-0x000000000005-1", id="small authority in hexadecimal"),
        pytest.param("S-1-5-21\n", id="line end"),
        pytest.param(" S-1-5-21", id="blank"),
        pytest.param("S-1-5-٢", id="digit of another script"),
        pytest.param("BA", id="short form of SDDL"),
    ],
)
def test_what_is_no_sid_in_its_one_text_form_is_refused(text: str) -> None:
    with pytest.raises(MalformedSidError):
        parse_sid(text)


def test_a_members_sid_is_the_domains_and_one_number_more() -> None:
    assert member(parse_sid("S-1-5-21-1-2-3"), 513) == "S-1-5-21-1-2-3-513"


def test_a_domain_with_15_numbers_can_have_no_members() -> None:
    assert member(Sid("S-1-5" + "-1" * 14), 2) == "S-1-5" + "-1" * 14 + "-2"
    with pytest.raises(MalformedSidError):
        member(Sid("S-1-5" + "-1" * 15), 2)
