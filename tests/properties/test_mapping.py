"""Mapping: two principals never become one user, whatever the rules."""

import re
from itertools import combinations

from hypothesis import assume, given
from hypothesis import strategies as st

from kerbauth.core.mapping import Mapped, NameMapper, NameRules, NotMapped, PatternError
from kerbauth.core.mapping_language import Language, UndecidedError, any_case, words
from kerbauth.core.mapping_pattern import Chars, glob, render
from kerbauth.core.mapping_reader import regular_expression
from kerbauth.core.mapping_template import template
from kerbauth.core.principal import MalformedPrincipalError, Principal
from kerbauth.core.text import caseless, has_control
from tests.properties.strategies import name_rules, patterns, patterns_and_names, principals, simple_rules, small_names


def users(mapper: NameMapper, rules: dict[str, NameRules], names: list[str]) -> dict[Principal, str]:
    """The folded principals that are let in, and as whom."""
    found = {}
    for realm, each in rules.items():
        for name in names:
            try:
                principal = Principal(tuple(name.split("/")), realm)
            except MalformedPrincipalError:
                continue
            mapped = mapper.map(principal)
            if isinstance(mapped, Mapped):
                found[Principal(tuple(map(each.case.fold, principal.components)), realm)] = mapped.user
    return found


@given(name_rules(), name_rules(), st.lists(small_names, min_size=2, max_size=20))
def test_two_principals_never_become_one_user(one: NameRules, two: NameRules, names: list[str]) -> None:
    rules = {"A": one, "B": two}
    found = users(NameMapper(rules), rules, names)
    assert len({caseless(user) for user in found.values()}) == len(found)


@given(name_rules(declared=True), name_rules(declared=True), st.lists(small_names, min_size=2, max_size=20))
def test_two_realms_never_meet_in_a_user_whatever_is_declared_within_them(one: NameRules, two: NameRules, names: list[str]) -> None:
    rules = {"A": one, "B": two}
    found = users(NameMapper(rules), rules, names)
    for (left, user), (right, other) in combinations(found.items(), 2):
        assert left.realm == right.realm or caseless(user) != caseless(other)


@given(simple_rules(), simple_rules(), st.lists(small_names, min_size=2, max_size=20))
def test_where_a_rule_stands_alone_every_meeting_is_found_beforehand(one: NameRules, two: NameRules, names: list[str]) -> None:
    mapper = NameMapper({"A": one, "B": two})
    why = [mapper.map(Principal((name,), realm)) for realm in ("A", "B") for name in names if "/" not in name]
    if any(isinstance(each, NotMapped) and ", and so does" in each.why for each in why):
        assert mapper.problems()


@given(name_rules(declared=True), st.lists(small_names, max_size=10))
def test_others_are_let_in_as_the_user_and_nobody_is_left_out(rules: NameRules, names: list[str]) -> None:
    mapper = NameMapper({"R": rules})
    for principal, user in users(mapper, {"R": rules}, names).items():
        others = mapper.others(user)
        assert str(principal) in others or any(other.startswith("whoever matches") for other in others)
        for other in others:
            if not other.startswith("whoever matches"):
                mapped = mapper.map(Principal.parse(other))
                assert isinstance(mapped, Mapped)
                assert caseless(mapped.user) == caseless(user)


@given(principals())
def test_any_proved_principal_has_a_user_or_a_reason_that_can_be_logged(principal: Principal) -> None:
    mapped = NameMapper({"R": NameRules()}).map(Principal(principal.components, "R"))
    assert isinstance(mapped, Mapped) or not has_control(mapped.why)


@given(st.text("ab.-[]()|?*+{}12,\\^$wdgP<n>:", max_size=10))
def test_any_text_is_a_pattern_of_python_or_refused(source: str) -> None:
    try:
        pattern = regular_expression(source)
    except PatternError:
        return
    assert re.compile(source).groups == len(pattern.groups) - 1


@given(patterns(), st.lists(small_names, max_size=10))
def test_a_pattern_is_understood_as_python_understands_it(source: str, names: list[str]) -> None:
    try:
        node = regular_expression(source).node
    except PatternError:
        assume(False)
    for name in names:
        assert bool(re.fullmatch(render(node), name)) == bool(re.fullmatch(source, name))


@given(patterns(), patterns())
def test_the_texts_two_patterns_have_in_common_are_in_both_and_only_in_wanted_ones(one: str, other: str) -> None:
    try:
        first, second = regular_expression(one), regular_expression(other)
        common = list(words((Language(first.node, _exact),), (Language(second.node, _exact),)))
    except (PatternError, UndecidedError):
        assume(False)
    for word in common:
        assert re.fullmatch(one, word)
        assert not re.fullmatch(other, word)


@given(patterns_and_names(), st.data())
def test_a_text_in_common_is_never_missed(covering: tuple[str, str], data: st.DataObject) -> None:
    one, name = covering
    other = "".join(data.draw(st.sampled_from([re.escape(each), ".", "[^x]*", f"(?:{re.escape(each)})?"])) for each in name) + "a?"
    try:
        languages = tuple(Language(regular_expression(source).node, any_case) for source in (one, other))
    except PatternError:
        return
    assert next(words(languages), None) is not None


@given(st.text("ab.*?[]\\", min_size=1, max_size=6), small_names)
def test_a_glob_covers_whole_names(written: str, name: str) -> None:
    try:
        found = glob(written).match(name) is not None
    except PatternError:
        assume(False)
    assert found == _covers(written, name)


@given(patterns_and_names(), st.lists(st.sampled_from([r"\1", r"\2", r"\g<0>", r"\g<1>", r"\\", "a", "ß", "0", "g<1>"]), max_size=6))
def test_a_template_is_filled_as_python_fills_it(covering: tuple[str, str], written: list[str]) -> None:
    source, name = covering
    try:
        pattern = regular_expression(source)
        read = template("".join(written), pattern)
    except PatternError:
        return
    found = pattern.match(name)
    assert found is not None
    assert "".join(read.fill(found)) == found.expand("".join(written))


def _exact(chars: Chars, letter: str) -> bool:
    return chars.has(letter)


def _covers(written: str, name: str) -> bool:
    """The plainest meaning of * and ?."""
    if not written:
        return not name
    if written[0] == "*":
        return any(_covers(written[1:], name[start:]) for start in range(len(name) + 1))
    return bool(name) and written[0] in {"?", name[0]} and _covers(written[1:], name[1:])
