"""Principals that could become one user: of one realm that keeps case, and of two realms."""

import pytest

from kerbauth.core.mapping import Mapped, NameMapper, NameRules, NotMapped, Otherwise, rule
from kerbauth.core.principal import Principal


def user(mapper: NameMapper, principal: str) -> str | None:
    mapped = mapper.map(Principal.parse(principal))
    return mapped.user if isinstance(mapped, Mapped) else None


def why(mapper: NameMapper, principal: str | Principal) -> str:
    mapped = mapper.map(Principal.parse(principal) if isinstance(principal, str) else principal)
    assert isinstance(mapped, NotMapped), mapped
    return mapped.why


class TestCaseKept:
    """Under `keep`, names that differ by case are two principals, and their user names would be one."""

    mapper = NameMapper({"R": NameRules(map={"JSmith": "jsmith"})})

    def test_a_name_in_lower_case_is_the_user_name(self) -> None:
        assert user(self.mapper, "alice@R") == "alice"

    @pytest.mark.parametrize("name", ["Alice", "ALICE", "straße", "οδο\u03c2", "İnci"])
    def test_another_spelling_is_refused(self, name: str) -> None:
        assert "another spelling of the name in lower case" in why(self.mapper, f"{name}@R")

    def test_an_exception_settles_it(self) -> None:
        assert user(self.mapper, "JSmith@R") == "jsmith"
        assert "which comes first" in why(self.mapper, "jsmith@R")

    def test_a_declared_rule_settles_it_for_all(self) -> None:
        rules = (rule(pattern=".+", user=r"\g<0>", many_to_one=True),)
        mapper = NameMapper({"R": NameRules(rules=rules, otherwise=Otherwise.REFUSE)})
        assert mapper.problems() == ()
        assert user(mapper, "JSmith@R") == "JSmith"
        assert user(mapper, "straße@R") == "straße"

    def test_a_declared_rule_must_cover_the_user_name_in_any_case(self) -> None:
        rules = (rule(pattern="[ß]+", user=r"\g<0>", many_to_one=True),)
        mapper = NameMapper({"R": NameRules(rules=rules, otherwise=Otherwise.REFUSE)})
        assert "does not cover once case is ignored" in why(mapper, "ß@R")


class TestTwoRealms:
    """People of two realms are one user only where the settings say that both realms name the same people."""

    def test_plain_names_of_both_collide(self) -> None:
        mapper = NameMapper({"A": NameRules(), "B": NameRules()})
        assert len(mapper.problems()) == 1
        assert "a@B by its own name; the realms do not share their users" in why(mapper, "a@A")
        assert "a@A by its own name; the realms do not share their users" in why(mapper, "a@B")

    @pytest.mark.parametrize("both", [True, False])
    def test_realms_that_share_users_may_meet(self, both: bool) -> None:
        mapper = NameMapper({"A": NameRules(shares_users_with=("B",)), "B": NameRules(shares_users_with=("A",) if both else ())})
        assert mapper.problems() == ()
        assert user(mapper, "alice@A") == user(mapper, "alice@B") == "alice"
        assert mapper.others("alice") == ("alice@A", "alice@B")

    def test_sharing_does_not_carry_over_to_a_third_realm(self) -> None:
        mapper = NameMapper({"A": NameRules(shares_users_with=("B",)), "B": NameRules(shares_users_with=("C",)), "C": NameRules()})
        assert len(mapper.problems()) == 1
        assert "alice@C" in why(mapper, "alice@A")
        assert user(mapper, "alice@B") == "alice"

    def test_an_exception_owns_its_user_name_in_the_other_realm_too(self) -> None:
        mapper = NameMapper({"A": NameRules(), "B": NameRules(map={"x": "alice"}, otherwise=Otherwise.REFUSE)})
        assert mapper.problems() == ()
        assert "x@B by an entry in map, which comes first" in why(mapper, "alice@A")
        assert user(mapper, "x@B") == "alice"
        assert user(mapper, "bob@A") == "bob"

    def test_a_many_to_one_rule_does_not_reach_into_another_realm(self) -> None:
        rules = (rule(pattern="([a-z]+)[0-9]*", user=r"\1", many_to_one=True),)
        mapper = NameMapper({"A": NameRules(), "B": NameRules(rules=rules, otherwise=Otherwise.REFUSE)})
        assert "a@A by its own name and whoever matches rule 1 of B would both be the user 'a'" in mapper.problems()[0]
        assert "whoever matches rule 1 of B; the realms do not share" in why(mapper, "alice@A")
        assert "alice@A by its own name; the realms do not share" in why(mapper, "alice7@B")

    def test_names_of_their_own_keep_realms_apart(self) -> None:
        mapper = NameMapper(
            {
                "A": NameRules(rules=(rule(principal="*.partner", refuse=True),), otherwise=Otherwise.NAME),
                "B": NameRules(rules=(rule(pattern="(.+)", user=r"\1.partner"),), otherwise=Otherwise.REFUSE),
            }
        )
        assert mapper.problems() == ()
        assert user(mapper, "jdoe@A") == "jdoe"
        assert user(mapper, "jdoe@B") == "jdoe.partner"
        assert user(mapper, "jdoe.partner@A") is None
