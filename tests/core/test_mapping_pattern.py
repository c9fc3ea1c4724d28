"""The part of regular expressions that rules may use, and what is known about a pattern."""

import re

import pytest

from kerbauth.core.mapping import PatternError, Rule, rule
from kerbauth.core.mapping_language import Language, UndecidedError, any_case, words
from kerbauth.core.mapping_pattern import Chars, Choice, Repeat, Sequence, lengths, literal_text, readings
from kerbauth.core.mapping_reader import regular_expression


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("", "a rule's pattern is empty"),
        ("a\nb", "control character"),
        ("(a+)+", "only a single character or class can be repeated"),
        ("(?:ab){2}", "only a single character or class can be repeated"),
        ("a**", "a repetition of a repetition"),
        ("a+?", "lazy or possessive"),
        ("a++", "lazy or possessive"),
        ("a??", "lazy or possessive"),
        ("^a", "leave ^ and $ out"),
        ("a$", "leave ^ and $ out"),
        ("(?=a)a", "only (?:…) and (?P<name>…) are supported"),
        ("(?i)a", "only (?:…) and (?P<name>…) are supported"),
        ("(a", "a closing parenthesis is missing"),
        ("a)", "a closing parenthesis without an opening one, at position 1"),
        ("[a", "the pattern ends too early"),
        ("[[:alpha:]]", "a character class may not hold ["),
        ("[a--b]", "a character class may not hold ["),
        ("(a)\\1", "\\1 is not supported"),
        ("\\bx", "\\b is not supported"),
        ("\\é", "\\é is not supported"),
        ("[\\x41]", "\\x is not supported"),
        ("a{", "nothing that { could repeat"),
        ("*a", "nothing that * could repeat"),
        ("a{3,2}", "the wrong way round"),
        ("a{,}", "a number is missing"),
        ("\\", "the pattern ends too early"),
        ("(?P<n", "the pattern ends too early"),
        ("(?P<n>a)(?P<n>b)", "redefinition of group name 'n'"),
        ("[z-a]", "bad character range"),
        ("(" * 21 + "a" + ")" * 21, "too many groups inside groups"),
        (".*.*.*x", "can be read in too many ways"),
        ("(?:a|a)" * 30 + "b", "can be read in too many ways"),
    ],
)
def test_a_pattern_beyond_the_supported_part_is_refused(pattern: str, problem: str) -> None:
    with pytest.raises(PatternError, match=re.escape(problem)):
        rule(pattern=pattern, refuse=True)


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ("", "is empty"),
        (" x", "begins or ends with a blank"),
        ("x" * 256, "longer than 255 characters"),
        ("x\ty", "holds a control character"),
        (r"\1\2\3", "the pattern has no group 3"),
        (r"\g<last>", "the pattern has no group last"),
        (r"\n", "a backslash stands before"),
        ("a\\", "a backslash stands before"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(user: str, problem: str) -> None:
    with pytest.raises(PatternError, match=re.escape(problem)):
        rule(pattern="([a-z]+)([0-9])", user=user)


def test_a_template_whose_way_back_would_take_long_is_refused() -> None:
    with pytest.raises(PatternError, match="too many ways"):
        rule(pattern=r"([a-z]+)-([a-z]+)-([a-z]+)-([a-z]+)", user=r"\1\2\3\4", many_to_one=True)


def test_the_search_gives_up_when_there_are_too_many_states() -> None:
    node = regular_expression("[ab]*a[ab]{14}").node
    with pytest.raises(UndecidedError):
        next(words((Language(node, any_case),), (Language(Repeat(Chars("."), 0, None), any_case),)))


def test_the_search_finds_the_shortest_text_in_one_and_not_in_the_other() -> None:
    one, other = (Language(regular_expression(source).node, any_case) for source in ("a[ab]{2,3}|b?", "a[a].*|"))
    assert next(words((one,), (other,))) == "b"
    assert list(words((Language(literal_text("ab"), any_case),), (other,))) == ["ab"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("abc", (3, 3)), ("a?", (0, 1)), ("(a|bc)d*", (1, None)), ("(?:a+|b)", (1, None)), ("[a]{2,5}(x|)", (2, 6)), ("|a{0}", (0, 0))],
)
def test_the_lengths_of_a_pattern_are_known(pattern: str, expected: tuple[int, int | None]) -> None:
    assert lengths(regular_expression(pattern).node) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[a-z]+", 1),
        (r"[a-z]+\.[a-z]+", 1),
        ("[a-z]+(?:x)[a-z]*", 512),
        ("a?b", 2),
        ("([a-z]+)(-)x*", 1),
        ("[a-z]{3}.", 1),
        ("[a]{2,9}.", 8),
    ],
)
def test_a_repetition_that_says_where_it_ends_is_read_in_one_way(pattern: str, expected: int) -> None:
    assert readings(regular_expression(pattern).node) == expected


def test_an_optional_group_that_takes_no_part_is_empty() -> None:
    led = rule(pattern="a(b)?c", user=r"x\1y", many_to_one=True)
    assert isinstance(led, Rule)
    found = led.matcher.match("ac")
    assert found is not None
    assert led.template.fill(found) == ("x", "", "y")


def test_a_choice_of_nothing_is_a_pattern_too() -> None:
    assert regular_expression("a|").node == Choice((literal_text("a"), Sequence()))


def test_a_backslash_in_a_template_is_written_twice() -> None:
    led = rule(pattern="(a)", user=r"corp\\\1")
    assert isinstance(led, Rule)
    assert led.template.pieces == ("corp\\", 1)
