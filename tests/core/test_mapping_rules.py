"""What the settings may say about names, and what is refused when they are read."""

import re

import pytest

from kerbauth.core.mapping import Mapped, NameMapper, NameRules, NameSettingsError, Otherwise, PatternError, Rule, rule
from kerbauth.core.mapping_language import Language, UndecidedError, any_case, words
from kerbauth.core.mapping_pattern import Chars, Choice, Repeat, Sequence, lengths, literal_text, readings
from kerbauth.core.mapping_reader import regular_expression
from kerbauth.core.names import Case
from kerbauth.core.principal import Principal


def problems_of(**rules: NameRules) -> tuple[str, ...]:
    return NameMapper(rules).problems()


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


@pytest.mark.parametrize(
    "entry",
    [
        {"user": "x"},
        {"principal": "a", "pattern": "a", "user": "x"},
        {"principal": "a"},
        {"principal": "a", "user": "x", "refuse": True},
        {"principal": "a", "refuse": True, "many_to_one": True},
        {"principal": "", "refuse": True},
    ],
)
def test_a_rule_says_who_and_what_exactly_once(entry: dict[str, object]) -> None:
    with pytest.raises(PatternError):
        rule(**entry)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "problems"),
    [
        ({"rules": (rule(principal="a", refuse=True),)}, ["`otherwise` must say"]),
        ({"map": {"a": ""}}, ["the user name '' of 'a' is empty"]),
        ({"map": {"a": "x\0"}}, ["holds a control character"]),
        ({"map": {"a@R": "x"}}, ["'a@R' is no proved name"]),
        ({"map": {"a/b": "x"}}, ["'a/b' never logs in"]),
        ({"map": {"a ": "x"}}, ["'a ' never logs in"]),
        ({"map": {"a": "x", "A": "y"}, "case": Case.LOWER}, ["'A' is there twice"]),
        ({"map": {"ü": "x", "u\u0308": "y"}}, ["is there twice"]),
        ({"reserved_users": ("", "x" * 256)}, ["reserved_users: '' is empty", "is longer than 255"]),
        ({"map": {"": "", "b@": " "}}, ["is empty", "is no proved name", "begins or ends", "is no proved name"]),
    ],
)
def test_every_problem_within_a_realm_is_reported(rules: dict[str, object], problems: list[str]) -> None:
    with pytest.raises(NameSettingsError) as raised:
        NameRules(**rules)  # type: ignore[arg-type]
    found = raised.value.problems
    assert len(found) == len(problems)
    assert all(expected in problem for expected, problem in zip(problems, found, strict=True))


def test_an_exception_for_an_instance_needs_the_realm_to_allow_instances() -> None:
    rules = NameRules(allow_instances=True, map={"alice/admin": "alice2"})
    assert rules.entries == {("alice", "admin"): "alice2"}


@pytest.mark.parametrize(
    ("pattern", "user"),
    [
        ("chief", "boss-of-all"),
        ("(.+)", r"x-\1"),
        ("[a-z]+|x", r"\g<0>-y"),
        ("(?:[a-z]+)?", r"\g<0>-y"),
        (r"([a-z]+)\.([a-z]+)", r"\2.\1"),
        (r"(?P<a>[a-z.]+)-(?P<b>[0-9]{2})", r"\g<b>\g<a>"),
        (r"([a-z]+)\.([a-z.]+)\.([a-z]+)", r"\1.\2.\3"),
        (r"([a-z]+)([0-9]{4})", r"\1-\2-\1"),
        (r"(a|bc?)", r"u\1"),
    ],
)
def test_a_rule_whose_way_can_be_gone_back_needs_no_declaration(pattern: str, user: str) -> None:
    assert problems_of(R=NameRules(rules=(rule(pattern=pattern, user=user),), otherwise=Otherwise.REFUSE)) == ()


@pytest.mark.parametrize(
    ("pattern", "user", "doubt"),
    [
        (r"([a-z]+)[0-9]*", r"\1", "outside of the groups"),
        (r"a|b", "x", "outside of the groups"),
        (r"(a(b))", r"\1\2", "outside of the groups"),
        (r"([a-z]+)\.([a-z]+)", r"\1", "leaves out a group"),
        (r"([a-z]+)\.([a-z]+)", r"\g<0>\1", "leaves out a group"),
        (r"([a-z]+)\.([a-z]+)", r"\1\2", "where one group ends"),
        (r"([a-z.]+)-([a-z.]+)", r"\1.\2", "where one group ends"),
        (r"([a-z]+)-([a-z]+)", r"\1A\2", "where one group ends"),
        (r"([a-z]+)-([a-z]+)", r"\1ß\2", "where one group ends"),
    ],
)
def test_a_rule_that_may_turn_two_principals_into_one_says_so(pattern: str, user: str, doubt: str) -> None:
    rules = (rule(pattern=pattern, user=user),)
    found = problems_of(R=NameRules(rules=rules, otherwise=Otherwise.REFUSE))
    assert len(found) == 1
    assert found[0].startswith("R: rule 1 may turn two principals into one user name")
    assert doubt in found[0]
    declared = (rule(pattern=pattern, user=user, many_to_one=True),)
    assert problems_of(R=NameRules(rules=declared, otherwise=Otherwise.REFUSE)) == ()


def test_a_rule_and_the_plain_names_that_meet_are_found_with_an_example() -> None:
    rules = (rule(pattern=r"(.+)\.ext", user=r"\1"),)
    found = problems_of(R=NameRules(rules=rules, otherwise=Otherwise.NAME))
    assert len(found) == 1
    assert found[0].startswith("a.ext@R by rule 1 and a@R by its own name would both be the user 'a'. Refuse the one name or the other, ")


def test_two_rules_that_meet_are_found_with_an_example() -> None:
    rules = (rule(pattern="([a-m]+)/x", user=r"\1"), rule(pattern="([k-z]+)/y", user=r"\1"))
    found = problems_of(R=NameRules(rules=rules, otherwise=Otherwise.REFUSE, allow_instances=True))
    assert len(found) == 1
    assert "k/x@R by rule 1 and k/y@R by rule 2 would both be the user 'k'" in found[0]


def test_names_that_are_refused_or_mapped_do_not_meet_what_rules_lead_to() -> None:
    rules = (rule(pattern=r"([a-z]+)\.ext", user=r"x-\1"), rule(principal="x-[a-m]*", refuse=True), rule(pattern="x-.*", refuse=True))
    assert problems_of(R=NameRules(rules=rules, otherwise=Otherwise.NAME)) == ()
    swap = (rule(pattern=r"([a-z]+)\.([a-z]+)", user=r"\2.\1"),)
    assert problems_of(R=NameRules(rules=swap, otherwise=Otherwise.NAME)) == ()


def test_an_example_that_an_exception_owns_is_none() -> None:
    rules = (rule(principal="chief", user="boss"),)
    assert problems_of(R=NameRules(rules=rules, otherwise=Otherwise.NAME, map={"x": "boss"})) == ()


def test_realms_with_user_names_of_their_own_do_not_meet() -> None:
    digits = NameRules(rules=(rule(pattern="([0-9]+)", user=r"\1"),), otherwise=Otherwise.REFUSE)
    letters = NameRules(rules=(rule(pattern="([a-z]+)[0-9]*", user=r"\1", many_to_one=True),), otherwise=Otherwise.REFUSE)
    mailed = NameRules(rules=(rule(pattern="(.+)", user=r"\1@mail.example"),), otherwise=Otherwise.REFUSE)
    assert problems_of(A=digits, B=letters, C=mailed) == ()
    assert problems_of(A=NameRules(), C=mailed) == ()


def test_user_names_of_two_realms_meet_without_case() -> None:
    upper = NameRules(case=Case.UPPER, rules=(rule(pattern="([A-Z]+)", user=r"X-\1"),), otherwise=Otherwise.REFUSE)
    lower = NameRules(case=Case.LOWER, rules=(rule(pattern="([a-z]+)", user=r"x-\1"),), otherwise=Otherwise.REFUSE)
    found = problems_of(U=upper, L=lower)
    assert len(found) == 1
    assert "A@U by rule 1 and a@L by rule 1 would both be the user 'x-a'" in found[0]


def test_exceptions_of_two_realms_for_one_user_are_a_problem_unless_they_share() -> None:
    one = NameRules(map={"a": "x"}, otherwise=Otherwise.REFUSE)
    assert (
        "a@A by an entry in map and b@B by an entry in map would both be the user 'x'"
        in problems_of(A=one, B=NameRules(map={"b": "X"}, otherwise=Otherwise.REFUSE))[0]
    )
    assert problems_of(A=one, B=NameRules(map={"b": "X"}, otherwise=Otherwise.REFUSE, shares_users_with=("A",))) == ()


@pytest.mark.parametrize("other", ["NOWHERE", "A", "b"])
def test_realms_to_share_with_are_others_and_configured(other: str) -> None:
    found = problems_of(A=NameRules(shares_users_with=(other,)), B=NameRules(otherwise=Otherwise.REFUSE))
    assert found == (f"A: shares_users_with names {other!r}; expected another configured realm, exactly as it is written there.",)


@pytest.mark.parametrize("case", [Case.LOWER, Case.KEEP])
def test_a_rule_for_capitals_where_there_are_none_is_a_problem(case: Case) -> None:
    rules = (rule(pattern="([A-Z]+)", user=r"\1"),)
    found = problems_of(R=NameRules(case=case, rules=rules, otherwise=Otherwise.REFUSE))
    assert found == ("R: rule 1 can lead nobody to a user name: it covers no name in lower case.",)


def test_a_rule_to_a_reserved_user_is_a_problem() -> None:
    rules = (rule(principal="root", user="Default"),)
    found = problems_of(R=NameRules(rules=rules, otherwise=Otherwise.REFUSE))
    assert found == ("R: rule 1 leads to the user name 'Default', which is reserved: only an entry in map leads to it.",)


def test_patterns_too_entangled_to_compare_are_left_to_the_login() -> None:
    entangled = "[ab]*" + "a" + "[ab]{14}"
    rules = (rule(pattern=f"(?P<n>{entangled})/x", user=r"\g<n>", many_to_one=True),)
    one = NameRules(rules=rules, otherwise=Otherwise.REFUSE, allow_instances=True)
    two = NameRules(rules=(rule(pattern="[ab]*b[ab]{14}", refuse=True), rule(pattern="[ab]*", refuse=True)), otherwise=Otherwise.NAME)
    assert problems_of(A=one, B=two) == ()


def test_a_rule_too_entangled_to_be_understood_is_not_called_useless() -> None:
    rules = (rule(pattern="[ab]{2500}[A-Z]|[ab]{2500}[b-z]{2500}[A-Z]", user="x", many_to_one=True),)
    assert problems_of(R=NameRules(case=Case.LOWER, rules=rules, otherwise=Otherwise.REFUSE)) == ()


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


@pytest.mark.parametrize(
    ("pattern", "name", "user"),
    [
        ("chief", "chief", "boss-of-all"),
        (r"([a-z]+)([0-9]{4})", "bob2024", r"\1-\2-\1"),
        (r"(\w+)\.(\d+)", "bob_x.7", r"\2/\1"),
        (r"[^@.\-\]]+\.x", "bob.x", r"\g<0>+"),
        (r"(a|(b))c", "bc", r"\g<0>+"),
        (r"(?P<all>a|bc?)xx", "bcxx", r"u-\g<all>"),
    ],
)
def test_the_way_back_from_a_user_name_ends_at_the_name_it_came_from(pattern: str, name: str, user: str) -> None:
    mapper = NameMapper({"R": NameRules(rules=(rule(pattern=pattern, user=user),), otherwise=Otherwise.REFUSE)})
    mapped = mapper.map(Principal((name,), "R"))
    assert isinstance(mapped, Mapped), mapped
    assert mapper.others(mapped.user) == (f"{name}@R",)
    assert mapper.others(f"={mapped.user}=") == ()


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
