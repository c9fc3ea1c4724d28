"""Typed names: any text leads to a configured realm or to nobody."""

import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kerbauth.core import text as texts_of
from kerbauth.core.mapping import NameMapper, NameRules, NotMapped
from kerbauth.core.names import NAME_LIMIT, Asked, Case, NotAsked, RealmDirectory, RealmNames, read
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from tests.properties.strategies import AWKWARD, texts

REALMS = RealmDirectory(
    (
        RealmNames("AB.A", default=True, netbios="AB", upn_suffixes=("a.b",), case=Case.LOWER, allow_instances=True),
        RealmNames("Z", netbios="ZZ", case=Case.UPPER),
        RealmNames("n", case=Case.KEEP, allow_instances=True),
    )
)
typed_names = st.one_of(
    texts, st.builds("".join, st.lists(st.sampled_from([*AWKWARD, "AB\\", "@ab.a", "@Z", "zz\\", "@n", "bob"]), max_size=8))
)


@given(typed_names)
def test_any_typed_text_is_asked_for_or_not(typed: str) -> None:
    answer = read(typed, REALMS)
    match answer:
        case Asked(principal=principal):
            assert REALMS.get(principal.realm) is not None
            assert not texts_of.has_control(str(principal))
            assert texts_of.is_nfc(principal.name)
            assert all(part == part.strip() for part in principal.components)
            assert len(principal.name) <= NAME_LIMIT
            assert not texts_of.has_control(answer.how)
        case NotAsked():
            assert answer.reason in {Reason.MALFORMED_NAME, Reason.UNKNOWN_REALM}
            assert answer.problem


@given(typed_names)
def test_what_is_asked_for_would_be_asked_for_again(typed: str) -> None:
    answer = read(typed, REALMS)
    assume(isinstance(answer, Asked))
    assert isinstance(answer, Asked)
    again = read(str(answer.principal), REALMS)
    assert isinstance(again, Asked)
    assert again.principal == answer.principal


@given(typed_names, st.sampled_from(texts_of.BLANKS), st.sampled_from(texts_of.BLANKS))
def test_surrounding_blanks_change_nothing(typed: str, before: str, after: str) -> None:
    assert read(before + typed + after, REALMS) == read(typed, REALMS)


@given(typed_names)
def test_a_name_that_can_be_asked_for_is_not_refused_for_its_form_once_proved(typed: str) -> None:
    answer = read(typed, REALMS)
    assume(isinstance(answer, Asked))
    assert isinstance(answer, Asked)
    mapper = NameMapper({realm: NameRules(allow_instances=True) for realm in ("AB.A", "Z", "n")})
    mapped = mapper.map(answer.principal)
    assert not isinstance(mapped, NotMapped) or not mapped.why.startswith("The proved name")


@given(st.text(AWKWARD))
def test_folding_twice_is_folding_once(name: str) -> None:
    for case in Case:
        assert case.fold(case.fold(name)) == case.fold(name)


@pytest.mark.parametrize("case", Case)
def test_every_character_is_folded_once_and_for_all(case: Case) -> None:
    characters = [chr(number) for number in range(sys.maxunicode + 1)]
    assert [each for each in characters if case.fold(case.fold(each)) != case.fold(each)] == []


@given(typed_names)
def test_a_proved_principal_of_no_configured_realm_is_no_user(name: str) -> None:
    assume(name and not any("\ud800" <= character <= "\udfff" for character in name))
    assert isinstance(NameMapper({"AB.A": NameRules()}).map(Principal((name,), "ab.a")), NotMapped)
