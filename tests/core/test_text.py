"""Text from outside: what is a control, what is a blank, and when two texts are the same without case."""

import sys
import unicodedata
from collections import Counter

import pytest

from kerbauth.core import text

EVERY_CHARACTER = [chr(number) for number in range(sys.maxunicode + 1)]


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x85", "\n", "\u2028", "\u202e", "\u200d", "\ufeff", "\ud800"])
def test_what_breaks_or_reorders_a_line_is_a_control(character: str) -> None:
    assert text.is_control(character)
    assert text.has_control(f"a{character}b")


def test_letters_of_any_script_and_blanks_are_no_controls() -> None:
    assert not text.has_control("Jürgen Müller\u00a0ユーザー \u0928\u092e")


def test_blanks_are_exactly_unicodes_space_separators() -> None:
    assert set(text.BLANKS) == {character for character in EVERY_CHARACTER if unicodedata.category(character) == "Zs"}


def test_foreign_text_is_shown_without_controls_and_surrounding_blanks() -> None:
    assert text.shown("\t CLIENT\r\nLOCKED\u202e OUT \0") == "CLIENT  LOCKED  OUT"


def test_foreign_text_is_cut_and_does_not_end_in_a_blank() -> None:
    assert text.shown("x" * 300) == "x" * 200
    assert text.shown("ab cd", limit=3) == "ab"


def test_decomposed_text_is_not_composed() -> None:
    assert text.nfc("u\u0308") == "ü"
    assert text.is_nfc("ü")
    assert not text.is_nfc("u\u0308")


@pytest.mark.parametrize(("one", "other"), [("ALICE", "alice"), ("JÜRGEN", "ju\u0308rgen"), ("Straße", "STRASSE"), ("ΟΔΟΣ", "οδο\u03c2")])
def test_case_and_composition_do_not_count_between_user_names(one: str, other: str) -> None:
    assert text.caseless(one) == text.caseless(other)


@pytest.mark.parametrize(("one", "other"), [("jürgen", "jurgen"), ("alice", "alice "), ("\u0131", "i")])
def test_accents_blanks_and_the_dotless_i_count_between_user_names(one: str, other: str) -> None:
    assert text.caseless(one) != text.caseless(other)


@pytest.mark.parametrize(
    ("given", "lower", "upper"),
    [
        ("JüRGEN", "jürgen", "JÜRGEN"),
        ("Straße", "straße", "STRAßE"),
        ("İI", "İi", "İI"),
        ("\u0131i", "\u0131i", "\u0131I"),
        ("\u017fs", "\u017fs", "\u017fS"),
        ("ΟΔΟΣ", "οδο\u03c3", "ΟΔΟΣ"),
        ("\u03c2", "\u03c2", "\u03c2"),
        ("ẞ", "ẞ", "ẞ"),
    ],
)
def test_case_is_changed_only_between_two_characters_that_are_each_others_only_counterpart(given: str, lower: str, upper: str) -> None:
    assert text.lower(given) == lower
    assert text.upper(given) == upper


def test_changing_case_never_makes_three_characters_one() -> None:
    for change in (text.lower, text.upper):
        sources = Counter(map(change, EVERY_CHARACTER))
        assert max(sources.values()) == 2
        assert set(map(len, sources)) == {1}


def test_what_is_the_same_in_lower_case_is_the_same_without_case() -> None:
    assert [each for each in EVERY_CHARACTER if text.caseless(text.lower(each)) != text.caseless(each)] == []
    assert [each for each in EVERY_CHARACTER if text.caseless(text.upper(each)) != text.caseless(each)] == []
