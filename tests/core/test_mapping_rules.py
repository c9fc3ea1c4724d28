"""What the settings may say about names, and what is refused when they are read."""

import pytest

from kerbauth.core.mapping import Mapped, NameMapper, NameRules, NameSettingsError, Otherwise, PatternError, rule
from kerbauth.core.names import Case
from kerbauth.core.principal import Principal


def problems_of(**rules: NameRules) -> tuple[str, ...]:
    return NameMapper(rules).problems()


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
        rule(**entry)  # type: ignore[arg-type]  # keyword arguments of several types


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
        NameRules(**rules)  # type: ignore[arg-type]  # keyword arguments of several types
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


def test_where_the_first_example_is_nobodys_name_another_is_looked_for() -> None:
    nearly_nothing = NameRules(rules=(rule(pattern="[^b]*", user=r"\g<0>-b"),), otherwise=Otherwise.REFUSE)
    assert "a-b@A by its own name and a@B by rule 1" in problems_of(A=NameRules(), B=nearly_nothing)[0]


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
